#include <set>

#include "access/directory.h"
#include "access/permissions.h"
#include "api/handlers/handlers.h"
#include "api/handlers/qemu_request.h"
#include "api/handlers/resource_rows.h"
#include "api/request/nodes_qemu.h"
#include "api/request/nodes_qemu_cloudinit.h"
#include "base/text.h"
#include "guest/registry.h"

namespace posada::api {
namespace {

using access::Privilege;

// Parameters that say how, beside those that are keys of the config.
bool is_config_key(std::string_view name) {
  static const std::set<std::string_view> others = {
      "node",         "vmid",    "digest",     "delete",
      "revert",       "force",   "skiplock",   "background_delay",
      "archive",      "bwlimit", "ha-managed", "import-working-storage",
      "live-restore", "pool",    "start",      "storage",
      "unique"};
  return !others.contains(name);
}

guest::Values config_values(const json::object &parameters) {
  guest::Values values;
  for (const auto &[name, value] : parameters) {
    if (is_config_key(name))
      values[std::string(name)] = text_of(value);
  }
  return values;
}

sys::Async<Answer> list(Call &call, nodes_qemu::Vmlist) {
  co_return call.services.resource_texts->answer(call.services, call.identity,
                                                 RowList::machines);
}

sys::Async<Answer> create(Call &call, nodes_qemu::CreateVm request) {
  if (request.archive) {
    throw Error::failed("vm.restore", "restoring a backup is not possible yet");
  }
  vm::Creation creation;
  creation.id = guest_id(request.vmid);
  creation.values = config_values(call.parameters);
  if (auto description = creation.values.extract("description")) {
    creation.description = std::move(description.mapped());
  }
  creation.start = request.start.value_or(false);
  creation.default_storage = request.storage.value_or("");
  if (request.pool) {
    creation.pool = *request.pool;
    call.services.directory->add_guest_to_pool(creation.extra, *request.pool,
                                               creation.id);
  }
  co_return upid_text(machines(call).create(caller(call), std::move(creation)));
}

sys::Async<Answer> destroy(Call &call, nodes_qemu::DestroyVm request) {
  vm::Deletion deletion;
  deletion.purge = request.purge.value_or(false);
  deletion.unreferenced_disks =
      request.destroy_unreferenced_disks.value_or(false);
  deletion.skip_lock = request.skiplock.value_or(false);
  co_return upid_text(
      machines(call).destroy(caller(call), guest_id(request.vmid), deletion));
}

sys::Async<Answer> index(Call &call, nodes_qemu::Vmdiridx request) {
  call.services.registry->require(guest_id(request.vmid), GuestKind::vm);
  json::array rows;
  for (const char *name :
       {"config",     "cloudinit", "pending",  "status",  "unlink",
        "vncproxy",   "termproxy", "migrate",  "resize",  "move",
        "rrd",        "rrddata",   "monitor",  "agent",   "snapshot",
        "spiceproxy", "sendkey",   "firewall", "mtunnel", "remote_migrate"}) {
    rows.push_back(json::object{{"subdir", name}});
  }
  co_return rows;
}

sys::Async<Answer> get_config(Call &call, nodes_qemu::VmConfig request) {
  co_return machines(call).config(guest_id(request.vmid),
                                  request.current.value_or(false),
                                  request.snapshot.value_or(""));
}

sys::Async<Answer> get_pending(Call &call, nodes_qemu::VmPending request) {
  co_return machines(call).pending(guest_id(request.vmid));
}

vm::ConfigChange change_of(const json::object &parameters) {
  vm::ConfigChange change;
  change.set = config_values(parameters);
  change.unset = split_list(text_member(parameters, "delete").value_or(""));
  change.revert = split_list(text_member(parameters, "revert").value_or(""));
  change.force = text_member(parameters, "force") == "1";
  change.skip_lock = text_member(parameters, "skiplock") == "1";
  change.digest = text_member(parameters, "digest").value_or("");
  if (change.set.empty() && change.unset.empty() && change.revert.empty()) {
    throw Error::failed("vm.no-change", "no options specified");
  }
  return change;
}

sys::Async<Answer> set_config(Call &call, nodes_qemu::UpdateVm request) {
  co_await machines(call).set_config(caller(call), guest_id(request.vmid),
                                     change_of(call.parameters));
  co_return nullptr;
}

sys::Async<Answer> set_config_task(Call &call,
                                   nodes_qemu::UpdateVmAsync request) {
  co_return upid_text(machines(call).set_config_task(
      caller(call), guest_id(request.vmid), change_of(call.parameters)));
}

sys::Async<Answer> get_feature(Call &call, nodes_qemu::VmFeature request) {
  co_return machines(call).feature(guest_id(request.vmid), request.feature,
                                   request.snapname.value_or(""));
}

sys::Async<Answer> resize(Call &call, nodes_qemu::ResizeVm request) {
  co_return upid_text(machines(call).resize(
      caller(call), guest_id(request.vmid), request.disk, request.size,
      request.digest.value_or(""), request.skiplock.value_or(false)));
}

sys::Async<Answer> move_disk(Call &call, nodes_qemu::MoveVmDisk request) {
  if (request.target_vmid) {
    throw Error::parameter("target-vmid", "giving a disk to another virtual "
                                          "machine is not possible yet");
  }
  if (!request.storage) {
    throw Error::parameter("storage", "property is missing and it is not optional");
  }
  vm::MoveOptions options;
  options.disk = request.disk;
  options.storage = *request.storage;
  options.format = request.format.value_or("");
  options.digest = request.digest.value_or("");
  options.remove = request.delete_.value_or(false);
  options.kib_per_second = request.bwlimit.value_or(0);
  co_return upid_text(machines(call).move_disk(
      caller(call), guest_id(request.vmid), std::move(options)));
}

sys::Async<Answer> unlink_disks(Call &call, nodes_qemu::Unlink request) {
  co_await machines(call).unlink(caller(call), guest_id(request.vmid),
                                 split_list(request.idlist),
                                 request.force.value_or(false));
  co_return nullptr;
}

sys::Async<Answer> monitor(Call &call, nodes_qemu::Monitor request) {
  const std::string text =
      co_await machines(call).monitor(guest_id(request.vmid), request.command);
  co_return json::value(text);
}

sys::Async<Answer> send_key(Call &call, nodes_qemu::VmSendkey request) {
  co_await machines(call).send_key(guest_id(request.vmid), request.key);
  co_return nullptr;
}

sys::Async<Answer> clone(Call &call, nodes_qemu::CloneVm request) {
  if (request.target && *request.target != call.services.node) {
    throw Error::parameter("target", "the copy stays on this node for now");
  }
  if (request.snapname && *request.snapname != "current") {
    throw Error::parameter("snapname",
                           "copying a snapshot is not possible yet");
  }
  vm::CloneOptions options;
  options.target = guest_id(request.newid);
  options.name = request.name.value_or("");
  options.description = request.description.value_or("");
  options.storage = request.storage.value_or("");
  options.format = request.format.value_or("");
  options.full = request.full.value_or(false);
  if (request.pool) {
    options.pool = *request.pool;
    call.services.directory->add_guest_to_pool(options.extra, *request.pool,
                                               options.target);
  }
  co_return upid_text(machines(call).clone(caller(call), guest_id(request.vmid),
                                           std::move(options)));
}

sys::Async<Answer> make_template(Call &call, nodes_qemu::Template request) {
  co_return upid_text(machines(call).make_template(
      caller(call), guest_id(request.vmid), request.disk.value_or("")));
}

sys::Async<Answer> cloudinit(Call &call, nodes_qemu_cloudinit::CloudinitPending request) {
  co_return machines(call).cloudinit(guest_id(request.vmid));
}

sys::Async<Answer> update_cloudinit(Call &call, nodes_qemu_cloudinit::CloudinitUpdate request) {
  co_await machines(call).update_cloudinit(caller(call), guest_id(request.vmid));
  co_return nullptr;
}

sys::Async<Answer> dump_cloudinit(Call &call,
                        nodes_qemu_cloudinit::CloudinitGeneratedConfigDump request) {
  co_return json::value(
      machines(call).cloudinit_dump(guest_id(request.vmid), request.type));
}

} // namespace

void register_qemu(Router &router) {
  router.on<nodes_qemu::Vmlist>(list);
  router.on<nodes_qemu::CreateVm>(create);
  router.on<nodes_qemu::DestroyVm>(destroy);
  router.on<nodes_qemu::Vmdiridx>(index);
  router.on<nodes_qemu::VmConfig>(get_config);
  router.on<nodes_qemu::VmPending>(get_pending);
  router.on<nodes_qemu::UpdateVm>(set_config);
  router.on<nodes_qemu::UpdateVmAsync>(set_config_task);
  router.on<nodes_qemu::VmFeature>(get_feature);
  router.on<nodes_qemu::ResizeVm>(resize);
  router.on<nodes_qemu::MoveVmDisk>(move_disk);
  router.on<nodes_qemu_cloudinit::CloudinitPending>(cloudinit);
  router.on<nodes_qemu_cloudinit::CloudinitUpdate>(update_cloudinit);
  router.on<nodes_qemu_cloudinit::CloudinitGeneratedConfigDump>(dump_cloudinit);
  router.on<nodes_qemu::Unlink>(unlink_disks);
  router.on<nodes_qemu::Monitor>(monitor);
  router.on<nodes_qemu::VmSendkey>(send_key);
  router.on<nodes_qemu::CloneVm>(clone);
  router.on<nodes_qemu::Template>(make_template);
}

} // namespace posada::api
