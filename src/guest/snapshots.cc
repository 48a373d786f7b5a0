#include "guest/snapshots.h"

#include <algorithm>

#include "base/error.h"

namespace posada::guest {

namespace {

// Keys that belong to a snapshot or to the guest itself, and are not copied between them.
bool is_own(std::string_view key) {
  return key == "lock" || key == "snapstate" || key == "snaptime" || key == "vmstate" ||
         key == "runningcpu" || key == "runningmachine" || key == "runningnets-host-mtu" ||
         key.starts_with("unused");
}

ConfigSection& existing(GuestConfig& config, const std::string& name) {
  const auto found = config.snapshots.find(name);
  if (found == config.snapshots.end()) {
    throw Error::failed("guest.no-snapshot", "snapshot '" + name + "' does not exist");
  }
  return found->second;
}

}  // namespace

ConfigSection snapshot_section(const GuestConfig& config) {
  ConfigSection result;
  for (const auto& [key, value] : config.main.values) {
    if (!is_own(key)) result.values[key] = value;
  }
  result.raw = config.main.raw;
  return result;
}

void begin_snapshot(GuestConfig& config, const std::string& name, const std::string& description,
                    std::int64_t now) {
  if (config.snapshots.contains(name)) {
    throw Error::failed("guest.snapshot-exists", "snapshot name '" + name + "' already used");
  }
  ConfigSection section = snapshot_section(config);
  section.values["snaptime"] = std::to_string(now);
  section.values["snapstate"] = "prepare";
  if (!description.empty()) section.description = description;
  config.snapshots[name] = std::move(section);
  config.main.values["lock"] = "snapshot";
}

void finish_snapshot(GuestConfig& config, const std::string& name) {
  if (config.main.get("lock") != "snapshot") {
    throw Error::failed("guest.no-snapshot-lock", "missing snapshot lock");
  }
  ConfigSection& section = existing(config, name);
  if (section.get("snapstate") != "prepare") {
    throw Error::failed("guest.snapshot-state", "wrong snapshot state");
  }
  section.values.erase("snapstate");
  config.main.values.erase("lock");
  config.main.values["parent"] = name;
}

void forget_snapshot(GuestConfig& config, const std::string& name) {
  const auto found = config.snapshots.find(name);
  if (found == config.snapshots.end() || found->second.get("snapstate") != "prepare") return;
  config.snapshots.erase(found);
  if (config.main.get("lock") == "snapshot") config.main.values.erase("lock");
}

void begin_snapshot_removal(GuestConfig& config, const std::string& name) {
  existing(config, name).values["snapstate"] = "delete";
  config.main.values["lock"] = "snapshot-delete";
}

void finish_snapshot_removal(GuestConfig& config, const std::string& name) {
  const auto found = config.snapshots.find(name);
  if (config.main.get("lock") == "snapshot-delete") config.main.values.erase("lock");
  if (found == config.snapshots.end()) return;
  const std::string parent(found->second.get("parent"));
  config.snapshots.erase(found);
  const auto stand_on_parent = [&](ConfigSection& section) {
    if (section.get("parent") != name) return;
    if (parent.empty()) {
      section.values.erase("parent");
    } else {
      section.values["parent"] = parent;
    }
  };
  stand_on_parent(config.main);
  for (auto& [other, section] : config.snapshots) stand_on_parent(section);
}

const ConfigSection& rollback_target(const GuestConfig& config, const std::string& name) {
  const auto found = config.snapshots.find(name);
  if (found == config.snapshots.end()) {
    throw Error::failed("guest.no-snapshot", "snapshot '" + name + "' does not exist");
  }
  if (const std::string state(found->second.get("snapstate")); !state.empty()) {
    throw Error::failed("guest.snapshot-state",
                        "unable to rollback to incomplete snapshot (snapstate = " + state + ")");
  }
  return found->second;
}

void begin_rollback(GuestConfig& config, const std::string& name) {
  (void)rollback_target(config, name);
  config.main.values["lock"] = "rollback";
}

void finish_rollback(GuestConfig& config, const std::string& name, const VolumesOf& volumes_of,
                     const KeepVolume& keep) {
  const ConfigSection& target = rollback_target(config, name);
  const ConfigSection before = config.main;
  ConfigSection after;
  after.description = before.description;
  after.raw = target.raw;
  for (const auto& [key, value] : before.values) {
    if (key.starts_with("unused")) after.values[key] = value;
  }
  for (const auto& [key, value] : target.values) {
    if (!is_own(key)) after.values[key] = value;
  }
  // Old snapshots with memory kept the machine that it needs here, where nobody asked for one.
  if (target.has("vmstate") && !target.has("runningmachine") && !before.has("machine")) {
    after.values.erase("machine");
  }
  after.values["parent"] = name;
  const auto named = volumes_of(after);
  for (const std::string& volume : volumes_of(before)) {
    if (std::find(named.begin(), named.end(), volume) == named.end()) keep(after, volume);
  }
  config.main = std::move(after);
  config.pending = {};
  config.deletes.clear();
}

}  // namespace posada::guest
