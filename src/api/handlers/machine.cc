#include "api/handlers/machine.h"

namespace posada::api {

void register_machine_handlers(Router& router, const Machine& machine) {
  MachineRouter machine_router(router, machine);
  register_guest_batches(machine_router);
  register_cluster_views(machine_router);
  register_node_certificates(machine_router);
  register_node_devices(machine_router);
  register_node_host(machine_router);
  register_node_logs(machine_router);
  register_node_packages(machine_router);
  register_node_reports(machine_router);
  register_node_services(machine_router);
  register_node_shell(machine_router);
  register_options(machine_router);
  register_absent(router);
}

}  // namespace posada::api
