#include "vm/config.h"

#include <algorithm>

#include "base/error.h"
#include "base/text.h"

namespace posada::vm {

using guest::KeyTable;
using guest::PropertyFormat;
namespace rule = guest::rule;

namespace {

bool is_name(std::string_view text) {  // one or more DNS labels
  for (const std::string& label : split(text, '.')) {
    if (label.empty() || label.size() > 63 || label.front() == '-' || label.back() == '-' ||
        label.find_first_not_of(
            "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_") !=
            std::string::npos) {
      return false;
    }
  }
  return !text.empty();
}

bool is_cpu_set(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789,-") == std::string_view::npos;
}

bool is_hotplug(std::string_view text) {
  if (text == "0" || text == "1") {
    return true;
  }
  const auto features = split_list(text, ",;");
  return std::all_of(features.begin(), features.end(), [](const std::string& feature) {
    return feature == "network" || feature == "disk" || feature == "cpu" || feature == "memory" ||
           feature == "usb" || feature == "cloudinit";
  });
}

bool is_serial(std::string_view text) {
  return text == "socket" ||
         (text.starts_with("/dev/") && text.size() > 5 && text.find(',') == std::string_view::npos);
}

bool is_parallel(std::string_view text) {
  return text.starts_with("/dev/parport") || text.starts_with("/dev/usb/lp");
}

bool is_start_date(std::string_view text) {
  return text == "now" || (text.size() >= 8 && text.size() <= 19 &&
                           text.find_first_not_of("0123456789-:T") == std::string_view::npos);
}

bool is_tag(std::string_view text) {
  return !text.empty() && text.find_first_of(",\"'\\<>&$`") == std::string_view::npos &&
         text.front() != '-' && text.front() != '.';
}

bool is_tag_list(std::string_view text) {
  const auto tags = split_list(text);
  return std::all_of(tags.begin(), tags.end(), is_tag);
}

bool is_vmgenid(std::string_view text) {
  return text == "0" || text == "1" ||
         (text.size() == 36 &&
          text.find_first_not_of("0123456789abcdefABCDEF-") == std::string_view::npos);
}

bool is_boot_disk(std::string_view text) {
  return is_drive_key(text);
}

guest::ValueRule drive_rule(std::string_view bus) {
  return drive_format(bus).rule();
}

void add_hardware(KeyTable& keys) {
  keys.add("acpi", rule::boolean())
      .add("affinity", rule::matching(is_cpu_set, "a list of CPUs"))
      .add("agent", agent_format().rule())
      .add("allow-ksm", rule::boolean())
      .add("amd-sev", sev_format().rule())
      .add("arch", rule::one_of({"x86_64", "aarch64"}))
      .add("args", rule::text())
      .add("audio0", audio_format().rule())
      .add("balloon", rule::integer(0))
      .add("bios", rule::one_of({"seabios", "ovmf"}))
      .add("boot", boot_format().rule())
      .add("bootdisk", rule::matching(is_boot_disk, "a disk"))
      .add("cores", rule::integer(1))
      .add("cpu", cpu_format().rule())
      .add("cpulimit", rule::number(0, 128))
      .add("cpuunits", rule::integer(1, 500000))
      .add("freeze", rule::boolean())
      .add("hotplug", rule::matching(is_hotplug, "a list of hotplug features"))
      .add("hugepages", rule::one_of({"any", "2", "1024"}))
      .add("intel-tdx", rule::text())
      .add("ivshmem", ivshmem_format().rule())
      .add("keephugepages", rule::boolean())
      .add("keyboard",
           rule::one_of({"de",    "de-ch", "da", "en-gb", "en-us", "es", "fi", "fr", "fr-be",
                         "fr-ca", "fr-ch", "hu", "is",    "it",    "ja", "lt", "mk", "nl",
                         "no",    "pl",    "pt", "pt-br", "sv",    "sl", "tr"}))
      .add("kvm", rule::boolean())
      .add("localtime", rule::boolean())
      .add("machine", machine_format().rule())
      .add("memory", memory_format().rule())
      .add("numa", rule::boolean())
      .add("ostype", rule::one_of({"other", "wxp", "w2k", "w2k3", "w2k8", "wvista", "win7", "win8",
                                   "win10", "win11", "l24", "l26", "solaris"}))
      .add("rng0", rng_format().rule())
      .add("scsihw", rule::one_of({"lsi", "lsi53c810", "virtio-scsi-pci", "virtio-scsi-single",
                                   "megasas", "pvscsi"}))
      .add("shares", rule::integer(0, 50000))
      .add("smbios1", smbios_format().rule())
      .add("sockets", rule::integer(1))
      .add("spice_enhancements", rule::text())
      .add("startdate", rule::matching(is_start_date, "now, a date or a date and a time"))
      .add("tablet", rule::boolean())
      .add("tdf", rule::boolean())
      .add("vcpus", rule::integer(1))
      .add("vga", vga_format().rule())
      .add("vmgenid", rule::matching(is_vmgenid, "a UUID, 0 or 1"))
      .add("watchdog", watchdog_format().rule());
  keys.add_numbered("hostpci", 16, hostpci_format().rule())
      .add_numbered("net", 32, net_format().rule())
      .add_numbered("numa", 8, numa_format().rule())
      .add_numbered("parallel", 3, rule::matching(is_parallel, "a parallel port"))
      .add_numbered("serial", 4, rule::matching(is_serial, "a serial port or socket"))
      .add_numbered("usb", 14, usb_format().rule())
      .add_numbered("virtiofs", 10, rule::text());
}

void add_disks(KeyTable& keys) {
  keys.add_numbered("ide", 4, drive_rule("ide"))
      .add_numbered("sata", 6, drive_rule("sata"))
      .add_numbered("scsi", 31, drive_rule("scsi"))
      .add_numbered("virtio", 16, drive_rule("virtio"))
      .add_numbered("unused", 256, drive_rule("unused"))
      .add("efidisk0", drive_rule("efidisk"))
      .add("tpmstate0", drive_rule("tpmstate"))
      .add_alias("cdrom", "ide2");
}

void add_settings(KeyTable& keys) {
  keys.add("autostart", rule::boolean())
      .add("cicustom", rule::text())
      .add("cipassword", rule::text())
      .add("citype", rule::one_of({"configdrive2", "nocloud", "opennebula"}))
      .add("ciupgrade", rule::boolean())
      .add("ciuser", rule::text())
      .add("description", rule::text(8192))
      .add("hookscript", rule::text())
      .add("lock", rule::one_of({"backup", "clone", "create", "migrate", "rollback", "snapshot",
                                 "snapshot-delete", "suspending", "suspended"}))
      .add("meta", rule::text())
      .add("migrate_downtime", rule::number(0))
      .add("migrate_speed", rule::integer(0))
      .add("name", rule::matching(is_name, "a valid DNS name"))
      .add("nameserver", rule::text())
      .add("onboot", rule::boolean())
      .add("parent", rule::matching(guest::is_config_id, "a valid configuration ID"))
      .add("protection", rule::boolean())
      .add("reboot", rule::boolean())
      .add("searchdomain", rule::text())
      .add("sshkeys", rule::text())
      .add("startup", startup_format().rule())
      .add("tags", rule::matching(is_tag_list, "a list of tags"))
      .add("template", rule::boolean())
      .add("vmstatestorage", rule::text())
      // Of a suspended guest; in snapshots too.
      .add("vmstate", rule::text())
      .add("runningmachine", rule::text())
      .add("runningcpu", rule::text())
      .add("runningnets-host-mtu", rule::text());
  keys.add_numbered("ipconfig", 32, rule::text());
}

KeyTable snapshot_keys() {
  KeyTable keys;
  keys.add("snaptime", rule::integer(0)).add("snapstate", rule::one_of({"prepare", "delete"}));
  return keys;
}

std::optional<std::string> volume_of(std::string_view key, std::string_view value) {
  if (!is_drive_key(key) && !is_unused_key(key)) {
    return std::nullopt;
  }
  const std::string_view bare = value.substr(0, value.find(','));
  const std::string_view volume = bare.starts_with("file=") ? bare.substr(5) : bare;
  if (volume == "none" || volume == "cdrom") {
    return std::nullopt;
  }
  return std::string(volume);
}

// What was last written to a cloud-init image is only of use while the guest has one.
void tidy(guest::GuestConfig& config) {
  const auto disks = drives(config.main);
  if (std::none_of(disks.begin(), disks.end(), [](const Drive& d) { return d.is_cloudinit(); })) {
    config.special.erase("cloudinit");
  }
}

guest::Grammar make_grammar() {
  guest::Grammar result;
  result.guest_word = "vm";
  result.pending_section = "PENDING";
  add_hardware(result.keys);
  add_disks(result.keys);
  add_settings(result.keys);
  // smp is an old name of the number of CPUs.
  result.keys.add_alias("smp", "sockets");
  result.snapshot_keys = snapshot_keys();
  KeyTable fleecing;
  fleecing.add("fleecing-images", rule::text());
  result.special.emplace("cloudinit", std::nullopt);
  result.special.emplace("fleecing", fleecing);
  result.volume_of = volume_of;
  result.tidy = tidy;
  return result;
}

}  // namespace

const guest::Grammar& grammar() {
  static const guest::Grammar result = make_grammar();
  return result;
}

const std::vector<std::string>& drive_keys() {
  static const std::vector<std::string> keys = [] {
    std::vector<std::string> result;
    const std::vector<std::pair<std::string, int>> buses = {
        {"ide", 4}, {"sata", 6}, {"scsi", 31}, {"virtio", 16}, {"efidisk", 1}, {"tpmstate", 1}};
    for (const auto& [bus, count] : buses) {
      for (int index = 0; index < count; ++index) {
        result.push_back(bus + std::to_string(index));
      }
    }
    return result;
  }();
  return keys;
}

bool is_drive_key(std::string_view key) {
  return std::find(drive_keys().begin(), drive_keys().end(), key) != drive_keys().end();
}

bool is_unused_key(std::string_view key) {
  const auto parts = guest::split_number(key);
  return parts && parts->first == "unused" && parts->second < 256;
}

bool is_net_key(std::string_view key) {
  const auto parts = guest::split_number(key);
  return parts && parts->first == "net" && parts->second < 32;
}

bool Drive::is_cloudinit() const {
  const std::string_view name = file();
  return name.ends_with("cloudinit") || name.find("cloudinit.") != std::string_view::npos;
}

bool Drive::names_volume() const {
  return file() != "none" && file() != "cdrom" && !file().starts_with('/');
}

Drive parse_drive(std::string_view key, std::string_view value, bool for_edit) {
  const auto parts = guest::split_number(key);
  if (!parts || (!is_drive_key(key) && !is_unused_key(key))) {
    throw Error::failed("vm.no-disk-key", "'" + std::string(key) + "' is not a disk");
  }
  Drive result;
  result.key = std::string(key);
  result.bus = parts->first;
  result.index = parts->second;
  try {
    result.options = drive_format(result.bus, for_edit).parse(value);
  } catch (const Error& error) {
    if (error.parameters().empty()) {
      throw;
    }
    throw Error::parameter(result.key, error.parameters().begin()->second);
  }
  return result;
}

std::optional<Drive> drive(const guest::ConfigSection& section, std::string_view key) {
  const auto found = section.values.find(key);
  if (found == section.values.end()) {
    return std::nullopt;
  }
  return parse_drive(key, found->second);
}

std::string print_drive(const Drive& drive) {
  return drive_format(drive.bus, true).print(drive.options);
}

std::vector<Drive> drives(const guest::ConfigSection& section) {
  std::vector<Drive> result;
  for (const std::string& key : drive_keys()) {
    if (section.has(key)) {
      result.push_back(*drive(section, key));
    }
  }
  return result;
}

std::int64_t integer(const guest::ConfigSection& section, std::string_view key,
                     std::int64_t otherwise) {
  return to_integer(section.get(key)).value_or(otherwise);
}

bool flag(const guest::ConfigSection& section, std::string_view key, bool otherwise) {
  return guest::to_boolean(section.get(key)).value_or(otherwise);
}

std::uint64_t memory_mib(const guest::ConfigSection& section) {
  const auto properties = memory_format().parse(section.get("memory", "512"));
  return static_cast<std::uint64_t>(guest::property_integer(properties, "current", 512));
}

}  // namespace posada::vm
