// The PCI address of every device, by its config key. Virtual hardware is an interface that a
// guest's system remembers (Windows activates by it, Linux names cards by it), so an address is a
// function of the key alone, never "the next free slot". Pure; tests keep every row.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace posada::vm {

struct PciAddress {
  int bus = 0;  // pci.BUS
  int slot = 0;
  std::string bus_name() const { return "pci." + std::to_string(bus); }
  std::string slot_text() const;  // "0x1d"
};

// Devices: piix3 vga vga1-3 balloon0 watchdog scsihw0-4 ahci0 qga0 spice virtio0-15 net0-31
// hostpci0-15 xhci rng0 ivshmem audio0 virtioscsi0-30, and the bridges pci.1-4.
std::optional<PciAddress> pci_address(std::string_view device);

}  // namespace posada::vm
