// Templates and copies of machines (machine_state.h). Disks first, then one transaction, as in
// create.cc.
#include "guest/clone.h"

#include "access/permissions.h"
#include "base/error.h"
#include "base/failpoint.h"
#include "storage/volume_id.h"
#include "sys/file.h"
#include "vm/cloudinit.h"
#include "vm/config_edit.h"
#include "vm/machine_state.h"

namespace posada::vm {

using access::Privilege;

namespace {

bool is_copied(const Drive& disk) {
  return disk.names_volume() && (!disk.is_cdrom() || disk.is_cloudinit());
}

// The config of a copy: what names this one machine in the world is made anew.
guest::ConfigSection copied_config(const guest::ConfigSection& source,
                                   const CloneOptions& options) {
  guest::ConfigSection result = source;
  std::erase_if(result.values, [](const auto& item) {
    return is_unused_key(item.first) || item.first == "template" || item.first == "lock" ||
           item.first == "parent" || item.first == "vmstate";
  });
  for (auto& [key, value] : result.values) {
    if (!is_net_key(key)) continue;
    auto card = net_format().parse(value);
    card["macaddr"] = guest::random_mac(sys::random_bytes);
    value = net_format().print(card);
  }
  auto smbios = smbios_format().parse(result.get("smbios1"));
  smbios["uuid"] = uuid_from(sys::random_bytes);
  result.values["smbios1"] = smbios_format().print(smbios);
  if (result.get("vmgenid") != "0") result.values["vmgenid"] = uuid_from(sys::random_bytes);
  result.values["name"] = options.name.empty()
                              ? "Copy-of-VM-" + std::string(source.get("name", "machine"))
                              : options.name;
  if (!options.description.empty()) result.description = options.description;
  return result;
}

storage::Allocation target_of(const Drive& disk, const CloneOptions& options,
                              const std::string& task) {
  storage::Allocation allocation;
  const auto volume = storage::parse_volume_id(disk.file());
  allocation.storage = options.storage.empty() ? volume.storage : options.storage;
  allocation.owner = options.target;
  allocation.task = task;
  const auto name = storage::parse_volume_name(volume.name);
  allocation.format = storage::format_from(options.format.empty() ? name.format : options.format);
  if (disk.is_cloudinit()) {
    allocation.stem = "cloudinit";
    allocation.bytes = cloudinit_disc_bytes;
  }
  return allocation;
}

void check_template(Machines::State& state, GuestId id, const std::string& only) {
  const auto& config = state.config(state.require(id)).config;
  state.check_lock(config, false);
  if (!config.snapshots.empty())
    throw Error::failed("vm.template-snapshots",
                        "unable to create template, because VM contains snapshots");
  if (state.find(id))
    throw Error::failed("vm.template-running",
                        "you can't convert a VM to template if VM is running");
  if (!only.empty() && !config.main.has(only))
    throw Error::parameter("disk", "VM " + id.text() + " has no disk '" + only + "'");
}

}  // namespace

sys::Async<void> Machines::State::clone(std::shared_ptr<State> self, task::Context& context,
                                        GuestId id, CloneOptions options) {
  const auto claims = co_await guest::claim_copy(self, context, id, options.target, options.full);
  self->check_lock(self->config(self->require(id)).config, false);
  const guest::ConfigSection source = self->config(self->require(id)).config.main;
  if (!options.full && !flag(source, "template", false)) {
    throw Error::failed("vm.clone-linked", "Linked clone feature is not supported: VM " +
                                               id.text() + " is no template any more");
  }
  if (options.full && self->find(id)) {
    throw Error::failed("vm.clone-running", "copying a running machine is not possible yet")
        .with_hint("Shut the machine down first.");
  }
  guest::GuestConfig config;
  config.main = copied_config(source, options);
  store::Transaction extra = std::move(options.extra);
  for (Drive& disk : drives(source)) {
    if (!is_copied(disk)) continue;
    const auto volume = storage::parse_volume_id(disk.file());
    auto target = target_of(disk, options, context.upid().text());
    storage::Volume made;
    if (disk.is_cloudinit()) {
      // Written at the copy's first start, which has a name and cards of its own.
      made = co_await self->parts.storages.allocate(std::move(target), &context.journal());
    } else if (!options.full && self->parts.storages.can_link(volume)) {
      target.format = storage::VolumeFormat::qcow2;
      made =
          co_await self->parts.storages.linked_clone(volume, std::move(target), &context.journal());
    } else {
      made = co_await self->parts.storages.copy(context, volume, std::move(target));
    }
    failpoint("vm.clone.disk");
    context.log(disk.key + ": " + volume.text() + " -> " + made.id.text());
    disk.options["file"] = made.id.text();
    disk.options["size"] = guest::print_size(made.bytes);
    config.main.values[disk.key] = print_drive(disk);
    self->parts.storages.adopt(made, extra);
  }
  context.cancel().check();
  co_await self->parts.registry.create(options.target, GuestKind::vm,
                                       guest::write_config(std::move(config), grammar()),
                                       std::move(extra));
  failpoint("vm.clone.committed");
}

sys::Async<void> Machines::State::make_template(std::shared_ptr<State> self, task::Context& context,
                                                GuestId id, std::string only) {
  const auto claim = co_await self->parts.claims.acquire(
      id, {{guest::Aspect::power, "", false}, {guest::Aspect::config, "", false}},
      self->holder(context, "template"));
  check_template(*self, id, only);
  const auto record = self->require(id);
  store::Transaction extra;
  guest::Values renamed;
  for (Drive& disk : drives(self->config(record).config.main)) {
    if (!is_copied(disk) || disk.is_cloudinit() || (!only.empty() && disk.key != only)) continue;
    const auto volume = storage::parse_volume_id(disk.file());
    if (storage::parse_volume_name(volume.name).is_base) continue;
    const auto base = co_await self->parts.storages.make_template(volume, context.journal());
    failpoint("vm.template.disk");
    disk.options["file"] = base.id.text();
    renamed[disk.key] = print_drive(disk);
    self->parts.storages.adopt(base, extra);
  }
  co_await guest::become_template(self, record, std::move(renamed), std::move(extra));
  failpoint("vm.template.committed");
}

task::Upid Machines::clone(Caller caller, GuestId id, CloneOptions options) {
  const auto self = state_;
  const auto record = self->require(id);
  self->check(caller, id, Privilege::vm_clone);
  self->check_may_create(caller, options.target, options.pool);
  self->check_free(options.target);
  const auto& source = self->config(record).config.main;
  if (!flag(source, "template", false)) options.full = true;
  for (const Drive& disk : drives(source)) {
    if (!is_copied(disk)) continue;
    const auto volume = storage::parse_volume_id(disk.file());
    const std::string& name = options.storage.empty() ? volume.storage : options.storage;
    self->parts.permissions.check(caller.user, "/storage/" + name,
                                  Privilege::datastore_allocate_space);
    self->parts.storages.usable(name, storage::Content::images);
  }
  return self->parts.tasks.start({"qmclone", id.text(), caller.user, caller.request},
                                 [self, id, options](task::Context& context) {
                                   return State::clone(self, context, id, options);
                                 });
}

task::Upid Machines::make_template(Caller caller, GuestId id, const std::string& disk) {
  const auto self = state_;
  self->require(id);
  self->check(caller, id, Privilege::vm_allocate);
  check_template(*self, id, disk);
  return self->parts.tasks.start({"qmtemplate", id.text(), caller.user, caller.request},
                                 [self, id, disk](task::Context& context) {
                                   return State::make_template(self, context, id, disk);
                                 });
}

}  // namespace posada::vm
