// Changing a config (container_state.h). What a running container cannot take waits for its next
// start; limits reach it at once.
#include <algorithm>

#include "access/permissions.h"
#include "base/error.h"
#include "base/failpoint.h"
#include "ct/container_state.h"
#include "guest/hook.h"
#include "storage/volume_id.h"
#include "sys/file.h"

namespace posada::ct {

namespace {

// The volume under `key` leaves it: it stays as unusedN, or with the key unusedN is removed.
void let_go(guest::ConfigSection& section, GuestId id, const std::string& key,
            std::vector<std::string>& removed) {
  const auto old = section.values.find(key);
  if (old == section.values.end()) return;
  const std::string value = old->second;
  section.values.erase(old);
  if (is_unused_key(key)) {
    removed.push_back(value.substr(0, value.find(',')));
    return;
  }
  const MountPoint mount = parse_mount(key, value);
  if (is_own_volume(mount.source(), id)) keep_unused(section, std::string(mount.source()));
}

// What waits under `key` will not come: a volume that was made for it stays as unusedN.
void give_up_pending(guest::GuestConfig& config, GuestId id, const std::string& key) {
  if (is_volume_key(key) && config.pending.has(key)) {
    const std::string source(parse_mount(key, config.pending.get(key)).source());
    const bool in_use =
        config.main.has(key) && parse_mount(key, config.main.get(key)).source() == source;
    if (!in_use && is_own_volume(source, id)) keep_unused(config.main, source);
  }
  config.revert(key);
}

void settle_value(guest::GuestConfig& config, GuestId id, const std::string& key,
                  const std::string& value, std::vector<std::string>& removed) {
  if (is_volume_key(key) && config.main.has(key) &&
      parse_mount(key, config.main.get(key)).source() != parse_mount(key, value).source())
    let_go(config.main, id, key, removed);
  config.main.values[key] = value;
}

void settle_delete(guest::GuestConfig& config, GuestId id, const std::string& key,
                   std::vector<std::string>& removed) {
  if (key == "description")
    config.main.description.reset();
  else if (is_volume_key(key) || is_unused_key(key))
    let_go(config.main, id, key, removed);
  else
    config.main.values.erase(key);
}

void settle_all(guest::GuestConfig& config, GuestId id, std::vector<std::string>& removed) {
  for (const auto& [key, force] : guest::PendingDeletes(config.deletes))
    settle_delete(config, id, key, removed);
  for (const auto& [key, value] : guest::Values(config.pending.values))
    settle_value(config, id, key, value, removed);
  config.deletes.clear();
  config.pending = {};
}

// Writes the request as waiting changes, or as facts when the container is off.
void write_request(guest::GuestConfig& config, GuestId id, const ConfigChange& change,
                   const guest::Values& values, bool is_running,
                   std::vector<std::string>& removed) {
  for (const std::string& key : change.revert) give_up_pending(config, id, key);
  for (const std::string& key : change.unset) {
    if (!is_running || takes_effect_at_once(key)) {
      give_up_pending(config, id, key);
      settle_delete(config, id, key, removed);
    } else if (config.main.has(key)) {
      config.delete_later(key, false);
    } else {
      give_up_pending(config, id, key);
    }
  }
  for (const auto& [key, value] : values) {
    if (key == "description") {
      config.main.description = value;
    } else if (!is_running || takes_effect_at_once(key)) {
      give_up_pending(config, id, key);
      settle_value(config, id, key, value, removed);
    } else {
      give_up_pending(config, id, key);
      config.set_later(key, value);
    }
  }
}

void check_request(Containers::State& state, const Caller& caller, const guest::Record& record,
                   const ConfigChange& change) {
  const auto& parsed = state.config(record);
  if (!change.digest.empty() && change.digest != parsed.digest)
    throw Error::failed("guest.digest",
                        "detected modified configuration - file changed by other user? Try again.");
  state.check_lock(parsed.config, false);
  const std::string path = "/vms/" + record.id.text();
  state.check_keys(caller, path, change.set, change.unset);
  state.check_keys(caller, path, {}, change.revert);
  for (const std::string& key : change.unset) {
    if (change.set.contains(key))
      throw Error::parameter(key, "unable to use '" + key + "' and 'delete' for it at once");
    if (key == "rootfs")
      throw Error::parameter("delete", "the rootfs of a container cannot be removed");
    if (key != "description" && !grammar().keys.knows(key))
      throw Error::parameter("delete", "unknown option '" + key + "'");
  }
  if (change.set.contains("unprivileged"))
    throw Error::parameter("unprivileged",
                           "cannot be changed: the files belong to the ids of the other kind");
}

}  // namespace

sys::Async<void> Containers::State::drop_volumes(std::shared_ptr<State> self,
                                                 task::Context& context,
                                                 const guest::Record& record,
                                                 std::vector<std::string> list) {
  for (const std::string& volume : list) {
    const auto used = volumes(self->config(record).config);
    if (std::ranges::find(used, volume) != used.end()) continue;  // a snapshot still has it
    co_await context.journal().will("ct.volume", {{"volume", volume}, {"guest", record.id.number}});
    failpoint("ct.volume.journalled");
    co_await self->parts.storages.remove(storage::parse_volume_id(volume));
    context.log("removed volume " + volume);
  }
}

// A removal that had begun is finished, unless the config names the volume (again).
sys::Async<std::string> undo_volume(std::shared_ptr<Containers::State> state,
                                    json::object details) {
  if (!state) co_return std::string();
  const GuestId id = guest::journalled_guest(details);
  const std::string volume = text_member(details, "volume").value_or("");
  if (const auto record = state->parts.registry.find(id)) {
    const auto used = volumes(state->config(*record).config);
    if (std::ranges::find(used, volume) != used.end()) co_return std::string();
  }
  co_await state->parts.storages.remove(storage::parse_volume_id(volume));
  co_return "removed volume " + volume;
}

sys::Async<void> Containers::State::apply_pending(std::shared_ptr<State> self,
                                                  task::Context& context, guest::Record record) {
  if (!self->config(record).config.has_pending()) co_return;
  std::vector<std::string> removed;
  co_await self->parts.registry.edit(record, "", [&](const std::string& text) {
    removed.clear();
    return self->changed_text(text, record.id, [&](guest::GuestConfig& config) {
      settle_all(config, record.id, removed);
    });
  });
  failpoint("ct.pending.applied");
  co_await drop_volumes(self, context, record, removed);
}

sys::Async<void> Containers::State::change(std::shared_ptr<State> self, task::Context& context,
                                           Caller caller, GuestId id, ConfigChange change) {
  const auto claim = co_await self->parts.claims.acquire_within(
      id, {{guest::Aspect::config, "", false}}, self->holder(context, "config"),
      sys::Milliseconds(4000), "CT");
  const auto record = self->require(id);
  check_request(*self, caller, record, change);
  if (const auto hook = change.set.find("hookscript"); hook != change.set.end())
    co_await guest::check_hook(self->parts.storages, hook->second);
  const guest::GuestConfig before = self->config(record).config;
  guest::Values values;
  for (const auto& [key, value] : change.set)
    values[key] = normal_value(key, value, before.next().get(key), sys::random_bytes);
  std::vector<storage::Volume> made;
  co_await prepare_volumes(self, context, caller, id, values, self->root_id(before.main), made);
  store::Transaction extra;
  for (const storage::Volume& volume : made) self->parts.storages.adopt(volume, extra);
  const auto run = self->find(id);
  std::vector<std::string> removed;
  co_await self->parts.registry.edit(
      record, change.digest,
      [&](const std::string& text) {
        removed.clear();
        return self->changed_text(text, id, [&](guest::GuestConfig& config) {
          write_request(config, id, change, values, run != nullptr, removed);
        });
      },
      std::move(extra));
  failpoint("ct.change.committed");
  if (run) {
    const guest::ConfigSection now = self->config(record).config.main;
    co_await self->files.run([self, id, now] { self->apply_limits(id, now); });
  }
  co_await drop_volumes(self, context, record, removed);
}

sys::Async<void> Containers::set_config(Caller caller, GuestId id, ConfigChange change) {
  const auto self = state_;
  self->require(id);
  co_await self->parts.tasks.run({"vzconfig", id.text(), caller.user, caller.request},
                                 [self, caller, id, change](task::Context& context) {
                                   return State::change(self, context, caller, id, change);
                                 });
}

}  // namespace posada::ct
