#include "api/handlers/guest_migration.h"
#include "api/handlers/handlers.h"
#include "api/handlers/shell.h"

namespace posada::api {

void register_handlers(Router& router) {
  register_version(router);
  register_tasks(router);
  register_nodes(router);
  register_cluster(router);
  register_events(router);
  register_config_texts(router);
  register_shell(router);
  register_history(router);
  register_qemu(router);
  register_qemu_status(router);
  register_qemu_agent(router);
  register_qemu_console(router);
  register_qemu_snapshot(router);
  register_lxc(router);
  register_lxc_status(router);
  register_lxc_volumes(router);
  register_guest_migration(router);
  register_storage(router);
  register_node_storage(router);
  register_storage_files(router);
  register_storage_prune(router);
  register_node_network(router);
  register_access_sessions(router);
  register_access_users(router);
  register_access_groups(router);
  register_access_realms(router);
  register_pools(router);
  register_indexes(router);
}

}  // namespace posada::api
