// Name resolution, time, power and the rest of /nodes/{node} that is the machine itself.
#include "api/handlers/machine.h"
#include "api/request/nodes.h"
#include "base/text.h"
#include "guest/registry.h"
#include "host/name_service.h"
#include "host/options.h"
#include "host/power.h"
#include "host/time_zone.h"
#include "net/instance_network.h"
#include "sys/clock.h"
#include "vm/machines.h"

namespace posada::api {
namespace {

sys::Async<Answer> get_time(Call& call, const Machine& machine, nodes::Time) {
  const std::int64_t now = call.services.clock->wall_seconds();
  const std::string zone = host::time_zone(*machine.host);
  co_return json::object{{"time", now},
                         {"localtime", now + host::zone_offset(*machine.host, zone, now)},
                         {"timezone", zone}};
}

sys::Async<Answer> set_time_zone(Call&, const Machine& machine, nodes::SetTimezone request) {
  host::set_time_zone(*machine.host, request.timezone);
  co_return nullptr;
}

sys::Async<Answer> get_dns(Call&, const Machine& machine, nodes::Dns) {
  const host::Resolver resolver = host::read_resolver(*machine.host);
  json::object answer;
  if (!resolver.search.empty()) answer["search"] = resolver.search;
  for (std::size_t i = 0; i < resolver.servers.size(); ++i) {
    answer["dns" + std::to_string(i + 1)] = resolver.servers[i];
  }
  co_return answer;
}

sys::Async<Answer> set_dns(Call&, const Machine& machine, nodes::UpdateDns request) {
  host::Resolver resolver{.search = request.search, .servers = {}};
  for (const auto& server : {request.dns1, request.dns2, request.dns3}) {
    if (server) resolver.servers.push_back(*server);
  }
  host::write_resolver(*machine.host, resolver);
  co_return nullptr;
}

sys::Async<Answer> get_hosts(Call&, const Machine& machine, nodes::GetEtcHosts) {
  const host::HostsFile file = host::read_hosts(*machine.host);
  co_return json::object{{"data", file.text}, {"digest", file.digest}};
}

sys::Async<Answer> set_hosts(Call&, const Machine& machine, nodes::WriteEtcHosts request) {
  host::write_hosts(*machine.host, request.data, request.digest.value_or(""));
  co_return nullptr;
}

sys::Async<Answer> order_power(Call&, const Machine& machine, nodes::NodeCmd request) {
  co_await host::order_power(*machine.host, request.command == "reboot"
                                                ? host::PowerOrder::reboot
                                                : host::PowerOrder::shutdown);
  co_return nullptr;
}

// A node of a cluster wakes another; there is no other node to wake yet.
sys::Async<Answer> wake(Call& call, nodes::Wakeonlan request) {
  if (request.node == call.services.node) {
    throw Error::failed("host.wake-self",
                        "'" + request.node + "' is local node, cannot wake my self!");
  }
  throw no_such_node(request.node);
}

// No subscription exists for this software, so there is none to show, check or remove.
sys::Async<Answer> get_subscription(Call&, nodes::Get) {
  co_return json::object{{"status", "notfound"}, {"message", "There is no subscription key"}};
}

sys::Async<Answer> check_subscription(Call&, nodes::Update) {
  co_return nullptr;
}
sys::Async<Answer> remove_subscription(Call&, nodes::Delete) {
  co_return nullptr;
}

// Templates that this node knows where to fetch: none until a list of them is configured. Those
// that are made or uploaded here are content of the storages.
sys::Async<Answer> list_appliances(Call&, nodes::Aplinfo) {
  co_return json::array{};
}

// The counters of every card of a running machine that has an interface on the host.
sys::Async<Answer> list_traffic(Call& call, nodes::Netstat) {
  json::array rows;
  net::InstanceNetwork* network = call.services.network;
  if (network == nullptr) co_return rows;
  for (const guest::Record& record : call.services.registry->list()) {
    if (record.kind != GuestKind::vm || !call.services.machines->running(record.id)) continue;
    for (const auto& [key, value] : call.services.machines->config(record.id, true)) {
      const std::string_view name = key;
      if (!name.starts_with("net") || !is_digits(name.substr(3))) continue;
      const std::string interface = "tap" + record.id.text() + "i" + std::string(name.substr(3));
      const auto counters = co_await network->counters(interface);
      if (!counters) continue;
      // What the host sends into the tap is what the guest receives.
      rows.push_back(json::object{{"vmid", record.id.text()},
                                  {"dev", name},
                                  {"in", std::to_string(counters->sent_bytes)},
                                  {"out", std::to_string(counters->received_bytes)}});
    }
  }
  co_return rows;
}

}  // namespace

void register_node_host(MachineRouter& router) {
  router.on<nodes::Time>(get_time);
  router.on<nodes::SetTimezone>(set_time_zone);
  router.on<nodes::Dns>(get_dns);
  router.on<nodes::UpdateDns>(set_dns);
  router.on<nodes::GetEtcHosts>(get_hosts);
  router.on<nodes::WriteEtcHosts>(set_hosts);
  router.on<nodes::NodeCmd>(order_power);
  router.on<nodes::Wakeonlan>(wake);
  router.on<nodes::Get>(get_subscription);
  router.on<nodes::Update>(check_subscription);
  router.on<nodes::Delete>(remove_subscription);
  router.on<nodes::Aplinfo>(list_appliances);
  router.on<nodes::Netstat>(list_traffic);
}

}  // namespace posada::api
