// The node's services.
#include "api/handlers/machine.h"
#include "api/request/nodes_services.h"
#include "host/services.h"
#include "task/tasks.h"

namespace posada::api {
namespace {

using host::ServiceOrder;

json::object service_row(const host::ServiceState& state) {
  return {{"service", state.name},
          {"name", state.name},
          {"desc", state.description},
          {"state", state.sub_state},
          {"active-state", state.active_state},
          {"unit-state", state.unit_state}};
}

sys::Async<Answer> list_services(Call&, const Machine& machine, nodes_services::Index) {
  // The names that the parameter {service} of the others may have.
  const std::vector<std::string> path = {"nodes", "n", "services", "s", "state"};
  std::vector<std::string> names;
  const Parameter* service = find_route(Verb::get, path).method->parameter("service");
  for (const std::string_view name : service->rule->choices) names.emplace_back(name);
  json::array rows;
  for (const host::ServiceState& state :
       co_await host::service_states(*machine.host, std::move(names))) {
    rows.push_back(service_row(state));
  }
  co_return rows;
}

sys::Async<Answer> get_state(Call&, const Machine& machine, nodes_services::ServiceState request) {
  const auto states = co_await host::service_states(*machine.host, {request.service});
  co_return service_row(states.at(0));
}

struct Order {
  host::Host* host;
  std::string service;
  ServiceOrder order;
};

sys::Async<void> carry_out(task::Context& context, Order order) {
  context.log(std::string(host::word(order.order)) + " service " + order.service);
  co_await host::order_service(*order.host, order.service, order.order);
}

Answer start_order(Call& call, const Machine& machine, const std::string& service,
                   ServiceOrder order) {
  machine.host->require_machine(std::string(host::word(order)) + " the service " + service);
  const Order work{machine.host, service, order};
  const auto upid = call.services.tasks->start(
      task_start<task::Start>(call, "srv" + std::string(host::word(order)), service),
      [work](task::Context& context) { return carry_out(context, work); });
  return Answer(json::value(upid.text()));
}

sys::Async<Answer> start(Call& call, const Machine& machine, nodes_services::ServiceStart request) {
  co_return start_order(call, machine, request.service, ServiceOrder::start);
}
sys::Async<Answer> stop(Call& call, const Machine& machine, nodes_services::ServiceStop request) {
  co_return start_order(call, machine, request.service, ServiceOrder::stop);
}
sys::Async<Answer> restart(Call& call, const Machine& machine,
                           nodes_services::ServiceRestart request) {
  co_return start_order(call, machine, request.service, ServiceOrder::restart);
}
sys::Async<Answer> reload(Call& call, const Machine& machine,
                          nodes_services::ServiceReload request) {
  co_return start_order(call, machine, request.service, ServiceOrder::reload);
}

}  // namespace

void register_node_services(MachineRouter& router) {
  router.on<nodes_services::Index>(list_services);
  router.on<nodes_services::ServiceState>(get_state);
  router.on<nodes_services::ServiceStart>(start);
  router.on<nodes_services::ServiceStop>(stop);
  router.on<nodes_services::ServiceRestart>(restart);
  router.on<nodes_services::ServiceReload>(reload);
}

}  // namespace posada::api
