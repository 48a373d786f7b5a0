#include "vm/config_edit.h"

#include <algorithm>
#include <array>
#include <set>

#include "base/error.h"
#include "base/text.h"
#include "vm/cloudinit.h"

namespace posada::vm {

using guest::ConfigSection;
using guest::property;

namespace {

template <std::size_t N>
bool is_one_of(std::string_view key, const std::array<std::string_view, N>& keys) {
  return std::find(keys.begin(), keys.end(), key) != keys.end();
}

std::string_view base_name(std::string_view key) {
  const std::size_t end = key.find_last_not_of("0123456789");
  return key.substr(0, end == std::string_view::npos ? 0 : end + 1);
}

}  // namespace

Effect effect_of(std::string_view key) {
  static constexpr std::array<std::string_view, 23> at_once = {
      "autostart", "description", "hookscript",   "lock",   "migrate_downtime", "migrate_speed",
      "name",      "onboot",      "protection",   "shares", "startup",          "tags",
      "template",  "ciuser",      "cipassword",   "citype", "ciupgrade",        "sshkeys",
      "cicustom",  "nameserver",  "searchdomain", "meta",   "vmstatestorage"};
  if (is_one_of(key, at_once) || base_name(key) == "ipconfig" || is_unused_key(key)) {
    return Effect::at_once;
  }
  if (key == "affinity" || key == "balloon" || key == "cpulimit" || key == "cpuunits" ||
      is_net_key(key)) {
    return Effect::plugged;
  }
  const bool disk = is_drive_key(key) && key != "efidisk0" && key != "tpmstate0";
  return disk ? Effect::plugged : Effect::at_next_start;
}

std::optional<access::Privilege> privilege_for(std::string_view key, std::string_view value) {
  using access::Privilege;
  static constexpr std::array<std::string_view, 9> cpu = {
      "affinity", "cores", "cpu", "cpulimit", "cpuunits", "numa", "smp", "sockets", "vcpus"};
  static constexpr std::array<std::string_view, 7> memory = {
      "allow-ksm", "balloon", "hugepages", "keephugepages", "memory", "shares", "intel-tdx"};
  static constexpr std::array<std::string_view, 16> hardware = {
      "acpi",    "amd-sev", "arch",   "audio0",  "bios",   "hotplug", "ivshmem", "kvm",
      "machine", "rng0",    "scsihw", "smbios1", "tablet", "vga",     "vmgenid", "watchdog"};
  static constexpr std::array<std::string_view, 8> cloudinit = {
      "cicustom", "cipassword", "citype",       "ciupgrade",
      "ciuser",   "nameserver", "searchdomain", "sshkeys"};
  static constexpr std::array<std::string_view, 4> root = {"args", "hookscript", "lock", "vmstate"};
  if (is_one_of(key, root)) return std::nullopt;
  if (is_drive_key(key) || is_unused_key(key)) {
    const bool cdrom = value.find("media=cdrom") != std::string_view::npos;
    return cdrom ? Privilege::vm_config_cdrom : Privilege::vm_config_disk;
  }
  if (is_one_of(key, cpu) || base_name(key) == "numa") return Privilege::vm_config_cpu;
  if (is_one_of(key, memory)) return Privilege::vm_config_memory;
  if (is_net_key(key)) return Privilege::vm_config_network;
  if (is_one_of(key, cloudinit) || base_name(key) == "ipconfig")
    return Privilege::vm_config_cloudinit;
  if (is_one_of(key, hardware)) return Privilege::vm_config_hwtype;
  if (base_name(key) == "serial")
    return value.empty() || value == "socket" ? std::optional(Privilege::vm_config_hwtype)
                                              : std::nullopt;
  if (base_name(key) == "usb" || base_name(key) == "hostpci") {
    // Devices of the host; mappings have rules of their own and are not built yet.
    return value.empty() || (base_name(key) == "usb" &&
                             lower(property(usb_format().parse(value), "host")) == "spice")
               ? std::optional(Privilege::vm_config_hwtype)
               : std::nullopt;
  }
  if (base_name(key) == "parallel" || base_name(key) == "virtiofs") return std::nullopt;
  return Privilege::vm_config_options;
}

std::string uuid_from(const RandomBytes& random) {
  std::string bytes = random(16);
  bytes[6] = static_cast<char>((bytes[6] & 0x0f) | 0x40);
  bytes[8] = static_cast<char>((bytes[8] & 0x3f) | 0x80);
  std::string text = hex(bytes);
  for (const std::size_t at : {8, 13, 18, 23}) {
    text.insert(at, "-");
  }
  return text;
}

namespace {

std::string normal_net(std::string_view key, std::string_view value, std::string_view old,
                       const RandomBytes& random) {
  guest::Properties net;
  try {
    net = net_format().parse(value);
  } catch (const Error& error) {
    if (error.parameters().empty()) throw;
    throw Error::parameter(std::string(key), error.parameters().begin()->second);
  }
  if (!net.contains("macaddr")) {
    std::string mac;
    if (!old.empty()) {
      mac = property(net_format().parse(old), "macaddr");
    }
    net["macaddr"] = mac.empty() ? guest::random_mac(random) : mac;
  }
  net["macaddr"] = upper(net["macaddr"]);
  return net_format().print(net);
}

}  // namespace

std::string normal_value(std::string_view key, std::string_view value, std::string_view old,
                         const RandomBytes& random) {
  if (is_drive_key(key)) {
    Drive disk = parse_drive(key, value, true);
    if (disk.file() == "none" || disk.file() == "cdrom" || disk.file().ends_with(".iso") ||
        disk.is_cloudinit()) {
      disk.options.try_emplace("media", "cdrom");
    }
    return print_drive(disk);
  }
  if (is_net_key(key)) {
    return normal_net(key, value, old, random);
  }
  if (key == "vmgenid" && value == "1") {
    return uuid_from(random);
  }
  if (key == "tags") {
    std::set<std::string> tags;
    for (const std::string& tag : split_list(value)) {
      tags.insert(lower(tag));
    }
    return join({tags.begin(), tags.end()}, ";");
  }
  return grammar().keys.check(key, value);
}

std::optional<NewDisk> new_disk(std::string_view file) {
  const std::size_t colon = file.find(':');
  if (colon == std::string_view::npos || colon == 0) {
    return std::nullopt;
  }
  const std::string_view amount = file.substr(colon + 1);
  if (amount == "cloudinit") {
    return NewDisk{std::string(file.substr(0, colon)), cloudinit_disc_bytes, true};
  }
  if (amount.empty() || amount.find_first_not_of("0123456789.") != std::string_view::npos) {
    return std::nullopt;
  }
  const auto bytes = guest::parse_size(std::string(amount) + "G");
  if (!bytes && std::count(amount.begin(), amount.end(), '.') > 0) {
    return std::nullopt;
  }
  // More than a number holds is refused as what it is, a disk that is too large.
  return NewDisk{std::string(file.substr(0, colon)), bytes.value_or(UINT64_MAX), false};
}

namespace {

std::string default_boot_order(const ConfigSection& section) {
  std::vector<std::string> order;
  std::vector<std::string> cdroms;
  for (const Drive& disk : drives(section)) {
    if (disk.bus == "efidisk" || disk.bus == "tpmstate" || disk.is_cloudinit()) {
      continue;
    }
    if (disk.is_cdrom()) {
      cdroms.push_back(disk.key);
    } else if (order.empty()) {
      order.push_back(disk.key);
    }
  }
  if (!cdroms.empty()) {
    order.push_back(cdroms.front());
  }
  for (int i = 0; i < 32; ++i) {
    const std::string key = "net" + std::to_string(i);
    if (section.has(key)) {
      order.push_back(key);
      break;
    }
  }
  return join(order, ";");
}

}  // namespace

void complete(ConfigSection& section, const Version& qemu, std::int64_t now,
              const RandomBytes& random) {
  auto smbios = smbios_format().parse(section.get("smbios1"));
  if (!smbios.contains("uuid")) {
    smbios["uuid"] = uuid_from(random);
    section.values["smbios1"] = smbios_format().print(smbios);
  }
  if (!section.has("vmgenid")) {
    section.values["vmgenid"] = uuid_from(random);
  }
  section.values["meta"] = "creation-qemu=" + qemu.text() + ",ctime=" + std::to_string(now);
  if (!section.has("boot")) {
    if (const std::string order = default_boot_order(section); !order.empty()) {
      section.values["boot"] = "order=" + order;
    }
  }
}

namespace {

std::optional<std::vector<std::string>> explicit_order(const ConfigSection& section) {
  const auto boot = boot_format().parse(section.get("boot"));
  if (!boot.contains("order")) {
    return std::nullopt;
  }
  return split_list(property(boot, "order"), ";");
}

void set_order(ConfigSection& section, const std::vector<std::string>& order) {
  if (order.empty()) {
    section.values["boot"] = "";
  } else {
    section.values["boot"] = "order=" + join(order, ";");
  }
}

}  // namespace

void join_boot_order(ConfigSection& section, const std::string& key) {
  auto order = explicit_order(section);
  if (order && std::find(order->begin(), order->end(), key) == order->end()) {
    order->push_back(key);
    set_order(section, *order);
  }
}

void leave_boot_order(ConfigSection& section, const std::string& key) {
  auto order = explicit_order(section);
  if (order && std::erase(*order, key) > 0) {
    set_order(section, *order);
  }
}

json::value shown_value(std::string_view key, const std::string& value) {
  static constexpr std::array<std::string_view, 33> numbers = {"acpi",
                                                               "allow-ksm",
                                                               "autostart",
                                                               "balloon",
                                                               "ciupgrade",
                                                               "cores",
                                                               "cpulimit",
                                                               "cpuunits",
                                                               "freeze",
                                                               "keephugepages",
                                                               "kvm",
                                                               "localtime",
                                                               "migrate_downtime",
                                                               "migrate_speed",
                                                               "numa",
                                                               "onboot",
                                                               "protection",
                                                               "reboot",
                                                               "shares",
                                                               "smp",
                                                               "snaptime",
                                                               "sockets",
                                                               "tablet",
                                                               "tdf",
                                                               "template",
                                                               "vcpus",
                                                               "running",
                                                               "vmstate_size",
                                                               "uptime",
                                                               "pid",
                                                               "mem",
                                                               "maxmem",
                                                               "cpus"};
  if (key == "cipassword") return json::string("**********");
  if (is_one_of(key, numbers)) {
    if (const auto whole = to_integer(value)) {
      return *whole;
    }
    char* end = nullptr;
    const double real = std::strtod(value.c_str(), &end);
    if (end == value.c_str() + value.size() && !value.empty()) {
      return real;
    }
  }
  return json::value(value);
}

json::object shown_config(const ConfigSection& section, const std::string& digest) {
  json::object result;
  for (const auto& [key, value] : section.values) {
    result[key] = shown_value(key, value);
  }
  if (section.description) {
    result["description"] = *section.description;
  }
  if (!digest.empty()) {
    result["digest"] = digest;
  }
  return result;
}

}  // namespace posada::vm
