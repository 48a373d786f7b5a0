// /nodes/{node}/network: the bridges that guests can be attached to.
#include "api/handlers/handlers.h"
#include "api/request/nodes_network.h"
#include "net/instance_network.h"

namespace posada::api {
namespace {

json::object bridge_row(const std::string& name) {
  return {{"iface", name},
          {"type", "bridge"},
          {"active", 1},
          {"autostart", 1},
          {"method", "manual"},
          {"method6", "manual"},
          {"families", json::array{"inet"}},
          {"bridge_ports", ""},
          {"bridge_stp", "off"},
          {"bridge_fd", "0"}};
}

sys::Async<json::array> rows_of(const Call& call) {
  json::array rows;
  net::InstanceNetwork* network = call.services.network;
  if (!network) co_return rows;
  int priority = 3;  // 1 and 2 are the loopback and the link of the host
  for (const std::string& name : co_await network->bridges()) {
    json::object row = bridge_row(name);
    row["priority"] = priority++;
    if (const auto plan = network->plan(); plan && name == "vmbr0") {
      row["method"] = "static";
      row["address"] = plan->gateway;
      row["netmask"] = std::to_string(plan->prefix_length);
      row["cidr"] = plan->gateway + "/" + std::to_string(plan->prefix_length);
    }
    rows.push_back(std::move(row));
  }
  co_return rows;
}

bool is_wanted(const std::optional<std::string>& type) {
  if (!type) return true;
  return *type == "bridge" || type->starts_with("any_") || type->starts_with("include_");
}

sys::Async<Answer> list_interfaces(Call& call, nodes_network::Index request) {
  if (!is_wanted(request.type)) co_return json::array{};
  json::array rows = co_await rows_of(call);
  co_return rows;
}

sys::Async<Answer> get_interface(Call& call, nodes_network::NetworkConfig request) {
  for (const json::value& row : co_await rows_of(call)) {
    if (row.at("iface").as_string() == request.iface) co_return row;
  }
  throw Error::parameter("iface", "interface does not exist");
}

}  // namespace

void register_node_network(Router& router) {
  router.on<nodes_network::Index>(list_interfaces);
  router.on<nodes_network::NetworkConfig>(get_interface);
}

}  // namespace posada::api
