#include "vm/pci_address.h"

#include <array>

#include <fmt/format.h>

#include "guest/config_text.h"

namespace posada::vm {

namespace {

struct Row {
  std::string_view name;
  int first, last;  // numbers at the end of the name; -1: it has none
  int bus, slot;    // of the first
};

constexpr std::array rows = {
    Row{"piix", 3, 3, 0, 1},       Row{"vga", -1, -1, 0, 2},     Row{"balloon", 0, 0, 0, 3},
    Row{"watchdog", -1, -1, 0, 4}, Row{"scsihw", 0, 1, 0, 5},    Row{"ahci", 0, 0, 0, 7},
    Row{"qga", 0, 0, 0, 8},        Row{"spice", -1, -1, 0, 9},   Row{"virtio", 0, 5, 0, 10},
    Row{"hostpci", 0, 1, 0, 16},   Row{"net", 0, 5, 0, 18},      Row{"vga", 1, 3, 0, 24},
    Row{"hostpci", 2, 3, 0, 27},   Row{"pci.", 1, 2, 0, 30},     Row{"pci.", 3, 3, 0, 5},
    Row{"net", 6, 31, 1, 1},       Row{"xhci", -1, -1, 1, 27},   Row{"pci.", 4, 4, 1, 28},
    Row{"rng", 0, 0, 1, 29},       Row{"virtio", 6, 15, 2, 1},   Row{"ivshmem", -1, -1, 2, 11},
    Row{"audio", 0, 0, 2, 12},     Row{"hostpci", 4, 15, 2, 13}, Row{"virtioscsi", 0, 30, 3, 1},
    Row{"scsihw", 2, 4, 4, 1},
};

}  // namespace

std::string PciAddress::slot_text() const {
  return fmt::format("{:#x}", slot);
}

std::optional<PciAddress> pci_address(std::string_view device) {
  const auto parts = guest::split_number(device);
  for (const Row& row : rows) {
    if (row.first < 0) {
      if (row.name == device) {
        return PciAddress{row.bus, row.slot};
      }
    } else if (parts && parts->first == row.name && static_cast<int>(parts->second) >= row.first &&
               static_cast<int>(parts->second) <= row.last) {
      return PciAddress{row.bus, row.slot + static_cast<int>(parts->second) - row.first};
    }
  }
  return std::nullopt;
}

}  // namespace posada::vm
