#include <set>

#include "access/directory.h"
#include "access/permissions.h"
#include "api/handlers/handlers.h"
#include "api/handlers/lxc_request.h"
#include "api/handlers/resource_rows.h"
#include "api/request/nodes_lxc.h"
#include "api/request/nodes_lxc_snapshot.h"
#include "base/text.h"
#include "guest/registry.h"

namespace posada::api {
namespace {

using access::Privilege;

// Parameters that say how, beside those that are keys of the config.
bool is_config_key(std::string_view name) {
  static const std::set<std::string_view> others = {"node",
                                                    "vmid",
                                                    "digest",
                                                    "delete",
                                                    "revert",
                                                    "force",
                                                    "bwlimit",
                                                    "pool",
                                                    "start",
                                                    "storage",
                                                    "unique",
                                                    "ha-managed",
                                                    "password",
                                                    "restore",
                                                    "ostemplate",
                                                    "ssh-public-keys",
                                                    "ignore-unpack-errors"};
  return !others.contains(name);
}

guest::Values config_values(const json::object& parameters) {
  guest::Values values;
  for (const auto& [name, value] : parameters) {
    if (is_config_key(name)) values[std::string(name)] = text_of(value);
  }
  return values;
}

sys::Async<Answer> list(Call& call, nodes_lxc::Vmlist) {
  co_return call.services.resource_texts->answer(call.services, call.identity,
                                                 RowList::containers);
}

sys::Async<Answer> create(Call& call, nodes_lxc::CreateVm request) {
  if (request.restore.value_or(false))
    throw Error::failed("ct.restore", "restoring a backup is not possible yet");
  ct::Creation creation;
  creation.id = container_id(request.vmid);
  creation.values = config_values(call.parameters);
  if (auto description = creation.values.extract("description"))
    creation.description = std::move(description.mapped());
  creation.os_template = request.ostemplate;
  creation.default_storage = request.storage.value_or("");
  creation.password = request.password.value_or("");
  creation.ssh_keys = request.ssh_public_keys.value_or("");
  creation.start = request.start.value_or(false);
  if (request.pool) {
    creation.pool = *request.pool;
    call.services.directory->add_guest_to_pool(creation.extra, *request.pool, creation.id);
  }
  co_return container_upid(containers(call).create(container_caller(call), std::move(creation)));
}

sys::Async<Answer> destroy(Call& call, nodes_lxc::DestroyVm request) {
  ct::Deletion deletion;
  deletion.force = request.force.value_or(false);
  deletion.purge = request.purge.value_or(false);
  deletion.unreferenced_disks = request.destroy_unreferenced_disks.value_or(false);
  co_return container_upid(
      containers(call).destroy(container_caller(call), container_id(request.vmid), deletion));
}

sys::Async<Answer> index(Call& call, nodes_lxc::Vmdiridx request) {
  call.services.registry->require(container_id(request.vmid), GuestKind::container);
  json::array rows;
  for (const char* name : {"config", "pending", "status", "vncproxy", "termproxy", "vncwebsocket",
                           "spiceproxy", "migrate", "clone", "initlog", "rrd", "rrddata",
                           "firewall", "snapshot", "resize", "interfaces"})
    rows.push_back(json::object{{"subdir", name}});
  co_return rows;
}

sys::Async<Answer> get_config(Call& call, nodes_lxc::VmConfig request) {
  co_return containers(call).config(container_id(request.vmid), request.current.value_or(false),
                                    request.snapshot.value_or(""));
}

sys::Async<Answer> get_pending(Call& call, nodes_lxc::VmPending request) {
  co_return containers(call).pending(container_id(request.vmid));
}

sys::Async<Answer> set_config(Call& call, nodes_lxc::UpdateVm request) {
  ct::ConfigChange change;
  change.set = config_values(call.parameters);
  change.unset = split_list(text_member(call.parameters, "delete").value_or(""));
  change.revert = split_list(text_member(call.parameters, "revert").value_or(""));
  change.digest = text_member(call.parameters, "digest").value_or("");
  if (change.set.empty() && change.unset.empty() && change.revert.empty())
    throw Error::failed("ct.no-change", "no options specified");
  co_await containers(call).set_config(container_caller(call), container_id(request.vmid),
                                       std::move(change));
  co_return nullptr;
}

sys::Async<Answer> get_feature(Call& call, nodes_lxc::VmFeature request) {
  co_return containers(call).feature(container_id(request.vmid), request.feature);
}

sys::Async<Answer> interfaces(Call& call, nodes_lxc::Ip request) {
  json::array rows = co_await containers(call).interfaces(container_id(request.vmid));
  co_return rows;
}

sys::Async<Answer> snapshots(Call& call, nodes_lxc_snapshot::List request) {
  co_return containers(call).snapshots(container_id(request.vmid));
}

}  // namespace

void register_lxc(Router& router) {
  router.on<nodes_lxc::Vmlist>(list);
  router.on<nodes_lxc::CreateVm>(create);
  router.on<nodes_lxc::DestroyVm>(destroy);
  router.on<nodes_lxc::Vmdiridx>(index);
  router.on<nodes_lxc::VmConfig>(get_config);
  router.on<nodes_lxc::VmPending>(get_pending);
  router.on<nodes_lxc::UpdateVm>(set_config);
  router.on<nodes_lxc::VmFeature>(get_feature);
  router.on<nodes_lxc::Ip>(interfaces);
  router.on<nodes_lxc_snapshot::List>(snapshots);
}

}  // namespace posada::api
