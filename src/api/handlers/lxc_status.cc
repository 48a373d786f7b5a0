// Power and terminals of containers. The terminal's port is a number that says which console is
// meant; the one-time ticket, bound to user, guest and port, is what opens it.
#include "access/tickets.h"
#include "api/handlers/handlers.h"
#include "api/handlers/lxc_request.h"
#include "api/request/nodes_lxc.h"
#include "api/request/nodes_lxc_status.h"
#include "guest/registry.h"

namespace posada::api {
namespace {

using std::chrono::seconds;

constexpr int terminal_port = 5990;

sys::Async<Answer> index(Call& call, nodes_lxc_status::Vmcmdidx request) {
  call.services.registry->require(container_id(request.vmid), GuestKind::container);
  json::array rows;
  for (const char* name : {"current", "start", "stop", "shutdown", "suspend", "resume", "reboot"})
    rows.push_back(json::object{{"subdir", name}});
  co_return rows;
}

sys::Async<Answer> current(Call& call, nodes_lxc_status::VmStatus request) {
  json::object status = co_await containers(call).status(container_id(request.vmid));
  co_return status;
}

sys::Async<Answer> start(Call& call, nodes_lxc_status::VmStart request) {
  co_return container_upid(containers(call).power_on(
      container_caller(call), container_id(request.vmid), request.skiplock.value_or(false)));
}

sys::Async<Answer> stop(Call& call, nodes_lxc_status::VmStop request) {
  ct::StopOptions options;
  options.skip_lock = request.skiplock.value_or(false);
  options.overrule_shutdown = request.overrule_shutdown.value_or(false);
  co_return container_upid(
      containers(call).power_off(container_caller(call), container_id(request.vmid), options));
}

sys::Async<Answer> shutdown(Call& call, nodes_lxc_status::VmShutdown request) {
  ct::StopOptions options;
  options.timeout = seconds(request.timeout.value_or(0));
  options.force = request.forceStop.value_or(false);
  co_return container_upid(
      containers(call).shut_down(container_caller(call), container_id(request.vmid), options));
}

sys::Async<Answer> reboot(Call& call, nodes_lxc_status::VmReboot request) {
  co_return container_upid(containers(call).reboot(
      container_caller(call), container_id(request.vmid), seconds(request.timeout.value_or(0))));
}

sys::Async<Answer> suspend(Call& call, nodes_lxc_status::VmSuspend request) {
  co_return container_upid(
      containers(call).suspend(container_caller(call), container_id(request.vmid)));
}

sys::Async<Answer> resume(Call& call, nodes_lxc_status::VmResume request) {
  co_return container_upid(
      containers(call).resume(container_caller(call), container_id(request.vmid)));
}

access::ConsoleTarget target(const Call& call, std::int64_t vmid, int port) {
  return {call.identity, "/vms/" + std::to_string(vmid), port};
}

sys::Async<void> say_ready(task::Context& context) {
  context.log("console is ready");
  co_return;
}

sys::Async<Answer> terminal_proxy(Call& call, nodes_lxc::Termproxy request) {
  call.services.registry->require(container_id(request.vmid), GuestKind::container);
  const auto ticket =
      call.services.tickets->make_console(target(call, request.vmid, terminal_port));
  const auto upid = call.services.tasks->start(
      task_start<task::Start>(call, "vncproxy", std::to_string(request.vmid)), say_ready);
  co_return json::object{{"user", call.identity.user},
                         {"ticket", ticket.ticket},
                         {"port", std::to_string(terminal_port)},
                         {"upid", upid.text()}};
}

sys::Async<Answer> vnc_proxy(Call& call, nodes_lxc::Vncproxy request) {
  call.services.registry->require(container_id(request.vmid), GuestKind::container);
  throw Error::failed("ct.no-vnc", "a container's console is text and has no VNC server")
      .with_hint("Open it as a terminal: termproxy.");
}

sys::Async<Answer> websocket(Call& call, nodes_lxc::Vncwebsocket request) {
  const int port = static_cast<int>(request.port);
  if (!call.upgrade) co_return json::object{{"port", std::to_string(port)}};
  if (!call.services.tickets->use_console_ticket(request.vncticket,
                                                 target(call, request.vmid, port)))
    throw Error::unauthenticated("permission denied - invalid PVEVNC ticket");
  const GuestId id = container_id(request.vmid);
  sys::Fd terminal = co_await containers(call).console(id);
  co_return Answer::console(BodyKind::terminal_console, std::move(terminal),
                            call.identity.user + ":" + request.vncticket, id.text() + "/tty");
}

}  // namespace

void register_lxc_status(Router& router) {
  router.on<nodes_lxc_status::Vmcmdidx>(index);
  router.on<nodes_lxc_status::VmStatus>(current);
  router.on<nodes_lxc_status::VmStart>(start);
  router.on<nodes_lxc_status::VmStop>(stop);
  router.on<nodes_lxc_status::VmShutdown>(shutdown);
  router.on<nodes_lxc_status::VmReboot>(reboot);
  router.on<nodes_lxc_status::VmSuspend>(suspend);
  router.on<nodes_lxc_status::VmResume>(resume);
  router.on<nodes_lxc::Vncproxy>(vnc_proxy);
  router.on<nodes_lxc::Termproxy>(terminal_proxy);
  router.on<nodes_lxc::Vncwebsocket>(websocket);
}

}  // namespace posada::api
