// The same operation on all, or on some, guests at once: of the node and of the cluster.
#include "api/guest_batch.h"
#include "api/handlers/machine.h"
#include "api/request/cluster_bulk_action.h"
#include "api/request/nodes.h"
#include "base/text.h"
#include "host/options.h"

namespace posada::api {
namespace {

Answer start_batch(Call& call, const std::string& type, Batch batch) {
  batch.user = call.identity;
  batch.request = call.request;
  check_batch(call, batch);
  const Services* services = &call.services;
  const auto upid = call.services.tasks->start(
      task_start<task::Start>(call, type, ""),
      [services, batch](task::Context& context) { return run_batch(*services, context, batch); });
  return Answer(json::value(upid.text()));
}

std::vector<GuestId> guests_in(const std::optional<std::string>& list) {
  std::vector<GuestId> ids;
  for (const std::string& text : split_list(list.value_or(""))) {
    ids.push_back(GuestId{static_cast<std::uint32_t>(to_integer(text).value_or(0))});
  }
  return ids;
}

std::vector<GuestId> guests_in(const std::optional<std::vector<std::int64_t>>& list) {
  std::vector<GuestId> ids;
  for (const std::int64_t number : list.value_or(std::vector<std::int64_t>())) {
    ids.push_back(GuestId{static_cast<std::uint32_t>(number)});
  }
  return ids;
}

// As asked, else as the data center's max_workers says.
std::size_t workers(const Machine& machine, std::optional<std::int64_t> asked) {
  if (asked) return static_cast<std::size_t>(*asked);
  const auto set = integer_member(machine.datacenter->values(), "max_workers");
  return static_cast<std::size_t>(set.value_or(4));
}

sys::Async<Answer> start_all(Call& call, nodes::Startall request) {
  Batch batch;
  batch.only = guests_in(request.vms);
  batch.force = request.force.value_or(false);
  batch.workers = static_cast<std::size_t>(request.max_workers.value_or(1));
  co_return start_batch(call, "startall", std::move(batch));
}

sys::Async<Answer> stop_all(Call& call, const Machine& machine, nodes::Stopall request) {
  Batch batch{.action = BatchAction::shutdown};
  batch.only = guests_in(request.vms);
  batch.force = request.force_stop.value_or(true);
  batch.timeout = std::chrono::seconds(request.timeout.value_or(180));
  batch.workers = workers(machine, request.max_workers);
  co_return start_batch(call, "stopall", std::move(batch));
}

sys::Async<Answer> suspend_all(Call& call, const Machine& machine, nodes::Suspendall request) {
  Batch batch{.action = BatchAction::suspend};
  batch.only = guests_in(request.vms);
  batch.workers = workers(machine, request.max_workers);
  co_return start_batch(call, "suspendall", std::move(batch));
}

sys::Async<Answer> bulk_start(Call& call, cluster_bulk_action::Start request) {
  Batch batch;
  batch.only = guests_in(request.vms);
  batch.force = true;  // who is named is meant, whatever `onboot` says
  batch.workers =
      static_cast<std::size_t>(request.max_workers.value_or(request.maxworkers.value_or(4)));
  co_return start_batch(call, "bulkstart", std::move(batch));
}

sys::Async<Answer> bulk_shutdown(Call& call, cluster_bulk_action::Shutdown request) {
  Batch batch{.action = BatchAction::shutdown};
  batch.only = guests_in(request.vms);
  batch.force = request.force_stop.value_or(true);
  batch.timeout = std::chrono::seconds(request.timeout.value_or(180));
  batch.workers =
      static_cast<std::size_t>(request.max_workers.value_or(request.maxworkers.value_or(4)));
  co_return start_batch(call, "bulkshutdown", std::move(batch));
}

sys::Async<Answer> bulk_suspend(Call& call, cluster_bulk_action::Suspend request) {
  if (request.statestorage) {
    throw Error::parameter("statestorage", "set vmstatestorage in the guests' configurations");
  }
  Batch batch{.action = BatchAction::suspend};
  batch.only = guests_in(request.vms);
  batch.to_disk = request.to_disk.value_or(false);
  batch.workers =
      static_cast<std::size_t>(request.max_workers.value_or(request.maxworkers.value_or(4)));
  co_return start_batch(call, "bulksuspend", std::move(batch));
}

}  // namespace

void register_guest_batches(MachineRouter& router) {
  router.on<nodes::Startall>(start_all);
  router.on<nodes::Stopall>(stop_all);
  router.on<nodes::Suspendall>(suspend_all);
  router.on<cluster_bulk_action::Start>(bulk_start);
  router.on<cluster_bulk_action::Shutdown>(bulk_shutdown);
  router.on<cluster_bulk_action::Suspend>(bulk_suspend);
}

}  // namespace posada::api
