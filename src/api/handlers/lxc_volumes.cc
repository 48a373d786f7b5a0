// Copies and templates of containers, their volumes, and what is refused of their snapshots.
#include "access/directory.h"
#include "api/handlers/handlers.h"
#include "api/handlers/lxc_request.h"
#include "api/request/nodes_lxc.h"
#include "api/request/nodes_lxc_snapshot.h"

namespace posada::api {
namespace {

sys::Async<Answer> clone(Call& call, nodes_lxc::CloneVm request) {
  if (request.snapname)
    throw Error::parameter("snapname", "snapshot '" + *request.snapname + "' does not exist");
  if (request.target && *request.target != call.services.node)
    throw Error::parameter("target", "copies to another node are not possible yet");
  ct::CloneOptions options;
  options.target = container_id(request.newid);
  options.name = request.hostname.value_or("");
  options.description = request.description.value_or("");
  options.storage = request.storage.value_or("");
  options.full = request.full.value_or(true);
  if (request.pool) {
    options.pool = *request.pool;
    call.services.directory->add_guest_to_pool(options.extra, *request.pool, options.target);
  }
  co_return container_upid(containers(call).clone(container_caller(call),
                                                  container_id(request.vmid), std::move(options)));
}

sys::Async<Answer> make_template(Call& call, nodes_lxc::Template request) {
  co_await containers(call).make_template(container_caller(call), container_id(request.vmid));
  co_return nullptr;
}

sys::Async<Answer> resize(Call& call, nodes_lxc::ResizeVm request) {
  co_return container_upid(containers(call).resize(container_caller(call),
                                                   container_id(request.vmid), request.disk,
                                                   request.size, request.digest.value_or("")));
}

sys::Async<Answer> move_volume(Call& call, nodes_lxc::MoveVolume request) {
  if (request.target_vmid)
    throw Error::parameter("target-vmid", "a volume cannot be given to another container yet");
  if (!request.storage)
    throw Error::parameter("storage", "name the storage that the volume is to move to");
  ct::VolumeMove move;
  move.key = request.volume;
  move.storage = *request.storage;
  move.digest = request.digest.value_or("");
  move.remove_source = request.delete_.value_or(false);
  co_return container_upid(containers(call).move_volume(
      container_caller(call), container_id(request.vmid), std::move(move)));
}

// None of the storages that hold containers has snapshots.
sys::Async<Answer> snapshot(Call& call, nodes_lxc_snapshot::Snapshot request) {
  containers(call).config(container_id(request.vmid), true);
  throw Error::failed("ct.no-snapshots", "snapshot feature is not available")
      .with_hint("Folders and raw images have no snapshots. Copy the container instead.");
}

Error no_snapshot(const std::string& name) {
  return Error::failed("guest.no-snapshot", "snapshot '" + name + "' does not exist");
}

sys::Async<Answer> remove_snapshot(Call& call, nodes_lxc_snapshot::Delsnapshot request) {
  containers(call).config(container_id(request.vmid), true, request.snapname);
  throw no_snapshot(request.snapname);
}

sys::Async<Answer> rollback(Call& call, nodes_lxc_snapshot::Rollback request) {
  containers(call).config(container_id(request.vmid), true, request.snapname);
  throw no_snapshot(request.snapname);
}

sys::Async<Answer> snapshot_config(Call& call, nodes_lxc_snapshot::GetSnapshotConfig request) {
  co_return containers(call).config(container_id(request.vmid), true, request.snapname);
}

}  // namespace

void register_lxc_volumes(Router& router) {
  router.on<nodes_lxc::CloneVm>(clone);
  router.on<nodes_lxc::Template>(make_template);
  router.on<nodes_lxc::ResizeVm>(resize);
  router.on<nodes_lxc::MoveVolume>(move_volume);
  router.on<nodes_lxc_snapshot::Snapshot>(snapshot);
  router.on<nodes_lxc_snapshot::Delsnapshot>(remove_snapshot);
  router.on<nodes_lxc_snapshot::Rollback>(rollback);
  router.on<nodes_lxc_snapshot::GetSnapshotConfig>(snapshot_config);
}

}  // namespace posada::api
