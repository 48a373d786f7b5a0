// Changing a config (machine_state.h). A change is first written as waiting; what the machine can
// take at once (it does not run, the key needs no hardware, or hot plug works) moves from there to
// the main section. So a crash in between leaves a change that still waits, never a lost one.
#include "guest/change.h"

#include <algorithm>

#include "access/permissions.h"
#include "base/error.h"
#include "base/failpoint.h"
#include "base/text.h"
#include "guest/hook.h"
#include "guest/resize.h"
#include "storage/volume_id.h"
#include "sys/file.h"
#include "sys/log.h"
#include "vm/block_nodes.h"
#include "vm/cloudinit_drive.h"
#include "vm/config_edit.h"
#include "vm/limits.h"
#include "vm/machine_state.h"

namespace posada::vm {

namespace {

void check_request(Machines::State& state, const Caller& caller, const guest::Record& record,
                   const ConfigChange& change) {
  guest::check_change(state, caller, record, change);
  const std::string path = "/vms/" + record.id.text();
  state.check_keys(caller, path, change.set, change.unset);
  state.check_keys(caller, path, {}, change.revert);
  guest::ConfigSection next = state.config(record).config.next();
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

storage::VolumeId resizable_volume(const guest::ConfigSection& config, const std::string& key) {
  const auto disk = is_drive_key(key) ? drive(config, key) : std::nullopt;
  if (!disk) throw Error::failed("vm.no-such-disk", "disk '" + key + "' does not exist");
  if (disk->is_cdrom()) throw Error::failed("vm.cdrom", "you can't resize a cdrom");
  return storage::parse_volume_id(disk->file());
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
    auto removed = co_await guest::change_config(
        self, context, record,
        [name = key](guest::ConfigChanger& changer) { changer.settle(name); });
    co_await guest::drop_volumes(self, context, record, std::move(removed));
  }
}

}  // namespace

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
  if (const auto custom = change.set.find("cicustom"); custom != change.set.end()) {
    co_await check_snippets(self, caller, custom->second);
  }
  guest::Values values = normal_values(self->config(record).config, change.set);
  co_await hash_password(self, values);
  std::vector<storage::Volume> made;
  co_await prepare_disks(self, context, caller, id, values, "", made);
  failpoint("vm.change.disks");
  store::Transaction extra;
  for (const storage::Volume& volume : made) self->parts.storages.adopt(volume, extra);
  auto removed = co_await guest::change_config(
      self, context, record,
      [&](guest::ConfigChanger& changer) {
        changer.request(change, values, self->counts_as_running(id));
      },
      change.digest, std::move(extra));
  failpoint("vm.change.committed");
  co_await guest::drop_volumes(self, context, record, std::move(removed));
  if (const auto run = self->find(id); run && run->qmp && !run->qmp->closed()) {
    co_await plug_waiting(self, context, record, run);
  }
}

sys::Async<void> Machines::State::resize(std::shared_ptr<State> self, task::Context& context,
                                         GuestId id, std::string disk, guest::WantedSize size,
                                         std::string digest) {
  const auto claim = co_await self->parts.claims.acquire(id, {{guest::Aspect::disk, disk, false}},
                                                         self->holder(context, "resize"));
  guest::Claim stays_off;
  if (!self->find(id)) {
    stays_off = co_await self->parts.claims.acquire(id, {{guest::Aspect::power, "", true}},
                                                    self->holder(context, "resize"));
  }
  const auto record = self->require(id);
  guest::check_digest(*self, digest, self->config(record).digest);
  const auto volume = resizable_volume(self->config(record).config.main, disk);
  const auto now = (co_await self->parts.storages.info(volume)).bytes;
  constexpr std::uint64_t block = 1024;
  const std::uint64_t target = guest::grown_size(*self, size, now, block);
  co_await guest::will_resize(self, context, record, volume);
  failpoint("vm.resize.journalled");
  const bool live = self->find(id) != nullptr;
  if (live && target > now) {
    const auto run = self->require_running(id);
    const std::string node = node_of(co_await block_nodes(*run->qmp), disk);
    co_await run->qmp->execute("block_resize", {{"node-name", node}, {"size", target}},
                               sys::Milliseconds(60000));
    failpoint("vm.resize.running");
  }
  co_await self->parts.storages.resize(volume, target, live);
  failpoint("vm.resize.volume");
  co_await guest::note_size(self, record, volume, target);
  failpoint("vm.resize.committed");
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
  guest::check_digest(*self, digest, self->config(record).digest);
  const auto volume = resizable_volume(self->config(record).config.main, disk);
  self->parts.permissions.check(caller.user, "/storage/" + volume.storage,
                                access::Privilege::datastore_allocate_space);
  const auto wanted = guest::parse_wanted_size(size);
  return self->parts.tasks.start({"resize", id.text(), caller.user, caller.request},
                                 [self, id, disk, wanted, digest](task::Context& context) {
                                   return State::resize(self, context, id, disk, wanted, digest);
                                 });
}

}  // namespace posada::vm
