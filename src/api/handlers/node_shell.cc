// A shell on the node in the browser: a ticket first, then the connection that uses it.
#include "access/tickets.h"
#include "api/handlers/machine.h"
#include "api/request/nodes.h"
#include "host/shell.h"
#include "sys/process.h"
#include "task/tasks.h"

namespace posada::api {
namespace {

constexpr int shell_port = 5900;  // a number of the ticket: nothing listens there

access::ConsoleTarget target(const Call& call, int port) {
  return {call.identity, "/nodes/" + call.services.node, port};
}

void require_own_node(const Call& call, const std::string& node) {
  if (node == call.services.node) return;
  throw no_such_node(node);
}

sys::Async<void> say_ready(task::Context& context) {
  context.log("shell is ready");
  co_return;
}

sys::Async<Answer> prepare(Call& call, nodes::Termproxy request) {
  require_own_node(call, request.node);
  if (request.cmd.value_or("login") != "login") {
    throw Error::parameter("cmd", "this node opens a login only; run other commands in it");
  }
  const auto ticket = call.services.tickets->make_console(target(call, shell_port));
  const auto upid =
      call.services.tasks->start(task_start<task::Start>(call, "vncshell", ""), say_ready);
  co_return json::object{{"user", call.identity.user},
                         {"ticket", ticket.ticket},
                         {"port", std::to_string(shell_port)},
                         {"upid", upid.text()}};
}

// A coroutine of its own, so that the process is not left unreaped.
sys::Async<void> follow(sys::Child child) {
  (void)co_await child.wait();
}

sys::Async<Answer> connect(Call& call, nodes::Vncwebsocket request) {
  require_own_node(call, request.node);
  const int port = static_cast<int>(request.port);
  if (!call.upgrade) co_return json::object{{"port", std::to_string(port)}};
  if (!call.services.tickets->use_console_ticket(request.vncticket, target(call, port))) {
    throw Error::unauthenticated("permission denied - invalid PVEVNC ticket");
  }
  host::Shell shell = host::open_shell(call.services.scope->executor(), call.identity.is_root());
  call.services.scope->spawn("shell", follow(std::move(shell.child)));
  co_return Answer::console(BodyKind::terminal_console, std::move(shell.terminal),
                            call.identity.user + ":" + request.vncticket, "");
}

}  // namespace

void register_node_shell(MachineRouter& router) {
  router.on<nodes::Termproxy>(prepare);
  router.on<nodes::Vncwebsocket>(connect);
}

}  // namespace posada::api
