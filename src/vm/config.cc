#include "vm/config.h"

#include <algorithm>

#include "base/error.h"
#include "base/property_formats.h"
#include "base/text.h"
#include "vm/config_edit.h"

namespace posada::vm {

using guest::KeyTable;
namespace rule = guest::rule;

namespace {

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

bool is_remade(std::string_view volume) {
  Drive disc;
  disc.options["file"] = volume;
  return disc.is_cloudinit();
}

void was_set(guest::GuestConfig& config, const std::string& key,
             const std::optional<std::string>& before) {
  const bool drive = is_drive_key(key);
  if (drive && parse_drive(key, config.main.get(key), true).is_cloudinit()) {
    // Another disc has nothing on it yet.
    if (before != config.main.get(key)) config.special.erase("cloudinit");
  } else if (!before && (is_net_key(key) || (drive && key != "efidisk0" && key != "tpmstate0"))) {
    join_boot_order(config.main, key);
  }
}

std::string sized(std::string_view key, std::string_view value, std::string size) {
  Drive disk = parse_drive(key, value, true);
  disk.options["size"] = std::move(size);
  return print_drive(disk);
}

guest::Grammar make_grammar() {
  guest::Grammar result;
  result.guest_word = "vm";
  result.pending_section = "PENDING";
  // `snaptime` is of snapshots only, and the digest is not in the text.
  guest::add_declared(result.keys, shapes::qemu_config, {"digest", "snaptime", "cdrom", "smp"});
  result.keys.add("runningnets-host-mtu", rule::text());
  result.keys.add_alias("cdrom", "ide2");
  // An old name of the number of CPUs.
  result.keys.add_alias("smp", "sockets");
  result.snapshot_keys = snapshot_keys();
  KeyTable fleecing;
  fleecing.add("fleecing-images", rule::text());
  result.special.emplace("cloudinit", std::nullopt);
  result.special.emplace("fleecing", fleecing);
  result.volume_of = volume_of;
  result.tidy = tidy;
  result.takes_effect_at_once = [](std::string_view key) {
    return effect_of(key) == Effect::at_once;
  };
  result.is_remade = is_remade;
  result.was_set = was_set;
  result.was_unset = [](guest::GuestConfig& config, const std::string& key) {
    leave_boot_order(config.main, key);
  };
  result.sized = sized;
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

guest::Properties agent_of(const guest::ConfigSection& section) {
  return agent_format().parse(section.get("agent", "0"));
}

bool agent_enabled(const guest::ConfigSection& section) {
  return guest::property_flag(agent_of(section), "enabled");
}

bool is_drive_key(std::string_view key) {
  return std::find(drive_keys().begin(), drive_keys().end(), key) != drive_keys().end();
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

std::uint64_t memory_mib(const guest::ConfigSection& section) {
  const auto properties = memory_format().parse(section.get("memory", "512"));
  return static_cast<std::uint64_t>(guest::property_integer(properties, "current", 512));
}

}  // namespace posada::vm
