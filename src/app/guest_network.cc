#include "app/guest_network.h"

#include "base/text.h"

namespace posada::app {

vm::Network GuestNetwork::for_machines() {
  vm::Network network;
  network.plug = [this](GuestId id, std::string key, guest::Properties card) {
    return plug(id, std::move(key), std::move(card));
  };
  // A tap goes with its last descriptor, which QEMU holds; only its counters are forgotten here.
  network.unplug = [this](GuestId id, std::string key) -> sys::Async<void> {
    counters_.erase("tap" + id.text() + "i" + key.substr(3));
    co_return;
  };
  network.bridge_mtu = [](std::string_view) { return 1500U; };
  network.counters = [this](const std::string& interface) { return counters(interface); };
  return network;
}

sys::Async<vm::NetPort> GuestNetwork::plug(GuestId id, std::string key, guest::Properties card) {
  vm::NetPort port;
  const std::string bridge(guest::property(card, "bridge"));
  if (bridge.empty()) co_return port;  // user mode
  port.interface = "tap" + id.text() + "i" + key.substr(3);
  net::TapRequest request;
  request.bridge = bridge;
  request.name = port.interface;
  request.queues = static_cast<unsigned>(guest::property_integer(card, "queues", 1));
  if (const std::int64_t mtu = guest::property_integer(card, "mtu"); mtu > 1) {
    request.mtu = static_cast<unsigned>(mtu);
  }
  request.link_down = guest::property_flag(card, "link_down");
  port.taps = co_await network_.make_tap(std::move(request));
  co_return port;
}

std::optional<vm::NetCounters> GuestNetwork::counters(const std::string& interface) {
  return counters_[interface];  // asked for: read at the next refresh
}

sys::Async<void> GuestNetwork::refresh() {
  std::vector<std::string> names;
  for (const auto& [name, value] : counters_) names.push_back(name);
  for (const std::string& name : names) {
    const auto read = co_await network_.counters(name);
    const auto at = counters_.find(name);
    if (at == counters_.end()) continue;
    at->second.reset();
    // What the host's end sends, the guest receives.
    if (read) at->second = vm::NetCounters{read->sent_bytes, read->received_bytes};
  }
}

}  // namespace posada::app
