#include "host/devices.h"

#include <algorithm>

#include "base/text.h"
#include "sys/file.h"
#include "sys/link.h"

namespace posada::host {
namespace {

std::string attribute(const std::string& path) {
  return std::string(trim(sys::read_file_if_exists(path).value_or("")));
}

std::string without_prefix(const std::string& id) {
  return id.starts_with("0x") ? id.substr(2) : id;
}

std::string name_in(const std::map<std::string, std::string>& names, const std::string& key) {
  const auto found = names.find(key);
  return found == names.end() ? std::string() : found->second;
}

std::map<std::string, std::string> id_names(const Places& places, const std::string& file) {
  for (const char* folder : {"/misc/", "/hwdata/"}) {
    if (const auto text = sys::read_file_if_exists(places.share + folder + file)) {
      return parse_id_names(*text);
    }
  }
  return {};
}

bool is_hex(std::string_view text) {
  return text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

}  // namespace

std::map<std::string, std::string> parse_id_names(std::string_view text) {
  std::map<std::string, std::string> names;
  std::string vendor;
  for (const std::string& line : split(text, '\n')) {
    if (line.starts_with("C ")) break;  // device classes follow
    if (line.size() < 7 || line[0] == '#' || line.starts_with("\t\t")) continue;
    const bool below = line[0] == '\t';
    const std::string id = line.substr(below ? 1 : 0, 4);
    if (!is_hex(id)) continue;
    const std::string name(trim(std::string_view(line).substr(below ? 5 : 4)));
    if (!below) vendor = id;
    names.emplace(below ? vendor + ":" + id : id, name);
  }
  return names;
}

std::vector<PciDevice> pci_devices(const Places& places, const std::vector<std::string>& unwanted) {
  const std::map<std::string, std::string> names = id_names(places, "pci.ids");
  const std::string folder = places.sysfs + "/bus/pci/devices";
  std::vector<PciDevice> devices;
  for (const std::string& address : sys::list_directory(folder)) {
    const std::string path = folder + "/" + address;
    PciDevice device;
    device.address = address;
    device.device_class = attribute(path + "/class");
    const std::string number = without_prefix(device.device_class);
    if (std::any_of(unwanted.begin(), unwanted.end(),
                    [&](const std::string& prefix) { return number.starts_with(prefix); })) {
      continue;
    }
    device.vendor = attribute(path + "/vendor");
    device.device = attribute(path + "/device");
    device.subsystem_vendor = attribute(path + "/subsystem_vendor");
    device.subsystem_device = attribute(path + "/subsystem_device");
    const std::string vendor = without_prefix(device.vendor);
    device.vendor_name = name_in(names, vendor);
    device.device_name = name_in(names, vendor + ":" + without_prefix(device.device));
    const std::string subsystem = without_prefix(device.subsystem_vendor);
    device.subsystem_vendor_name = name_in(names, subsystem);
    device.subsystem_device_name =
        name_in(names, subsystem + ":" + without_prefix(device.subsystem_device));
    if (const auto group = sys::link_target(path + "/iommu_group")) {
      device.iommu_group =
          static_cast<int>(to_integer(group->substr(group->rfind('/') + 1)).value_or(-1));
    }
    device.mediated = sys::exists(path + "/mdev_supported_types");
    devices.push_back(std::move(device));
  }
  return devices;
}

std::vector<MediatedType> mediated_types(const Places& places, const std::string& address) {
  const std::string full = address.size() == 7 ? "0000:" + address : address;
  const std::string path = places.sysfs + "/bus/pci/devices/" + full;
  if (!sys::exists(path)) {
    throw Error::failed("host.no-pci-device", "the PCI device '" + full + "' does not exist",
                        {{"device", full}});
  }
  std::vector<MediatedType> types;
  const std::string folder = path + "/mdev_supported_types";
  for (const std::string& type : sys::list_directory(folder)) {
    const std::string one = folder + "/" + type;
    types.push_back({type, attribute(one + "/name"), attribute(one + "/description"),
                     to_integer(attribute(one + "/available_instances")).value_or(0)});
  }
  return types;
}

std::vector<UsbDevice> usb_devices(const Places& places) {
  const std::string folder = places.sysfs + "/bus/usb/devices";
  std::vector<UsbDevice> devices;
  for (const std::string& name : sys::list_directory(folder)) {
    if (name.find(':') != std::string::npos) continue;  // an interface of a device
    const std::string path = folder + "/" + name;
    const auto number = [&](const char* file) {
      return to_integer(attribute(path + "/" + file)).value_or(0);
    };
    UsbDevice device;
    device.bus = number("busnum");
    device.number = number("devnum");
    device.vendor = attribute(path + "/idVendor");
    device.product = attribute(path + "/idProduct");
    device.speed = attribute(path + "/speed");
    device.manufacturer = attribute(path + "/manufacturer");
    device.product_name = attribute(path + "/product");
    device.serial = attribute(path + "/serial");
    const std::string kind = attribute(path + "/bDeviceClass");
    if (!kind.empty() && is_hex(kind)) device.device_class = std::stol(kind, nullptr, 16);
    // "1-2.3": bus 1, port 2 of its root, port 3 of the hub there.
    if (const std::size_t dash = name.find('-'); dash != std::string::npos) {
      device.path = name.substr(dash + 1);
      const std::vector<std::string> ports = split(device.path, '.');
      device.level = static_cast<std::int64_t>(ports.size());
      device.port = to_integer(ports.back()).value_or(0);
    }
    devices.push_back(std::move(device));
  }
  return devices;
}

}  // namespace posada::host
