// Bridges, USB and the display (command_parts.h).
#include <algorithm>
#include <set>

#include "base/error.h"
#include "base/text.h"
#include "vm/command_parts.h"
#include "vm/pci_address.h"

namespace posada::vm {

using guest::property;
using guest::property_integer;

void at_address(json::object& device, std::string_view name) {
  const auto address = pci_address(name);
  device["bus"] = address->bus_name();
  device["addr"] = address->slot_text();
}

namespace {

json::object usb_controller(std::string_view driver, std::string id, std::string_view bus,
                            std::string_view address) {
  return {{"driver", driver}, {"id", std::move(id)}, {"bus", bus}, {"addr", address}};
}

// A USB 2 controller with its three companions for slow devices.
void add_ehci(std::vector<json::object>& devices, int number, std::string_view bus,
              std::string_view slot) {
  const std::string id = number == 1 ? "ehci" : "ehci-2";
  auto ehci =
      usb_controller("ich9-usb-ehci" + std::to_string(number), id, bus, std::string(slot) + ".7");
  ehci["multifunction"] = true;
  devices.push_back(std::move(ehci));
  for (int i = 0; i < 3; ++i) {
    const std::string uhci = "uhci-" + std::to_string((number - 1) * 3 + i + 1);
    auto companion = usb_controller("ich9-usb-uhci" + std::to_string((number - 1) * 3 + i + 1),
                                    uhci, bus, std::string(slot) + "." + std::to_string(i));
    companion["multifunction"] = true;
    companion["masterbus"] = id + ".0";
    companion["firstport"] = i * 2;
    devices.push_back(std::move(companion));
  }
}

json::object root_port(int number, const MachineType& machine) {
  json::object port;
  const bool express = machine.version >= Version{4, 0};
  port["driver"] = express ? "pcie-root-port" : "ioh3420";
  port["id"] = "ich9-pcie-port-" + std::to_string(number);
  if (express) {
    port["x-speed"] = "16";
    port["x-width"] = "32";
  }
  port["multifunction"] = true;
  port["bus"] = "pcie.0";
  port["addr"] = (number <= 4 ? "1c." : "10.") + std::to_string((number - 1) % 4);
  port["port"] = number;
  port["chassis"] = number;
  return port;
}

json::object bridge(int number, std::string_view bus, std::string_view address, int chassis) {
  return {{"driver", "pci-bridge"},
          {"id", "pci." + std::to_string(number)},
          {"chassis_nr", chassis},
          {"bus", bus},
          {"addr", address}};
}

}  // namespace

void add_chipset(Build& build) {
  if (!build.machine().q35) {
    return;
  }
  auto& devices = build.result.devices;
  add_ehci(devices, 1, "pcie.0", "1d");
  add_ehci(devices, 2, "pcie.0", "1a");
  for (int port = 1; port <= 4; ++port) {
    devices.push_back(root_port(port, build.machine()));
  }
  // Plain PCI below one bridge, so that both machine types have the same buses pci.0, pci.1, …
  devices.push_back(
      {{"driver", "i82801b11-bridge"}, {"id", "pcidmi"}, {"bus", "pcie.0"}, {"addr", "1e.0"}});
  for (int number = 0; number < 3; ++number) {
    devices.push_back(bridge(number, "pcidmi", std::to_string(number + 1) + ".0", number + 1));
  }
  build.result.chipset_devices = devices.size();
}

void add_bridges(Build& build) {
  std::set<int> used;
  if (!build.machine().q35) {
    used = {1, 2};
  }
  for (const json::object& device : build.result.devices) {
    const auto bus = text_member(device, "bus").value_or("");
    for (const int number : {3, 4}) {
      if (bus == "pci." + std::to_string(number)) {
        used.insert(number);
      }
    }
  }
  auto position =
      build.result.devices.begin() + static_cast<std::ptrdiff_t>(build.result.chipset_devices);
  if (used.contains(4) && !build.machine().q35) {
    used.insert(1);
  }
  for (const int number : used) {
    const auto address = *pci_address("pci." + std::to_string(number));
    position = build.result.devices.insert(position,
                                           bridge(number, address.bus_name(), address.slot_text(),
                                                  build.machine().q35 ? number + 1 : number)) +
               1;
  }
}

namespace {

// Newer guests get one controller for all speeds.
bool has_xhci(const Build& build) {
  return build.machine().version >= Version{7, 1} &&
         (build.ostype() == "l26" || windows_version(build.ostype()) > 7);
}

std::vector<std::pair<int, guest::Properties>> usb_entries(const guest::ConfigSection& config) {
  std::vector<std::pair<int, guest::Properties>> entries;
  for (int i = 0; i < 14; ++i) {
    const std::string key = "usb" + std::to_string(i);
    if (config.has(key)) {
      entries.emplace_back(i, usb_format().parse(config.get(key)));
    }
  }
  return entries;
}

void add_usb_device(Build& build, int number, const guest::Properties& usb, bool xhci) {
  json::object device;
  const std::string host(property(usb, "host"));
  const std::string index = std::to_string(number);
  device["bus"] = xhci ? "xhci.0" : "ehci.0";
  if (xhci && has_xhci(build)) {
    device["port"] = std::to_string(number + 1);
  }
  if (lower(host) == "spice") {
    // There is no SPICE server yet: the port is there and nothing is plugged into it.
    build.result.others.emplace_back("-chardev", "null,id=usbredirchardev" + index);
    device["driver"] = "usb-redir";
    device["chardev"] = "usbredirchardev" + index;
    device["id"] = "usbredirdev" + index;
  } else if (host.empty()) {
    throw Error::not_implemented("mapping", "usb" + index);
  } else {
    device["driver"] = "usb-host";
    device["id"] = "usb" + index;
    const std::size_t at = host.find_first_of(":-");
    const std::string left = host.substr(0, at), right = host.substr(at + 1);
    if (host[at] == ':') {
      device["vendorid"] = std::stoi(left, nullptr, 16);
      device["productid"] = std::stoi(right, nullptr, 16);
    } else {
      device["hostbus"] = std::stoi(left);
      device["hostport"] = right;
    }
  }
  build.result.devices.push_back(std::move(device));
}

bool wants_tablet(const Build& build) {
  if (build.config.has("tablet")) {
    return flag(build.config, "tablet", true);
  }
  const auto vga = display(build.config);
  const std::string_view type = property(vga, "type");
  return !type.starts_with("serial") && !type.starts_with("qxl");
}

}  // namespace

void add_usb(Build& build) {
  auto& devices = build.result.devices;
  const auto entries = usb_entries(build.config);
  const bool modern = has_xhci(build) && !entries.empty();
  const auto is_fast = [](const auto& entry) { return guest::property_flag(entry.second, "usb3"); };
  const bool any_fast = std::any_of(entries.begin(), entries.end(), is_fast);
  const bool all_fast = std::all_of(entries.begin(), entries.end(), is_fast);
  if (!build.machine().q35) {
    devices.push_back(usb_controller("piix3-usb-uhci", "uhci", "pci.0", "0x1.0x2"));
    if (!modern && !all_fast) {
      add_ehci(devices, 1, "pci.0", "1d");
    }
  }
  if (modern || any_fast) {
    json::object xhci;
    xhci["driver"] = modern ? "qemu-xhci" : "nec-usb-xhci";
    xhci["id"] = "xhci";
    if (modern) {
      xhci["p2"] = 15;
      xhci["p3"] = 15;
    }
    at_address(xhci, "xhci");
    devices.push_back(std::move(xhci));
  }
  if (wants_tablet(build)) {
    devices.push_back({{"driver", "usb-tablet"},
                       {"id", "tablet"},
                       {"bus", build.machine().q35 ? "ehci.0" : "uhci.0"},
                       {"port", "1"}});
  }
  for (const auto& [number, usb] : entries) {
    add_usb_device(build, number, usb, modern || guest::property_flag(usb, "usb3"));
  }
}

guest::Properties display(const guest::ConfigSection& config) {
  auto vga = vga_format().parse(config.get("vga"));
  vga.try_emplace("type", "std");
  return vga;
}

namespace {

void set_video_memory(json::object& device, std::string_view driver, std::int64_t mib) {
  if (mib <= 0) {
    return;
  }
  if (driver.starts_with("virtio")) {
    device["max_hostmem"] = mib * 1024 * 1024;
  } else if (driver.starts_with("qxl")) {
    device["vgamem_mb"] = mib;
    device["ram_size_mb"] = mib * 4;
    device["vram_size_mb"] = mib * 2;
  } else if (driver != "cirrus-vga") {
    device["vgamem_mb"] = mib;
  }
}

json::object display_device(const Build& build, std::string_view type, int number) {
  static const std::map<std::string_view, std::string_view> drivers = {
      {"std", "VGA"},
      {"cirrus", "cirrus-vga"},
      {"vmware", "vmware-svga"},
      {"virtio", "virtio-vga"},
      {"virtio-gl", "virtio-vga-gl"}};
  const bool qxl = type.starts_with("qxl");
  const auto known = drivers.find(type);
  const std::string driver(qxl ? (number == 0 ? "qxl-vga" : "qxl") : known->second);
  json::object device;
  device["driver"] = driver;
  const std::string id = number == 0 ? "vga" : "vga" + std::to_string(number);
  device["id"] = id;
  if (build.machine().q35 && number == 0) {
    device["bus"] = "pcie.0";
    device["addr"] = "0x1";
  } else {
    at_address(device, id);
  }
  const bool windows = windows_version(build.ostype()) > 0;
  if (driver == "VGA" && windows && build.config.get("bios") != "ovmf") {
    device["edid"] = false;
  }
  if (qxl && !windows && build.machine().version >= Version{4, 1}) {
    device["max_outputs"] = 4;
  }
  return device;
}

}  // namespace

void add_display(Build& build) {
  const auto vga = display(build.config);
  const std::string_view type = property(vga, "type");
  if (type == "none" || type.starts_with("serial")) {
    if (type != "none" && build.config.get("bios") != "ovmf") {
      // SeaBIOS with its messages on a serial port hangs in system management mode.
      build.result.machine_options["smm"] = "off";
    }
    return;
  }
  // Windows takes one card for each screen, other systems one card with several outputs.
  const bool windows = windows_version(build.ostype()) > 0;
  const int screens = type.size() == 4 && type.starts_with("qxl") && windows ? type[3] - '0' : 1;
  for (int number = 0; number < screens; ++number) {
    json::object device = display_device(build, type, number);
    set_video_memory(device, *text_member(device, "driver"), property_integer(vga, "memory"));
    build.result.devices.push_back(std::move(device));
  }
}

}  // namespace posada::vm
