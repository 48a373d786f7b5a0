// Consoles of virtual machines. The port that clients are told is a number that
// says which console is meant: nothing listens on it. The one-time ticket,
// bound to user, guest and port, is what opens it; its first eight characters
// are the VNC password.
#include "access/tickets.h"
#include "api/handlers/handlers.h"
#include "api/handlers/qemu_request.h"
#include "api/request/nodes_qemu.h"
#include "guest/registry.h"
#include "task/tasks.h"

namespace posada::api {
namespace {

constexpr int vnc_port = 5900;
constexpr int serial_port = 5950;  // of serial0; the others follow

access::ConsoleTarget target(const Call& call, std::int64_t vmid, int port) {
  return {call.identity, "/vms/" + std::to_string(vmid), port};
}

sys::Async<void> say_ready(task::Context& context) {
  context.log("console is ready");
  co_return;
}

json::object proxy(Call& call, std::int64_t vmid, int port) {
  call.services.registry->require(guest_id(vmid), GuestKind::vm);
  const auto ticket = call.services.tickets->make_console(target(call, vmid, port));
  const auto upid = call.services.tasks->start(
      task_start<task::Start>(call, "vncproxy", std::to_string(vmid)), say_ready);
  return {{"user", call.identity.user},
          {"ticket", ticket.ticket},
          {"port", std::to_string(port)},
          {"upid", upid.text()},
          {"password", ticket.password}};
}

sys::Async<Answer> vnc_proxy(Call& call, nodes_qemu::Vncproxy request) {
  if (!request.websocket.value_or(false)) {
    throw Error::parameter("websocket", "VNC is reached through a WebSocket: use websocket=1");
  }
  json::object answer = proxy(call, request.vmid, vnc_port);
  answer["cert"] = "";
  co_return answer;
}

// `serialN` that is asked for, the one that is the display, or the first.
int serial_of(Call& call, std::int64_t vmid, const std::optional<std::string>& wanted) {
  const json::object config = machines(call).config(guest_id(vmid), true);
  std::string name = wanted.value_or("");
  const std::string vga = text_member(config, "vga").value_or("");
  if (name.empty() && vga.starts_with("serial")) name = vga.substr(0, vga.find(','));
  for (int i = 0; i < 4; ++i) {
    const std::string key = "serial" + std::to_string(i);
    if ((name.empty() || name == key) && text_member(config, key) == "socket") return i;
  }
  throw Error::failed("vm.no-serial", "unable to find a serial interface")
      .with_hint(
          "Add a serial port with 'serial0: socket' and start the "
          "machine anew.");
}

sys::Async<Answer> terminal_proxy(Call& call, nodes_qemu::Termproxy request) {
  const int port = serial_of(call, request.vmid, request.serial);
  json::object answer = proxy(call, request.vmid, serial_port + port);
  answer.erase("password");
  co_return answer;
}

sys::Async<Answer> websocket(Call& call, nodes_qemu::Vncwebsocket request) {
  const int port = static_cast<int>(request.port);
  if (!call.upgrade) co_return json::object{{"port", std::to_string(port)}};
  if (!call.services.tickets->use_console_ticket(request.vncticket,
                                                 target(call, request.vmid, port))) {
    throw Error::unauthenticated("permission denied - invalid PVEVNC ticket");
  }
  const GuestId id = guest_id(request.vmid);
  // Several may look at one screen, and at one serial port.
  if (port >= serial_port) {
    sys::Fd serial = co_await machines(call).serial(id, port - serial_port);
    co_return Answer::console(BodyKind::terminal_console, std::move(serial),
                              call.identity.user + ":" + request.vncticket, "");
  }
  sys::Fd screen = co_await machines(call).vnc(id, request.vncticket.substr(0, 8));
  co_return Answer::console(BodyKind::binary_console, std::move(screen), "", "");
}

}  // namespace

void register_qemu_console(Router& router) {
  router.on<nodes_qemu::Vncproxy>(vnc_proxy);
  router.on<nodes_qemu::Termproxy>(terminal_proxy);
  router.on<nodes_qemu::Vncwebsocket>(websocket);
}

}  // namespace posada::api
