// Templates and copies of containers (container_state.h). Volumes first, then one transaction, as
// in create.cc.
#include "guest/clone.h"

#include "access/permissions.h"
#include "base/error.h"
#include "base/failpoint.h"
#include "ct/container_state.h"
#include "guest/properties.h"
#include "storage/volume_id.h"
#include "sys/file.h"

namespace posada::ct {

using access::Privilege;

namespace {

// The config of a copy: what names this one container in the world is made anew.
guest::ConfigSection copied_config(const guest::ConfigSection& source,
                                   const CloneOptions& options) {
  guest::ConfigSection result = source;
  std::erase_if(result.values, [](const auto& item) {
    return is_unused_key(item.first) || item.first == "template" || item.first == "lock" ||
           item.first == "parent";
  });
  for (auto& [key, value] : result.values) {
    if (!is_net_key(key)) continue;
    NetworkCard card = parse_card(key, value);
    card.options.erase("hwaddr");
    value = normal_value(key, print_card(card), "", sys::random_bytes);
  }
  if (!options.name.empty()) result.values["hostname"] = options.name;
  if (!options.description.empty()) result.description = options.description;
  return result;
}

// Copies need a container that does not write meanwhile.
void check_copied(Containers::State& state, GuestId id) {
  const auto& source = state.config(state.require(id)).config;
  state.check_lock(source, false);
  if (state.find(id))
    throw Error::failed("ct.clone-running",
                        "Cannot do full clones on a running container without snapshots")
        .with_hint("Shut the container down first.");
  for (const MountPoint& mount : mounts(source.main)) {
    if (!mount.names_volume())
      throw Error::failed("ct.clone-bind", "unable to clone mountpoint '" + mount.key +
                                               "' (type bind): it is a folder of the host");
  }
}

sys::Async<void> clone_now(std::shared_ptr<Containers::State> self, task::Context& context,
                           GuestId id, CloneOptions options) {
  const auto claims = co_await guest::claim_copy(self, context, id, options.target, true);
  check_copied(*self, id);
  const guest::ConfigSection source = self->config(self->require(id)).config.main;
  guest::GuestConfig config;
  config.main = copied_config(source, options);
  store::Transaction extra = std::move(options.extra);
  for (MountPoint& mount : mounts(source)) {
    const storage::Volume made = co_await Containers::State::copy_volume(
        self, context, mount, options.target, options.storage, self->root_id(source));
    failpoint("ct.clone.volume");
    mount.options["volume"] = made.id.text();
    config.main.values[mount.key] = print_mount(mount);
    self->parts.storages.adopt(made, extra);
  }
  context.cancel().check();
  co_await self->parts.registry.create(options.target, GuestKind::container,
                                       guest::write_config(std::move(config), grammar()),
                                       std::move(extra));
  failpoint("ct.clone.committed");
}

void check_template(Containers::State& state, GuestId id) {
  const auto& config = state.config(state.require(id)).config;
  state.check_lock(config, false);
  if (!config.snapshots.empty())
    throw Error::failed("ct.template-snapshots",
                        "unable to create template, because CT contains snapshots");
  if (flag(config.main, "template", false))
    throw Error::failed("ct.template-already",
                        "unable to create template, because CT is already a template");
  if (state.find(id))
    throw Error::failed("ct.template-running", "unable to create template, because CT is running");
}

sys::Async<void> make_template(std::shared_ptr<Containers::State> self, task::Context& context,
                               GuestId id) {
  const auto claim = co_await self->parts.claims.acquire(
      id, {{guest::Aspect::power, "", false}, {guest::Aspect::config, "", false}},
      self->holder(context, "template"));
  check_template(*self, id);
  const auto record = self->require(id);
  store::Transaction extra;
  guest::Values renamed;
  for (MountPoint& mount : mounts(self->config(record).config.main)) {
    if (!mount.names_volume()) continue;
    const auto volume = storage::parse_volume_id(mount.source());
    const auto name = storage::parse_volume_name(volume.name);
    // A folder keeps its name: nothing can be linked to it.
    if (name.is_base || name.format == "subvol") continue;
    const auto base = co_await self->parts.storages.make_template(volume, context.journal());
    failpoint("ct.template.volume");
    mount.options["volume"] = base.id.text();
    renamed[mount.key] = print_mount(mount);
    self->parts.storages.adopt(base, extra);
  }
  co_await guest::become_template(self, record, std::move(renamed), std::move(extra));
  failpoint("ct.template.committed");
}

}  // namespace

task::Upid Containers::clone(Caller caller, GuestId id, CloneOptions options) {
  const auto self = state_;
  const auto record = self->require(id);
  self->check(caller, id, Privilege::vm_clone);
  self->check_may_create(caller, options.target, options.pool);
  self->check_free(options.target);
  check_copied(*self, id);
  for (const MountPoint& mount : mounts(self->config(record).config.main)) {
    const auto volume = storage::parse_volume_id(mount.source());
    const std::string& name = options.storage.empty() ? volume.storage : options.storage;
    self->parts.permissions.check(caller.user, "/storage/" + name,
                                  Privilege::datastore_allocate_space);
    self->parts.storages.usable(name, storage::Content::rootdir);
  }
  return self->start_task(caller, id, "clone", [self, id, options](task::Context& context) {
    return clone_now(self, context, id, options);
  });
}

sys::Async<void> Containers::make_template(Caller caller, GuestId id) {
  const auto self = state_;
  self->require(id);
  self->check(caller, id, Privilege::vm_allocate);
  check_template(*self, id);
  co_await self->parts.tasks.run(
      {"vztemplate", id.text(), caller.user, caller.request},
      [self, id](task::Context& context) { return ct::make_template(self, context, id); });
}

}  // namespace posada::ct
