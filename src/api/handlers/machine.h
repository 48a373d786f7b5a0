// What handlers of the machine itself need beyond the services of every call (api/call.h), and how
// they are bound: a handler that takes a `const Machine&` gets it.
#pragma once

#include "api/call.h"
#include "api/router.h"

namespace posada::host {
class CertificateStore;
class Options;
struct Host;
}  // namespace posada::host

namespace posada::api {

struct Machine {
  ::posada::host::Host* host = nullptr;
  ::posada::host::Options* datacenter = nullptr;
  ::posada::host::Options* node_options = nullptr;
  ::posada::host::CertificateStore* certificates = nullptr;
};

class MachineRouter {
 public:
  // `machine` outlives the router.
  MachineRouter(Router& router, const Machine& machine) : router_(router), machine_(machine) {}

  template <class Request>
  void on(sys::Async<Answer> (*handler)(Call&, Request)) {
    router_.on<Request>(handler);
  }
  template <class Request>
  void on(sys::Async<Answer> (*handler)(Call&, const Machine&, Request)) {
    router_.bind(Request::method, [&machine = machine_, handler](Call& call) {
      return handler(call, machine, read_request<Request>(call.parameters));
    });
  }
  Router& plain() { return router_; }

 private:
  Router& router_;
  const Machine& machine_;
};

// Everything that stands on the machine and on a node alone; called before register_handlers(),
// which fills the indexes.
void register_machine_handlers(Router& router, const Machine& machine);

void register_guest_batches(MachineRouter& router);
void register_cluster_views(MachineRouter& router);
void register_node_certificates(MachineRouter& router);
void register_node_devices(MachineRouter& router);
void register_node_host(MachineRouter& router);
void register_node_logs(MachineRouter& router);
void register_node_packages(MachineRouter& router);
void register_node_reports(MachineRouter& router);
void register_node_services(MachineRouter& router);
void register_node_shell(MachineRouter& router);
void register_options(MachineRouter& router);
void register_absent(Router& router);

}  // namespace posada::api
