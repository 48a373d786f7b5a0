// Making a machine: its disks first, then one transaction that makes id, config and disks real
// (machine_state.h). Whatever fails before that transaction leaves nothing.
#include <algorithm>

#include "access/permissions.h"
#include "base/error.h"
#include "base/failpoint.h"
#include "base/text.h"
#include "guest/hook.h"
#include "storage/volume_id.h"
#include "sys/file.h"
#include "vm/cloudinit_drive.h"
#include "vm/config_edit.h"
#include "vm/limits.h"
#include "vm/machine_state.h"
#include "vm/option_support.h"

namespace posada::vm {

using access::Privilege;

void Machines::State::check_keys(const Caller& caller, std::string_view path,
                                 const guest::Values& set,
                                 const std::vector<std::string>& unset) const {
  const auto demand = [&](std::string_view key, std::string_view value) {
    const auto privilege = privilege_for(key, value);
    if (privilege) {
      parts.permissions.check(caller.user, path, *privilege);
    } else if (!caller.user.is_root()) {
      throw Error::forbidden("only root can set '" + std::string(key) + "' config");
    }
  };
  for (const auto& [key, value] : set) {
    demand(key, value);
    if (const auto reason = unsupported(key, value)) throw Error::parameter(key, *reason);
    if (!is_net_key(key)) continue;
    const auto card = net_format().parse(value);
    if (const auto bridge = guest::property(card, "bridge"); !bridge.empty()) {
      std::string zone = "/sdn/zones/localnetwork/" + std::string(bridge);
      if (const auto tag = guest::property(card, "tag"); !tag.empty()) {
        zone += "/" + std::string(tag);
      }
      parts.permissions.check(caller.user, zone, Privilege::sdn_use);
    }
  }
  for (const std::string& key : unset) demand(key, "");
}

void Machines::State::check_volume(const Caller& caller, GuestId id, const Drive& disk) const {
  const std::string_view file = disk.file();
  if (file == "none" || file == "cdrom") return;
  if (file.starts_with('/')) {
    if (!caller.user.is_root()) {
      throw Error::forbidden("only root can use '" + std::string(file) + "'");
    }
    return;
  }
  const auto volume = storage::parse_volume_id(file);
  const auto name = storage::parse_volume_name(volume.name);
  const std::string path = "/storage/" + volume.storage;
  const bool of_guest = name.owner == id && name.content == storage::Content::images;
  if (of_guest) return;
  if (name.content == storage::Content::images || name.content == storage::Content::rootdir) {
    // Somebody else's disk.
    parts.permissions.check(caller.user, path, Privilege::datastore_allocate);
  } else {
    parts.permissions.check(
        caller.user, path, {Privilege::datastore_audit, Privilege::datastore_allocate_space}, true);
  }
}

namespace {

storage::Allocation allocation_for(const Drive& disk, GuestId id, const NewDisk& wanted,
                                   const std::string& task) {
  storage::Allocation allocation;
  allocation.storage = wanted.storage;
  allocation.owner = id;
  allocation.bytes = wanted.bytes;
  allocation.task = task;
  if (const auto format = guest::property(disk.options, "format"); !format.empty()) {
    allocation.format = storage::format_from(format);
    if (!allocation.format) {
      throw Error::parameter(disk.key, "format '" + std::string(format) + "' cannot be made");
    }
  }
  if (disk.bus == "tpmstate") {
    allocation.bytes = 4 * 1024 * 1024;
    allocation.format = storage::VolumeFormat::raw;
  }
  if (wanted.cloudinit) {
    allocation.stem = "cloudinit";
    if (!allocation.format) allocation.format = storage::VolumeFormat::qcow2;
  }
  return allocation;
}

std::string firmware_template(const Settings& settings, const Drive& disk) {
  guest::ConfigSection section;
  section.values[disk.key] = print_drive(disk);
  return settings.firmware_folder + "/" + firmware_files(section).variables;
}

}  // namespace

sys::Async<void> Machines::State::prepare_disks(std::shared_ptr<State> self, task::Context& context,
                                                Caller caller, GuestId id, guest::Values& values,
                                                std::string default_storage,
                                                std::vector<storage::Volume>& made) {
  auto& storages = self->parts.storages;
  for (auto& [key, value] : values) {
    if (!is_drive_key(key)) continue;
    Drive disk = parse_drive(key, value, true);
    const std::string source(guest::property(disk.options, "import-from"));
    auto wanted = new_disk(disk.file());
    if (!wanted && !source.empty()) {
      throw Error::parameter(key, "import-from needs a new disk: use 'STORAGE:0,import-from=...'");
    }
    if (!wanted) {
      self->check_volume(caller, id, disk);
      if (disk.names_volume()) {
        const auto info = co_await storages.info(storage::parse_volume_id(disk.file()));
        disk.options["size"] = guest::print_size(info.bytes);
        value = print_drive(disk);
      }
      continue;
    }
    if (wanted->storage.empty()) wanted->storage = default_storage;
    self->parts.permissions.check(caller.user, "/storage/" + wanted->storage,
                                  Privilege::datastore_allocate_space);
    auto allocation = allocation_for(disk, id, *wanted, context.upid().text());
    storage::Volume volume;
    if (!source.empty() && source.starts_with('/')) {
      if (!caller.user.is_root()) throw Error::forbidden("only root can import from a path");
      volume = co_await storages.import_file(context, source, std::move(allocation));
    } else if (!source.empty()) {
      Drive original = disk;
      original.options["file"] = source;
      self->check_volume(caller, id, original);
      volume =
          co_await storages.copy(context, storage::parse_volume_id(source), std::move(allocation));
    } else if (disk.bus == "efidisk") {
      allocation.bytes = 0;  // as large as the firmware's variables, whatever was asked for
      volume = co_await storages.import_file(context, firmware_template(self->settings, disk),
                                             std::move(allocation));
    } else {
      if (wanted->bytes == 0 && disk.bus != "tpmstate") {
        throw Error::parameter(key, "the size of a new disk must be larger than 0 GiB");
      }
      volume = co_await storages.allocate(std::move(allocation), &context.journal());
    }
    failpoint("vm.disk.allocated");
    context.log(key + ": " + volume.id.text() + " (" + guest::print_size(volume.bytes) + ")");
    disk.options["file"] = volume.id.text();
    disk.options["size"] = guest::print_size(volume.bytes);
    disk.options.erase("import-from");
    disk.options.erase("format");
    value = print_drive(disk);
    made.push_back(std::move(volume));
  }
}

sys::Async<void> Machines::State::create(std::shared_ptr<State> self, task::Context& context,
                                         Caller caller, Creation creation) {
  const GuestId id = creation.id;
  const auto claim = co_await self->parts.claims.acquire(id, {{guest::Aspect::exist, "", false}},
                                                         self->holder(context, "create"));
  self->check_free(id);
  const Version qemu = co_await self->version();
  guest::ConfigSection section;
  for (const auto& [key, value] : creation.values) {
    section.values[key] = normal_value(key, value, "", sys::random_bytes);
  }
  section.description = creation.description;
  co_await hash_password(self, section.values);
  if (section.has("hookscript")) {
    co_await guest::check_hook(self->parts.storages, std::string(section.get("hookscript")));
  }
  co_await check_snippets(self, caller, std::string(section.get("cicustom")));
  std::vector<storage::Volume> made;
  co_await prepare_disks(self, context, caller, id, section.values, creation.default_storage, made);
  failpoint("vm.create.disks");
  complete(section, qemu, self->parts.clock.wall_seconds(), sys::random_bytes);
  guest::GuestConfig config;
  config.main = std::move(section);
  store::Transaction extra = std::move(creation.extra);
  for (const storage::Volume& volume : made) self->parts.storages.adopt(volume, extra);
  context.cancel().check();
  co_await self->parts.registry.create(
      id, GuestKind::vm, guest::write_config(std::move(config), grammar()), std::move(extra));
  failpoint("vm.create.committed");
}

namespace {

// Checks that need no waiting, so that the caller hears of them at once.
void check_creation(Machines::State& state, const Caller& caller, Creation& creation) {
  const std::string path = state.check_may_create(caller, creation.id, creation.pool);
  guest::Values normal;
  for (auto& [key, value] : creation.values) {
    normal[grammar().keys.canonical(key)] =
        normal_value(grammar().keys.canonical(key), value, "", sys::random_bytes);
  }
  creation.values = std::move(normal);
  state.check_keys(caller, path, creation.values, {});
  guest::ConfigSection section;
  section.values = creation.values;
  check_limits(section, creation.values);
  for (const auto& [key, value] : creation.values) {
    if (!is_drive_key(key)) continue;
    const Drive disk = parse_drive(key, value, true);
    if (const auto wanted = new_disk(disk.file())) {
      state.parts.storages.usable(wanted->storage, storage::Content::images);
    } else {
      state.check_volume(caller, creation.id, disk);
    }
  }
}

sys::Async<void> create_and_start(std::shared_ptr<Machines::State> self, task::Context& context,
                                  Caller caller, Creation creation) {
  const GuestId id = creation.id;
  const bool start = creation.start;
  co_await Machines::State::create(self, context, caller, std::move(creation));
  if (!start) co_return;
  self->parts.tasks.start({"qmstart", id.text(), caller.user, caller.request},
                          [self, id](task::Context& next) {
                            return Machines::State::power_on(self, next, id, StartOptions());
                          });
}

}  // namespace

task::Upid Machines::create(Caller caller, Creation creation) {
  state_->check_free(creation.id);
  check_creation(*state_, caller, creation);
  const auto self = state_;
  const std::string id = creation.id.text();
  return state_->parts.tasks.start(
      {"qmcreate", id, caller.user, caller.request},
      [self, caller, creation = std::move(creation)](task::Context& context) {
        return create_and_start(self, context, caller, creation);
      });
}

}  // namespace posada::vm
