// The handlers of each resource of the URL tree, one file each; see api/call.h for what a handler
// is. register_handlers() calls all of these.
#pragma once

#include "api/call.h"
#include "api/router.h"

namespace posada::api {

void register_indexes(Router& router);
void register_version(Router& router);
void register_tasks(Router& router);
void register_nodes(Router& router);
void register_cluster(Router& router);
void register_events(Router& router);
void register_config_texts(Router& router);
void register_history(Router& router);
void register_qemu(Router& router);
void register_qemu_status(Router& router);
void register_qemu_agent(Router& router);
void register_qemu_console(Router& router);
void register_qemu_snapshot(Router& router);
void register_lxc(Router& router);
void register_lxc_status(Router& router);
void register_lxc_volumes(Router& router);
void register_storage(Router& router);
void register_node_storage(Router& router);
void register_storage_files(Router& router);
void register_storage_prune(Router& router);
void register_node_network(Router& router);
void register_access_sessions(Router& router);
void register_access_users(Router& router);
void register_access_groups(Router& router);
void register_access_realms(Router& router);
void register_pools(Router& router);

}  // namespace posada::api
