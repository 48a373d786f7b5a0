#include "api/handlers/handlers.h"
#include "api/handlers/qemu_request.h"
#include "api/request/nodes_qemu_snapshot.h"

namespace posada::api {
namespace {

using namespace nodes_qemu_snapshot;

sys::Async<Answer> list(Call& call, SnapshotList request) {
  co_return machines(call).snapshots(guest_id(request.vmid));
}

sys::Async<Answer> take(Call& call, Snapshot request) {
  vm::SnapshotOptions options;
  options.name = request.snapname;
  options.description = request.description.value_or("");
  options.memory = request.vmstate.value_or(false);
  co_return upid_text(
      machines(call).snapshot(caller(call), guest_id(request.vmid), std::move(options)));
}

sys::Async<Answer> remove(Call& call, Delsnapshot request) {
  co_return upid_text(machines(call).remove_snapshot(
      caller(call), guest_id(request.vmid), request.snapname, request.force.value_or(false)));
}

sys::Async<Answer> index(Call& call, SnapshotCmdIdx request) {
  (void)machines(call).config(guest_id(request.vmid), true, request.snapname);
  co_return json::array{json::object{{"cmd", "rollback"}}, json::object{{"cmd", "config"}}};
}

sys::Async<Answer> get_config(Call& call, GetSnapshotConfig request) {
  json::object config = machines(call).config(guest_id(request.vmid), true, request.snapname);
  config.erase("digest");
  co_return config;
}

sys::Async<Answer> set_config(Call& call, UpdateSnapshotConfig request) {
  co_await machines(call).describe_snapshot(caller(call), guest_id(request.vmid), request.snapname,
                                            request.description.value_or(""));
  co_return nullptr;
}

sys::Async<Answer> roll_back(Call& call, Rollback request) {
  co_return upid_text(machines(call).roll_back(caller(call), guest_id(request.vmid),
                                               request.snapname, request.start.value_or(false)));
}

}  // namespace

void register_qemu_snapshot(Router& router) {
  router.on<SnapshotList>(list);
  router.on<Snapshot>(take);
  router.on<Delsnapshot>(remove);
  router.on<SnapshotCmdIdx>(index);
  router.on<GetSnapshotConfig>(get_config);
  router.on<UpdateSnapshotConfig>(set_config);
  router.on<Rollback>(roll_back);
}

}  // namespace posada::api
