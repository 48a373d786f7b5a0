// Volumes of containers: made with a file system or as a folder of their own, copied, made larger,
// moved (container_state.h).
#include <algorithm>

#include "access/permissions.h"
#include "base/error.h"
#include "base/failpoint.h"
#include "base/text.h"
#include "ct/container_state.h"
#include "guest/properties.h"
#include "storage/volume_id.h"
#include "sys/file.h"

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

// "+1G" adds to `now`.
std::uint64_t wanted_bytes(const std::string& size, std::uint64_t now) {
  const bool more = size.starts_with('+');
  const auto bytes = guest::parse_size(more ? size.substr(1) : size);
  if (!bytes) throw Error::parameter("size", "'" + size + "' is no size such as 8G or +1G");
  const std::uint64_t all = more ? now + *bytes : *bytes;
  if (all < now) throw Error::failed("ct.shrink", "unable to shrink disk size");
  return whole_blocks(all);
}

MountPoint mount_of(const guest::ConfigSection& config, const std::string& key) {
  if (!config.has(key)) throw Error::failed("ct.no-volume", "volume '" + key + "' does not exist");
  MountPoint mount = parse_mount(key, config.get(key));
  if (!mount.names_volume())
    throw Error::failed("ct.no-volume", "'" + key + "' is a folder of the host, not a volume");
  return mount;
}

void check_digest(const std::string& wanted, const std::string& found) {
  if (!wanted.empty() && wanted != found)
    throw Error::failed("guest.digest", "checksum mismatch (file change by other user?)")
        .with_hint("Somebody else has changed this guest. Load it again and repeat your change.");
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

sys::Async<void> resize_now(std::shared_ptr<Containers::State> self, task::Context& context,
                            GuestId id, std::string key, std::string size, std::string digest) {
  const auto claim = co_await self->parts.claims.acquire(
      id, {{guest::Aspect::config, "", false}, {guest::Aspect::disk, key, false}},
      self->holder(context, "resize"));
  const auto record = self->require(id);
  const ParsedConfig& parsed = self->config(record);
  self->check_lock(parsed.config, false);
  check_digest(digest, parsed.digest);
  const MountPoint mount = mount_of(parsed.config.main, key);
  const auto volume = storage::parse_volume_id(mount.source());
  if (storage::parse_volume_name(volume.name).format == "subvol")
    throw Error::failed("ct.resize", "'" + volume.text() +
                                         "' is a folder without a size of its own: it takes what "
                                         "its storage has");
  const auto info = co_await self->parts.storages.info(volume);
  const std::uint64_t bytes = wanted_bytes(size, info.bytes);
  if (bytes > info.bytes) co_await self->parts.storages.resize(volume, bytes);
  failpoint("ct.resize.grown");
  const std::string path = self->parts.storages.path(volume);
  // A failure here leaves a larger volume with the file system as it was: nothing is lost, and
  // asking for the size that it has now goes on from there.
  if (const auto run = self->find(id))
    co_await grow_mounted(path, run->monitor_pid);
  else
    co_await grow_unmounted(path);
  co_await self->parts.registry.edit(record, "", [&](const std::string& text) {
    return self->changed_text(text, id, [&](guest::GuestConfig& config) {
      if (!config.main.has(key)) return;
      MountPoint now = parse_mount(key, config.main.get(key));
      now.options["size"] = guest::print_size(bytes);
      config.main.values[key] = print_mount(now);
    });
  });
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
  check_digest(move.digest, parsed.digest);
  if (self->find(id))
    throw Error::failed("ct.move-running", "cannot move volumes of a running container")
        .with_hint("Shut the container down first.");
  const guest::ConfigSection config = parsed.config.main;
  const MountPoint mount = mount_of(config, move.key);
  const std::string old(mount.source());
  const storage::Volume made = co_await Containers::State::copy_volume(
      self, context, mount, id, move.storage, self->root_id(config));
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
          if (!move.remove_source) keep_unused(now.main, old);
        });
      },
      std::move(extra));
  failpoint("ct.move.committed");
  if (move.remove_source) co_await Containers::State::drop_volumes(self, context, record, {old});
}

}  // namespace

task::Upid Containers::resize(Caller caller, GuestId id, std::string key, std::string size,
                              std::string digest) {
  const auto self = state_;
  const auto record = self->require(id);
  self->check(caller, id, Privilege::vm_config_disk);
  const ParsedConfig& parsed = self->config(record);
  check_digest(digest, parsed.digest);
  const auto volume = storage::parse_volume_id(mount_of(parsed.config.main, key).source());
  self->parts.permissions.check(caller.user, "/storage/" + volume.storage,
                                Privilege::datastore_allocate_space);
  wanted_bytes(size, 0);
  return self->start_task(caller, id, "resize",
                          [self, id, key, size, digest](task::Context& context) {
                            return resize_now(self, context, id, key, size, digest);
                          });
}

task::Upid Containers::move_volume(Caller caller, GuestId id, VolumeMove move) {
  const auto self = state_;
  const auto record = self->require(id);
  self->check(caller, id, Privilege::vm_config_disk);
  const ParsedConfig& parsed = self->config(record);
  check_digest(move.digest, parsed.digest);
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
