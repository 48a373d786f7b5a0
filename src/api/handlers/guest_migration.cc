// Moving guests to another node. This node is alone, so there is nowhere to move them: what a move
// would have to take along is told, and a move is refused in the words that clients know.
#include "api/handlers/guest_migration.h"

#include "api/handlers/lxc_request.h"
#include "api/handlers/qemu_request.h"
#include "api/request/nodes_lxc.h"
#include "api/request/nodes_qemu.h"
#include "guest/properties.h"
#include "guest/registry.h"
#include "vm/config.h"

namespace posada::api {
namespace {

[[noreturn]] void refuse_move(const Call& call, const std::string& target) {
  if (target == call.services.node) throw Error::parameter("target", "target is local node.");
  throw Error::failed("cluster.no-node", "no such cluster node '" + target + "'",
                      {{"node", target}});
}

json::array local_disks(const json::object& config) {
  json::array rows;
  for (const auto& [name, value] : config) {
    const std::string_view key = name;
    if (!vm::is_drive_key(key) && !vm::is_unused_key(key)) continue;
    const vm::Drive disk = vm::parse_drive(key, text_of(value));
    if (!disk.names_volume()) continue;
    json::object row{{"volid", disk.file()},
                     {"cdrom", disk.is_cdrom() ? 1 : 0},
                     {"is_unused", vm::is_unused_key(key) ? 1 : 0}};
    if (const auto size = guest::parse_size(guest::property(disk.options, "size"))) {
      row["size"] = *size;
    }
    rows.push_back(std::move(row));
  }
  return rows;
}

sys::Async<Answer> check_machine(Call& call, nodes_qemu::MigrateVmPrecondition request) {
  const GuestId id = guest_id(request.vmid);
  const bool running = machines(call).running(id);
  json::object answer{{"running", running ? 1 : 0},
                      {"has-dbus-vmstate", 0},
                      {"local_disks", local_disks(machines(call).config(id, true))},
                      {"local_resources", json::array{}},
                      {"mapped-resources", json::array{}},
                      {"mapped-resource-info", json::object{}}};
  if (!running) answer["allowed_nodes"] = json::array{};
  co_return answer;
}

sys::Async<Answer> check_container(Call& call, nodes_lxc::MigrateVmPrecondition request) {
  const GuestId id = container_id(request.vmid);
  call.services.registry->require(id, GuestKind::container);
  co_return json::object{{"running", containers(call).running(id) ? 1 : 0},
                         {"allowed-nodes", json::array{}}};
}

sys::Async<Answer> move_machine(Call& call, nodes_qemu::MigrateVm request) {
  call.services.registry->require(guest_id(request.vmid), GuestKind::vm);
  refuse_move(call, request.target);
  co_return nullptr;
}

sys::Async<Answer> move_container(Call& call, nodes_lxc::MigrateVm request) {
  call.services.registry->require(container_id(request.vmid), GuestKind::container);
  refuse_move(call, request.target);
  co_return nullptr;
}

}  // namespace

void register_guest_migration(Router& router) {
  router.on<nodes_qemu::MigrateVmPrecondition>(check_machine);
  router.on<nodes_qemu::MigrateVm>(move_machine);
  router.on<nodes_lxc::MigrateVmPrecondition>(check_container);
  router.on<nodes_lxc::MigrateVm>(move_container);
}

}  // namespace posada::api
