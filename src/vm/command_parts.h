// Parts of command_line.cc that fill an Invocation, each for one kind of hardware. Internal to the
// module.
#pragma once

#include "vm/command_line.h"

namespace posada::vm {

struct Build {
  GuestId guest;
  const guest::ConfigSection& config;
  const HostFacts& host;
  const Resources& resources;
  Invocation& result;

  const MachineType& machine() const { return result.machine; }
  std::string_view ostype() const { return config.get("ostype"); }
};

// Puts a device at its fixed address.
void at_address(json::object& device, std::string_view name);

void add_chipset(Build& build);  // what q35 always has
void add_bridges(Build& build);  // after everything else: those that devices hang on
void add_usb(Build& build);
void add_display(Build& build);
void add_ports(Build& build);          // serial ports, guest agent, spice agent
void add_small_devices(Build& build);  // balloon, rng, watchdog, sound, vmgenid, iommu
void add_passthrough(Build& build);
void add_memory(Build& build);
void add_firmware(Build& build);
void add_clock(Build& build);

// `-chardev socket` on a descriptor, or for people on a path.
void add_socket(Build& build, std::string_view name, std::string_view id);

}  // namespace posada::vm
