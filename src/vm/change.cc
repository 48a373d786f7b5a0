// Changing a config (machine_state.h). A change is first written as waiting; what the machine can
// take at once (it does not run, the key needs no hardware, or hot plug works) moves from there to
// the main section. So a crash in between leaves a change that still waits, never a lost one.
#include <algorithm>

#include "access/permissions.h"
#include "base/error.h"
#include "base/failpoint.h"
#include "base/text.h"
#include "guest/hook.h"
#include "storage/volume_id.h"
#include "sys/file.h"
#include "sys/log.h"
#include "vm/block_nodes.h"
#include "vm/config_edit.h"
#include "vm/limits.h"
#include "vm/machine_state.h"

namespace posada::vm {

namespace {

bool own_volume(const Drive& disk, GuestId id) {
  if (!disk.names_volume() || (disk.is_cdrom() && !disk.is_cloudinit())) return false;
  const auto volume = storage::try_parse_volume_id(disk.file());
  const auto name = volume ? storage::try_parse_volume_name(volume->name) : std::nullopt;
  return name && name->owner == id;
}

// The disk under `key` leaves it: its volume stays as unusedN, or is to be removed.
void let_go(guest::ConfigSection& section, GuestId id, const std::string& key, bool force,
            std::vector<std::string>& removed) {
  const auto old = section.values.find(key);
  if (old == section.values.end()) return;
  const Drive disk = parse_drive(key, old->second, true);
  const bool own = own_volume(disk, id);
  section.values.erase(old);
  if (!own) return;
  // What is on a cloud-init disc is in the config.
  if (force || is_unused_key(key) || disk.is_cloudinit()) {
    removed.emplace_back(disk.file());
  } else {
    keep_unused(section, std::string(disk.file()));
  }
}

// One waiting change takes effect in the text. Volumes that nothing names any more go to `removed`.
void settle_value(guest::GuestConfig& config, GuestId id, const std::string& key,
                  const std::string& value, std::vector<std::string>& removed) {
  guest::ConfigSection& main = config.main;
  if (is_drive_key(key) && main.has(key)) {
    const Drive before = parse_drive(key, main.get(key), true);
    if (before.file() != parse_drive(key, value, true).file()) {
      let_go(main, id, key, false, removed);
    }
  }
  const bool fresh = !main.has(key);
  const bool disc = is_drive_key(key) && parse_drive(key, value, true).is_cloudinit();
  // Another disc has nothing on it yet.
  if (disc && (fresh || main.get(key) != value)) config.special.erase("cloudinit");
  main.values[key] = value;
  if (fresh && !disc &&
      (is_net_key(key) || (is_drive_key(key) && key != "efidisk0" && key != "tpmstate0"))) {
    join_boot_order(main, key);
  }
}

void settle_delete(guest::GuestConfig& config, GuestId id, const std::string& key, bool force,
                   std::vector<std::string>& removed) {
  if (key == "description") {
    config.main.description.reset();
  } else if (is_drive_key(key) || is_unused_key(key)) {
    let_go(config.main, id, key, force, removed);
  } else {
    config.main.values.erase(key);
  }
  leave_boot_order(config.main, key);
}

// What waits under `key` will not come: a volume that was made for it stays as unusedN, or goes
// when it holds nothing of its own.
void give_up_pending(guest::GuestConfig& config, GuestId id, const std::string& key,
                     std::vector<std::string>& removed) {
  if (is_drive_key(key) && config.pending.has(key)) {
    const Drive waiting = parse_drive(key, config.pending.get(key), true);
    const auto now = drive(config.main, key);
    const bool in_use = now && now->file() == waiting.file();
    if (!in_use && own_volume(waiting, id)) {
      if (waiting.is_cloudinit()) {
        removed.emplace_back(waiting.file());
      } else {
        keep_unused(config.main, std::string(waiting.file()));
      }
    }
  }
  config.revert(key);
}

void settle_all(guest::GuestConfig& config, GuestId id, std::vector<std::string>& removed) {
  for (const auto& [key, force] : guest::PendingDeletes(config.deletes)) {
    settle_delete(config, id, key, force, removed);
  }
  for (const auto& [key, value] : guest::Values(config.pending.values)) {
    settle_value(config, id, key, value, removed);
  }
  config.deletes.clear();
  config.pending = {};
}

// Removes volumes that no config names any more; journalled, so that a crash does not forget them.
sys::Async<void> drop_volumes(std::shared_ptr<Machines::State> self, task::Context& context,
                              const guest::Record& record, std::vector<std::string> list) {
  for (const std::string& volume : list) {
    if (uses_volume(self->config(record).config, volume)) continue;  // a snapshot still has it
    co_await context.journal().will("vm.volume", {{"volume", volume}, {"guest", record.id.number}});
    failpoint("vm.volume.journalled");
    co_await self->parts.storages.remove(storage::parse_volume_id(volume));
    context.log("removed volume " + volume);
  }
}

// Writes the request as waiting changes, or as facts when the machine is off.
void write_request(guest::GuestConfig& config, GuestId id, const ConfigChange& change,
                   const guest::Values& values, bool is_running,
                   std::vector<std::string>& removed) {
  for (const std::string& key : change.revert) give_up_pending(config, id, key, removed);
  for (const std::string& key : change.unset) {
    if (is_unused_key(key) || !is_running || effect_of(key) == Effect::at_once) {
      give_up_pending(config, id, key, removed);
      settle_delete(config, id, key, change.force, removed);
    } else if (config.main.has(key)) {
      config.delete_later(key, change.force);
    } else {
      give_up_pending(config, id, key, removed);
    }
  }
  for (const auto& [key, value] : values) {
    if (key == "description") {
      config.main.description = value;
    } else if (!is_running || effect_of(key) == Effect::at_once) {
      give_up_pending(config, id, key, removed);
      settle_value(config, id, key, value, removed);
    } else {
      give_up_pending(config, id, key, removed);
      config.set_later(key, value);
    }
  }
}

void check_names(const std::vector<std::string>& keys, const char* parameter) {
  for (const std::string& key : keys) {
    if (key != "description" && !grammar().keys.knows(key)) {
      throw Error::parameter(parameter, "unknown option '" + key + "'");
    }
  }
}

void check_request(Machines::State& state, const Caller& caller, const guest::Record& record,
                   const ConfigChange& change) {
  const auto& parsed = state.config(record);
  if (!change.digest.empty() && change.digest != parsed.digest) {
    throw Error::failed("guest.digest", "checksum mismatch (file change by other user?)");
  }
  state.check_lock(parsed.config, change.skip_lock);
  if (change.skip_lock && !caller.user.is_root()) {
    throw Error::parameter("skiplock", "Only root may use this option.");
  }
  check_names(change.unset, "delete");
  check_names(change.revert, "revert");
  state.check_keys(caller, "/vms/" + record.id.text(), change.set, change.unset);
  state.check_keys(caller, "/vms/" + record.id.text(), {}, change.revert);
  for (const std::string& key : change.unset) {
    if (change.set.contains(key)) {
      throw Error::parameter(key, "unable to use '" + key + "' and 'delete' for it at once");
    }
  }
  guest::ConfigSection next = parsed.config.next();
  guest::Values asked;
  for (const auto& [name, value] : change.set) asked[grammar().keys.canonical(name)] = value;
  for (const std::string& key : change.unset) next.values.erase(key);
  for (const auto& [key, value] : asked) next.values[key] = value;
  check_limits(next, asked);
}

guest::Values normal_values(const guest::GuestConfig& config, const guest::Values& set) {
  guest::Values values;
  for (const auto& [name, value] : set) {
    const std::string key = grammar().keys.canonical(name);
    values[key] = key == "description"
                      ? value
                      : normal_value(key, value, config.next().get(key), sys::random_bytes);
  }
  return values;
}

// What waits and may be brought into the running machine, deletions first.
sys::Async<void> plug_waiting(std::shared_ptr<Machines::State> self, task::Context& context,
                              const guest::Record& record, std::shared_ptr<Running> run) {
  const guest::GuestConfig config = self->config(record).config;
  std::vector<std::pair<std::string, std::optional<std::string>>> work;
  for (const auto& [key, force] : config.deletes) work.emplace_back(key, std::nullopt);
  for (const auto& [key, value] : config.pending.values) work.emplace_back(key, value);
  for (const auto& [key, value] : work) {
    if (effect_of(key) != Effect::plugged) continue;
    bool done = false;
    try {
      done = co_await Machines::State::plug(self, context, run, key, value);
    } catch (const Error& error) {
      if (std::string_view(error.what()).starts_with("failpoint")) throw;
      context.warn("hotplug problem - " + key + ": " + error.what());
    }
    if (!done) continue;
    failpoint("vm.change.plugged");
    std::vector<std::string> removed;
    const std::string name = key;
    co_await self->parts.registry.edit(record, "", [&](const std::string& text) {
      removed.clear();
      return self->changed_text(text, record.id, [&](guest::GuestConfig& now) {
        if (const auto waiting = now.pending.values.find(name);
            waiting != now.pending.values.end()) {
          const std::string settled = waiting->second;
          now.revert(name);
          settle_value(now, record.id, name, settled, removed);
        } else if (const auto gone = now.deletes.find(name); gone != now.deletes.end()) {
          const bool force = gone->second;
          now.revert(name);
          settle_delete(now, record.id, name, force, removed);
        }
      });
    });
    co_await drop_volumes(self, context, record, removed);
  }
}

}  // namespace

sys::Async<void> Machines::State::remove_unused(std::shared_ptr<State> self, task::Context& context,
                                                guest::Record record,
                                                std::vector<std::string> keys) {
  std::vector<std::string> removed;
  co_await self->parts.registry.edit(record, "", [&](const std::string& text) {
    removed.clear();
    return self->changed_text(text, record.id, [&](guest::GuestConfig& config) {
      for (const std::string& key : keys) settle_delete(config, record.id, key, true, removed);
    });
  });
  co_await drop_volumes(self, context, record, removed);
}

sys::Async<void> Machines::State::apply_pending(std::shared_ptr<State> self, task::Context& context,
                                                guest::Record record) {
  if (!self->config(record).config.has_pending()) co_return;
  std::vector<std::string> removed;
  co_await self->parts.registry.edit(record, "", [&](const std::string& text) {
    removed.clear();
    return self->changed_text(text, record.id, [&](guest::GuestConfig& config) {
      settle_all(config, record.id, removed);
    });
  });
  failpoint("vm.pending.applied");
  co_await drop_volumes(self, context, record, removed);
}

sys::Async<void> Machines::State::change(std::shared_ptr<State> self, task::Context& context,
                                         Caller caller, GuestId id, ConfigChange change,
                                         bool patient) {
  std::vector<guest::Wanted> wanted = {{guest::Aspect::config, "", false}};
  guest::Claim claim;
  if (patient) {
    claim = co_await self->parts.claims.acquire(id, wanted, self->holder(context, "config"));
  } else {
    claim = co_await self->parts.claims.acquire_within(id, wanted, self->holder("config"));
  }
  const auto record = self->require(id);
  check_request(*self, caller, record, change);
  if (const auto hook = change.set.find("hookscript"); hook != change.set.end()) {
    co_await guest::check_hook(self->parts.storages, hook->second);
  }
  guest::Values values = normal_values(self->config(record).config, change.set);
  co_await hash_password(self, values);
  std::vector<storage::Volume> made;
  co_await prepare_disks(self, context, caller, id, values, "", made);
  failpoint("vm.change.disks");
  store::Transaction extra;
  for (const storage::Volume& volume : made) self->parts.storages.adopt(volume, extra);
  std::vector<std::string> removed;
  const bool is_running = self->find(id) != nullptr;
  co_await self->parts.registry.edit(
      record, change.digest,
      [&](const std::string& text) {
        removed.clear();
        return self->changed_text(text, id, [&](guest::GuestConfig& config) {
          write_request(config, id, change, values, is_running, removed);
        });
      },
      std::move(extra));
  failpoint("vm.change.committed");
  co_await drop_volumes(self, context, record, removed);
  if (const auto run = self->find(id); run && run->qmp && !run->qmp->closed()) {
    co_await plug_waiting(self, context, record, run);
  }
}

sys::Async<std::string> undo_volume(std::shared_ptr<Machines::State> state, json::object details) {
  if (!state) co_return std::string();
  const std::string volume = text_member(details, "volume").value_or("");
  const GuestId id{static_cast<std::uint32_t>(integer_member(details, "guest").value_or(0))};
  const auto record = state->parts.registry.find(id);
  if (record && record->kind == GuestKind::vm &&
      uses_volume(state->config(*record).config, volume)) {
    co_return std::string();
  }
  co_await state->parts.storages.remove(storage::parse_volume_id(volume));
  co_return "removed volume " + volume;
}

sys::Async<void> Machines::State::resize(std::shared_ptr<State> self, task::Context& context,
                                         GuestId id, std::string disk, std::string size,
                                         std::string digest) {
  const auto claim = co_await self->parts.claims.acquire(id, {{guest::Aspect::disk, disk, false}},
                                                         self->holder(context, "resize"));
  const auto record = self->require(id);
  const auto current = drive(self->config(record).config.main, disk);
  if (!current) {
    throw Error::failed("vm.no-such-disk", "disk '" + disk + "' does not exist");
  }
  if (current->is_cdrom()) throw Error::failed("vm.cdrom", "you can't resize a cdrom");
  const auto volume = storage::parse_volume_id(current->file());
  const auto now = (co_await self->parts.storages.info(volume)).bytes;
  const bool more = size.starts_with('+');
  const auto amount = guest::parse_size(more ? std::string_view(size).substr(1) : size);
  if (!amount) throw Error::parameter("size", "value does not match the regex pattern");
  if (*amount > std::uint64_t{1} << 50) {
    throw Error::parameter("size", "a disk may have at most 1 PiB");
  }
  std::uint64_t target = more ? now + *amount : *amount;
  target = (target + 1023) / 1024 * 1024;
  if (target < now) throw Error::failed("vm.shrink", "shrinking disks is not supported");
  const auto run = self->find(id);
  if (target > now) {
    if (run && run->qmp && !run->qmp->closed()) {
      const std::string node = node_of(co_await block_nodes(*run->qmp), disk);
      co_await run->qmp->execute("block_resize", {{"node-name", node}, {"size", target}},
                                 sys::Milliseconds(60000));
      failpoint("vm.resize.running");
    }
    co_await self->parts.storages.resize(volume, target, run != nullptr);
  }
  failpoint("vm.resize.volume");
  co_await self->parts.registry.edit(record, digest, [&](const std::string& text) {
    return self->changed_text(text, id, [&](guest::GuestConfig& config) {
      auto changed = drive(config.main, disk);
      if (!changed || changed->file() != current->file()) return;
      changed->options["size"] = guest::print_size(target);
      config.main.values[disk] = print_drive(*changed);
    });
  });
}

sys::Async<void> Machines::set_config(Caller caller, GuestId id, ConfigChange change) {
  const auto self = state_;
  check_request(*self, caller, self->require(id), change);
  co_await self->parts.tasks.run({"qmconfig", id.text(), caller.user, caller.request},
                                 [self, caller, id, change](task::Context& context) {
                                   return State::change(self, context, caller, id, change, false);
                                 });
}

task::Upid Machines::set_config_task(Caller caller, GuestId id, ConfigChange change) {
  const auto self = state_;
  check_request(*self, caller, self->require(id), change);
  return self->parts.tasks.start({"qmconfig", id.text(), caller.user, caller.request},
                                 [self, caller, id, change](task::Context& context) {
                                   return State::change(self, context, caller, id, change, true);
                                 });
}

sys::Async<void> Machines::unlink(Caller caller, GuestId id, std::vector<std::string> disks,
                                  bool force) {
  ConfigChange change;
  for (const std::string& disk : disks) {
    if (!is_drive_key(disk) && !is_unused_key(disk)) {
      throw Error::parameter("idlist", "'" + disk + "' is not a disk");
    }
  }
  change.unset = std::move(disks);
  change.force = force;
  co_await set_config(std::move(caller), id, std::move(change));
}

task::Upid Machines::resize(Caller caller, GuestId id, std::string disk, std::string size,
                            std::string digest, bool skip_lock) {
  const auto self = state_;
  const auto record = self->require(id);
  self->check(caller, id, access::Privilege::vm_config_disk);
  self->check_lock(self->config(record).config, skip_lock);
  if (!drive(self->config(record).config.main, disk)) {
    throw Error::failed("vm.no-such-disk", "disk '" + disk + "' does not exist");
  }
  return self->parts.tasks.start({"resize", id.text(), caller.user, caller.request},
                                 [self, id, disk, size, digest](task::Context& context) {
                                   return State::resize(self, context, id, disk, size, digest);
                                 });
}

}  // namespace posada::vm
