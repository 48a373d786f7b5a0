// Volumes of containers: made with a file system or as a folder of their own, copied, made larger,
// moved (container_state.h).
#include <algorithm>

#include "access/permissions.h"
#include "base/error.h"
#include "base/failpoint.h"
#include "base/text.h"
#include "ct/container_state.h"
#include "guest/change.h"
#include "guest/properties.h"
#include "guest/resize.h"
#include "storage/volume_id.h"
#include "sys/file.h"
#include "sys/log.h"

namespace posada::ct {

using access::Privilege;
using storage::VolumeFormat;

namespace {

constexpr sys::Milliseconds format_patience(600000);

// An ext4 file system whose root folder belongs to the container's root.
sys::Async<void> make_file_system(std::string path, unsigned root_id) {
  const std::string owner = std::to_string(root_id);
  sys::Command command;
  command.arguments = {"mkfs.ext4", "-q", "-F", "-E", "root_owner=" + owner + ":" + owner, path};
  co_await sys::run_checked(std::move(command), {}, format_patience);
}

// A file system that is mounted grows from inside the mount namespace that mounted it: the one of
// the container's monitor. Any other would take it for unused.
sys::Async<void> grow_mounted(std::string image, int monitor) {
  sys::Command find;
  find.arguments = {"losetup", "--noheadings", "--output", "NAME", "--associated", image};
  const auto found = co_await sys::run_checked(std::move(find));
  const auto devices = split_list(found.output, " \n");
  if (devices.size() != 1)
    throw Error::failed("ct.resize", "the mounted device of '" + image + "' was not found");
  sys::Command refresh;
  refresh.arguments = {"losetup", "--set-capacity", devices[0]};
  co_await sys::run_checked(std::move(refresh));
  sys::Command grow;
  grow.arguments = {"nsenter",   "--target", std::to_string(monitor), "--mount", "--",
                    "resize2fs", devices[0]};
  co_await sys::run_checked(std::move(grow), {}, format_patience);
}

sys::Async<void> grow_unmounted(std::string image) {
  sys::Command check;
  check.arguments = {"e2fsck", "-f", "-p", image};
  const auto finished = co_await sys::run(std::move(check), {}, format_patience);
  constexpr int corrected = 1;
  if (finished.status > corrected)
    throw Error::failed("ct.resize",
                        "the file system on '" + image +
                            "' has errors - not resized: " + std::string(trim(finished.output)));
  sys::Command grow;
  grow.arguments = {"resize2fs", image};
  co_await sys::run_checked(std::move(grow), {}, format_patience);
}

MountPoint mount_of(const guest::ConfigSection& config, const std::string& key) {
  if (!config.has(key)) throw Error::failed("ct.no-volume", "volume '" + key + "' does not exist");
  MountPoint mount = parse_mount(key, config.get(key));
  if (!mount.names_volume())
    throw Error::failed("ct.no-volume", "'" + key + "' is a folder of the host, not a volume");
  return mount;
}

storage::VolumeId resizable_volume(const guest::ConfigSection& config, const std::string& key) {
  auto volume = storage::parse_volume_id(mount_of(config, key).source());
  if (storage::parse_volume_name(volume.name).format == "subvol")
    throw Error::failed("ct.resize", "'" + volume.text() +
                                         "' is a folder without a size of its own: it takes what "
                                         "its storage has");
  return volume;
}

}  // namespace

sys::Async<storage::Volume> Containers::State::make_volume(std::shared_ptr<State> self,
                                                           task::Context& context, GuestId owner,
                                                           NewVolume wanted, unsigned root_id) {
  storage::Allocation allocation;
  allocation.storage = wanted.storage;
  allocation.owner = owner;
  allocation.content = storage::Content::rootdir;
  allocation.bytes = wanted.bytes;
  allocation.format = wanted.bytes == 0 ? VolumeFormat::subvol : VolumeFormat::raw;
  allocation.task = context.upid().text();
  storage::Volume volume =
      co_await self->parts.storages.allocate(std::move(allocation), &context.journal());
  failpoint("ct.volume.allocated");
  const std::string path = self->parts.storages.path(volume.id);
  if (volume.format == VolumeFormat::subvol) {
    co_await self->files.run([path, root_id] { sys::give_to(path, root_id); });
  } else {
    context.log("creating ext4 file system on " + volume.id.text());
    co_await make_file_system(path, root_id);
  }
  failpoint("ct.volume.formatted");
  co_return volume;
}

sys::Async<void> Containers::State::prepare_volumes(std::shared_ptr<State> self,
                                                    task::Context& context, Caller caller,
                                                    GuestId id, guest::Values& values,
                                                    unsigned root_id,
                                                    std::vector<storage::Volume>& made) {
  for (auto& [key, value] : values) {
    if (!is_volume_key(key)) continue;
    MountPoint mount = parse_mount(key, value);
    const auto wanted = new_volume(mount.source());
    if (!wanted) {
      self->check_volume(caller, id, mount);
      continue;
    }
    self->parts.permissions.check(caller.user, "/storage/" + wanted->storage,
                                  Privilege::datastore_allocate_space);
    made.push_back(co_await make_volume(self, context, id, *wanted, root_id));
    mount.options["volume"] = made.back().id.text();
    mount.options["size"] = wanted->bytes == 0 ? "0T" : guest::print_size(wanted->bytes);
    value = print_mount(mount);
    context.log(key + ": " + made.back().id.text());
  }
}

sys::Async<storage::Volume> Containers::State::copy_volume(std::shared_ptr<State> self,
                                                           task::Context& context, MountPoint mount,
                                                           GuestId owner, std::string storage,
                                                           unsigned root_id) {
  const auto source = storage::parse_volume_id(mount.source());
  const bool folder = storage::parse_volume_name(source.name).format == "subvol";
  NewVolume wanted;
  wanted.storage = storage.empty() ? source.storage : storage;
  if (!folder) wanted.bytes = (co_await self->parts.storages.info(source)).bytes;
  storage::Volume made = co_await make_volume(self, context, owner, wanted, root_id);
  task::WorkerOrder order;
  order.work = "copy-tree";
  order.parameters = {{"source", self->parts.storages.path(source)},
                      {"source_image", !folder},
                      {"target", self->parts.storages.path(made.id)},
                      {"target_image", made.format != VolumeFormat::subvol}};
  context.log("copying " + source.text() + " to " + made.id.text());
  co_await self->workers.run(context, std::move(order));
  failpoint("ct.volume.copied");
  co_return made;
}

namespace {

// To the size of its volume.
sys::Async<void> grow_file_system(std::shared_ptr<Containers::State> self, GuestId id,
                                  storage::VolumeId volume) {
  const std::string path = self->parts.storages.path(volume);
  if (const auto monitor = Containers::State::monitor_of(self, id))
    co_await grow_mounted(path, monitor->pid());
  else
    co_await grow_unmounted(path);
}

std::vector<guest::Wanted> for_resize(const std::string& key) {
  // It stays on or off: the file system grows where it is mounted.
  return {{guest::Aspect::config, "", false},
          {guest::Aspect::disk, key, false},
          {guest::Aspect::power, "", true}};
}

sys::Async<void> resize_now(std::shared_ptr<Containers::State> self, task::Context& context,
                            GuestId id, std::string key, guest::WantedSize size,
                            std::string digest) {
  const auto claim =
      co_await self->parts.claims.acquire(id, for_resize(key), self->holder(context, "resize"));
  const auto record = self->require(id);
  const ParsedConfig& parsed = self->config(record);
  self->check_lock(parsed.config, false);
  guest::check_digest(*self, digest, parsed.digest);
  const auto volume = resizable_volume(parsed.config.main, key);
  const auto info = co_await self->parts.storages.info(volume);
  const std::uint64_t bytes = guest::grown_size(*self, size, info.bytes, block_bytes);
  co_await guest::will_resize(self, context, record, volume);
  failpoint("ct.resize.journalled");
  if (bytes > info.bytes) co_await self->parts.storages.resize(volume, bytes);
  failpoint("ct.resize.grown");
  co_await guest::note_size(self, record, volume, bytes);
  failpoint("ct.resize.noted");
  // A failure here leaves the file system as it was: nothing is lost, and asking for the size that
  // the volume has now goes on from there.
  co_await grow_file_system(self, id, volume);
  failpoint("ct.resize.committed");
}

// The volume under `key` is the copy; the one before goes, or stays as unusedN.
sys::Async<void> move_now(std::shared_ptr<Containers::State> self, task::Context& context,
                          GuestId id, VolumeMove move) {
  const auto claim = co_await self->parts.claims.acquire(id,
                                                         {{guest::Aspect::power, "", false},
                                                          {guest::Aspect::config, "", false},
                                                          {guest::Aspect::disk, move.key, false}},
                                                         self->holder(context, "move"));
  const auto record = self->require(id);
  const ParsedConfig& parsed = self->config(record);
  self->check_lock(parsed.config, false);
  guest::check_digest(*self, move.digest, parsed.digest);
  if (self->find(id))
    throw Error::failed("ct.move-running", "cannot move volumes of a running container")
        .with_hint("Shut the container down first.");
  const guest::ConfigSection config = parsed.config.main;
  const MountPoint mount = mount_of(config, move.key);
  const std::string old(mount.source());
  const storage::Volume made = co_await Containers::State::copy_volume(
      self, context, mount, id, move.storage, self->root_id(config));
  if (move.remove_source) co_await guest::will_drop(self, context, id, {old});
  store::Transaction extra;
  self->parts.storages.adopt(made, extra);
  context.cancel().check();
  co_await self->parts.registry.edit(
      record, "",
      [&](const std::string& text) {
        return self->changed_text(text, id, [&](guest::GuestConfig& now) {
          MountPoint there = parse_mount(move.key, now.main.get(move.key));
          there.options["volume"] = made.id.text();
          now.main.values[move.key] = print_mount(there);
          if (!move.remove_source) guest::keep_unused(now.main, old);
        });
      },
      std::move(extra));
  failpoint("ct.move.committed");
  if (move.remove_source) co_await guest::drop_volumes(self, context, record, {old});
}

}  // namespace

sys::Async<std::string> finish_resize(std::shared_ptr<Containers::State> state,
                                      json::object details) {
  if (!state) co_return std::string();
  std::string done = co_await guest::finish_resize(state, details);
  const auto record = state->parts.registry.find(guest::journalled_guest(details));
  if (!record || record->uuid != text_member(details, "uuid")) co_return done;
  const guest::Holder holder{"", "resize", guest::Strength::normal, std::nullopt, {}};
  const auto claim = co_await state->parts.claims.acquire(record->id, for_resize(""), holder);
  try {
    co_await grow_file_system(
        state, record->id, storage::parse_volume_id(text_member(details, "volume").value_or("")));
  } catch (const Error& error) {
    // The container works as before, and doing it once more would only fail once more.
    sys::log_warning("container {}: {}", record->id.text(), error.what());
  }
  co_return done;
}

task::Upid Containers::resize(Caller caller, GuestId id, std::string key, std::string size,
                              std::string digest) {
  const auto self = state_;
  const auto record = self->require(id);
  self->check(caller, id, Privilege::vm_config_disk);
  const ParsedConfig& parsed = self->config(record);
  guest::check_digest(*self, digest, parsed.digest);
  const auto volume = storage::parse_volume_id(mount_of(parsed.config.main, key).source());
  self->parts.permissions.check(caller.user, "/storage/" + volume.storage,
                                Privilege::datastore_allocate_space);
  const auto wanted = guest::parse_wanted_size(size);
  return self->start_task(caller, id, "resize",
                          [self, id, key, wanted, digest](task::Context& context) {
                            return resize_now(self, context, id, key, wanted, digest);
                          });
}

task::Upid Containers::move_volume(Caller caller, GuestId id, VolumeMove move) {
  const auto self = state_;
  const auto record = self->require(id);
  self->check(caller, id, Privilege::vm_config_disk);
  const ParsedConfig& parsed = self->config(record);
  guest::check_digest(*self, move.digest, parsed.digest);
  const MountPoint mount = mount_of(parsed.config.main, move.key);
  if (storage::parse_volume_id(mount.source()).storage == move.storage)
    throw Error::parameter("storage", "the volume is on storage '" + move.storage + "' already");
  self->parts.permissions.check(caller.user, "/storage/" + move.storage,
                                Privilege::datastore_allocate_space);
  self->parts.storages.usable(move.storage, storage::Content::rootdir);
  return self->start_task(caller, id, "move_volume", [self, id, move](task::Context& context) {
    return move_now(self, context, id, move);
  });
}

}  // namespace posada::ct
