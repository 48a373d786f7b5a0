// The machine's PCI and USB devices, as sysfs lists them; names come from the id lists of Debian's
// packages pci.ids and usb.ids where they are installed. Blocking: run on the host's pool.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "host/host.h"

namespace posada::host {

struct PciDevice {
  std::string address;                                                           // "0000:00:02.0"
  std::string device_class, vendor, device, subsystem_vendor, subsystem_device;  // "0x8086"
  std::string vendor_name, device_name, subsystem_vendor_name, subsystem_device_name;
  int iommu_group = -1;
  bool mediated = false;
};
// Without those whose class begins with one of `unwanted` ("06").
std::vector<PciDevice> pci_devices(const Places& places, const std::vector<std::string>& unwanted);

struct MediatedType {
  std::string type, name, description;
  std::int64_t available = 0;
};
// Throws when there is no such device.
std::vector<MediatedType> mediated_types(const Places& places, const std::string& address);

struct UsbDevice {
  std::int64_t bus = 0, number = 0, level = 0, port = 0, device_class = 0;
  std::string vendor, product, speed, path;  // ids without "0x"
  std::string manufacturer, product_name, serial;
};
std::vector<UsbDevice> usb_devices(const Places& places);

// Names by "8086" and "8086:1237", out of the text of pci.ids. Pure.
std::map<std::string, std::string> parse_id_names(std::string_view text);

}  // namespace posada::host
