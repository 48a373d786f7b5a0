// Network cards (command_line.h).
#include "base/error.h"
#include "vm/command_line.h"
#include "vm/pci_address.h"

namespace posada::vm {

using guest::property;
using guest::property_integer;

namespace {

std::string numbers(const std::vector<int>& descriptors) {
  std::string text;
  for (const int number : descriptors) {
    text += (text.empty() ? "" : ":") + std::to_string(number);
  }
  return text;
}

json::object backend(std::string_view key, const NetSource& source) {
  json::object netdev;
  netdev["id"] = key;
  if (source.taps.empty()) {
    netdev["type"] = "user";
    if (source.isolated) {
      netdev["restrict"] = true;
    }
    return netdev;
  }
  netdev["type"] = "tap";
  if (source.taps.size() == 1) {
    netdev["fd"] = std::to_string(source.taps.front());
  } else {
    netdev["fds"] = numbers(source.taps);
  }
  if (!source.vhosts.empty()) {
    netdev["vhost"] = true;
    netdev[source.vhosts.size() == 1 ? "vhostfd" : "vhostfds"] = numbers(source.vhosts);
  }
  return netdev;
}

// What the guest should use; 0: nothing to say.
std::int64_t host_mtu(const HostFacts& host, std::string_view key, const guest::Properties& net) {
  const std::string_view bridge = property(net, "bridge");
  const std::int64_t limit =
      host.bridge_mtu && !bridge.empty() ? static_cast<std::int64_t>(host.bridge_mtu(bridge)) : 0;
  const auto wanted = property_integer(net, "mtu");
  if (wanted <= 1) {  // 1: the bridge's; not given: only when it is unusual
    return limit > 0 && (wanted == 1 || limit != 1500) ? limit : 0;
  }
  if (limit > 0 && wanted > limit) {
    throw Error::failed("vm.mtu-too-large",
                        "netdev " + std::string(key) + ": MTU '" + std::to_string(wanted) +
                            "' is bigger than the bridge MTU '" + std::to_string(limit) + "'");
  }
  return wanted;
}

void add_virtio_details(json::object& device, const MachineType& machine, const HostFacts& host,
                        std::string_view key, const guest::Properties& net) {
  if (const auto queues = property_integer(net, "queues"); queues > 1) {
    device["mq"] = true;
    // One for each direction of each queue, one for changes, one for control.
    device["vectors"] = queues * 2 + 2;
  }
  if (machine.version >= Version{7, 1}) {
    device["rx_queue_size"] = 1024;
    device["tx_queue_size"] = 256;
  }
  if (const auto mtu = host_mtu(host, key, net); mtu > 0) {
    device["host_mtu"] = mtu;
  }
}

}  // namespace

Plugged net_device(const guest::ConfigSection& config, const MachineType& machine,
                   const HostFacts& host, std::string_view key, const NetSource& source) {
  const auto net = net_format().parse(config.get(key));
  const std::string_view model = property(net, "model");
  Plugged result;
  result.backend = backend(key, source);
  json::object& device = result.device;
  device["driver"] = model == "virtio" ? std::string("virtio-net-pci") : std::string(model);
  device["id"] = key;
  device["netdev"] = key;
  device["mac"] = property(net, "macaddr");
  if (model != "ne2k_isa") {
    const auto address = pci_address(key);
    device["bus"] = address->bus_name();
    device["addr"] = address->slot_text();
  }
  if (model == "virtio") {
    add_virtio_details(device, machine, host, key, net);
  }
  const auto indices = boot_indices(config);
  if (const auto index = indices.find(key); index != indices.end()) {
    device["bootindex"] = index->second;
  }
  if (machine.pxe) {
    device["romfile"] = "pxe-" + std::string(model) + ".rom";
  }
  return result;
}

}  // namespace posada::vm
