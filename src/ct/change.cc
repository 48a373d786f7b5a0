// Changing a config (container_state.h). What a running container cannot take waits until it is
// off; limits reach it at once.
#include "guest/change.h"

#include <algorithm>

#include "access/permissions.h"
#include "base/error.h"
#include "base/failpoint.h"
#include "ct/container_state.h"
#include "guest/hook.h"
#include "sys/file.h"

namespace posada::ct {

namespace {

void check_request(Containers::State& state, const Caller& caller, const guest::Record& record,
                   const ConfigChange& change) {
  guest::check_change(state, caller, record, change);
  const std::string path = "/vms/" + record.id.text();
  state.check_keys(caller, path, change.set, change.unset);
  state.check_keys(caller, path, {}, change.revert);
  if (std::ranges::find(change.unset, "rootfs") != change.unset.end())
    throw Error::parameter("delete", "the rootfs of a container cannot be removed");
  if (change.set.contains("unprivileged"))
    throw Error::parameter("unprivileged",
                           "cannot be changed: the files belong to the ids of the other kind");
}

}  // namespace

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
  auto removed = co_await guest::change_config(
      self, context, record,
      [&](guest::ConfigChanger& changer) {
        changer.request(change, values, self->counts_as_running(id));
      },
      change.digest, std::move(extra));
  failpoint("ct.change.committed");
  if (self->find(id)) {
    const guest::ConfigSection now = self->config(record).config.main;
    co_await self->files.run([self, id, now] { self->apply_limits(id, now); });
  }
  co_await guest::drop_volumes(self, context, record, std::move(removed));
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
