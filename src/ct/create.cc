// Making a container: its volumes and their content first, then one transaction that makes id,
// config and volumes real (container_state.h). Whatever fails before that leaves nothing.
#include <algorithm>
#include <array>

#include "access/permissions.h"
#include "base/error.h"
#include "base/failpoint.h"
#include "base/text.h"
#include "ct/container_state.h"
#include "guest/hook.h"
#include "ct/guest_files.h"
#include "guest/properties.h"
#include "storage/volume_id.h"
#include "sys/file.h"

namespace posada::ct {

using access::Privilege;

namespace {

constexpr std::uint64_t default_root_bytes = 4ULL << 30;
constexpr std::int64_t seconds_of_day = 86400;

sys::Async<json::object> unpack(std::shared_ptr<Containers::State> self, task::Context& context,
                                const Creation& creation, guest::ConfigSection config,
                                const storage::Volume& root, unsigned root_id) {
  const auto source = storage::parse_volume_id(creation.os_template);
  task::WorkerOrder order;
  order.work = "unpack";
  order.parameters = {{"archive", self->parts.storages.path(source)},
                      {"target", self->parts.storages.path(root.id)},
                      {"image", root.format != storage::VolumeFormat::subvol},
                      {"id_first", root_id},
                      {"id_count", root_id == 0 ? 0 : self->settings.id_count},
                      {"password", creation.password},
                      {"ssh_keys", creation.ssh_keys},
                      {"today", self->parts.clock.wall_seconds() / seconds_of_day},
                      {"setup", rootfs::to_json(setup_of(creation.id, config, names_of_host()))}};
  co_return co_await self->workers.run(context, std::move(order));
}

void fill_in(guest::Values& values, const json::object& template_facts) {
  values.try_emplace("ostype", text_member(template_facts, "distribution").value_or("unmanaged"));
  values.try_emplace("arch", "amd64");
  values.try_emplace("memory", "512");
  values.try_emplace("swap", "512");
}

}  // namespace

sys::Async<void> Containers::State::create(std::shared_ptr<State> self, task::Context& context,
                                           Caller caller, Creation creation) {
  const GuestId id = creation.id;
  const auto claim = co_await self->parts.claims.acquire(id, {{guest::Aspect::exist, "", false}},
                                                         self->holder(context, "create"));
  self->check_free(id);
  guest::GuestConfig config;
  config.main.values = creation.values;
  if (config.main.has("hookscript"))
    co_await guest::check_hook(self->parts.storages, std::string(config.main.get("hookscript")));
  config.main.description = creation.description;
  const unsigned root_id = self->root_id(config.main);
  std::vector<storage::Volume> made;
  co_await prepare_volumes(self, context, caller, id, config.main.values, root_id, made);
  failpoint("ct.create.volumes");
  const std::string root(parse_mount("rootfs", config.main.get("rootfs")).source());
  const auto root_volume = std::ranges::find_if(
      made, [&](const storage::Volume& volume) { return volume.id.text() == root; });
  // Only what was made for it is filled: a volume that exists has content that somebody owns.
  if (root_volume == made.end())
    throw Error::parameter("rootfs", "a new container needs a new rootfs: STORAGE:GIB");
  const json::object facts =
      co_await unpack(self, context, creation, config.main, *root_volume, root_id);
  failpoint("ct.create.unpacked");
  fill_in(config.main.values, facts);
  store::Transaction extra = std::move(creation.extra);
  for (const storage::Volume& volume : made) self->parts.storages.adopt(volume, extra);
  context.cancel().check();
  co_await self->parts.registry.create(id, GuestKind::container,
                                       guest::write_config(std::move(config), grammar()),
                                       std::move(extra));
  failpoint("ct.create.committed");
}

namespace {

// Checks that need no waiting, so that the caller hears of them at once.
void check_creation(Containers::State& state, const Caller& caller, Creation& creation) {
  const std::string path = state.check_may_create(caller, creation.id, creation.pool);
  guest::Values normal;
  for (const auto& [key, value] : creation.values)
    normal[key] = normal_value(key, value, "", sys::random_bytes);
  creation.values = std::move(normal);
  creation.values.try_emplace("unprivileged", "1");
  const std::string storage = creation.default_storage.empty() ? "local" : creation.default_storage;
  creation.values.try_emplace("rootfs", storage + ":" + std::to_string(default_root_bytes >> 30));
  state.check_keys(caller, path, creation.values, {});
  for (const auto& [key, value] : creation.values) {
    if (!is_volume_key(key)) continue;
    const MountPoint mount = parse_mount(key, value);
    if (const auto wanted = new_volume(mount.source()))
      state.parts.storages.usable(wanted->storage, storage::Content::rootdir);
    else
      state.check_volume(caller, creation.id, mount);
  }
  const auto source = storage::parse_volume_id(creation.os_template);
  const auto name = storage::parse_volume_name(source.name);
  if (name.content != storage::Content::vztmpl)
    throw Error::parameter("ostemplate", "'" + creation.os_template + "' is no container template");
  state.parts.permissions.check(caller.user, "/storage/" + source.storage,
                                {Privilege::datastore_allocate_space, Privilege::datastore_audit},
                                true);
  state.parts.storages.usable(source.storage, storage::Content::vztmpl);
  if (!sys::exists(state.parts.storages.path(source)))
    throw Error::failed("storage.no-volume",
                        "volume '" + creation.os_template + "' does not exist");
}

sys::Async<void> create_and_start(std::shared_ptr<Containers::State> self, task::Context& context,
                                  Caller caller, Creation creation) {
  const GuestId id = creation.id;
  const bool start = creation.start;
  co_await Containers::State::create(self, context, caller, std::move(creation));
  if (!start) co_return;
  self->start_task(caller, id, "start", [self, id](task::Context& next) {
    return Containers::State::power_on(self, next, id, false);
  });
}

}  // namespace

task::Upid Containers::create(Caller caller, Creation creation) {
  state_->check_free(creation.id);
  check_creation(*state_, caller, creation);
  const auto self = state_;
  return state_->start_task(caller, creation.id, "create",
                            [self, caller, creation = std::move(creation)](task::Context& context) {
                              return create_and_start(self, context, caller, creation);
                            });
}

}  // namespace posada::ct
