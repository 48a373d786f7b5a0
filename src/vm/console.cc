// Talking to a running machine: monitor, keys, agent, consoles (machines.h).
#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

#include "base/error.h"
#include "base/text.h"
#include "sys/channel.h"
#include "sys/file.h"
#include "sys/stream.h"
#include "vm/machine_state.h"

namespace posada::vm {

namespace {

// Monitor commands that only look, or act on the guest as its keyboard would. Everything else is
// refused: a command that starts a program or opens a file makes the sandbox kill the guest.
bool is_allowed(std::string_view command) {
  static constexpr std::array<std::string_view, 12> words = {
      "help",       "info",         "?",         "print", "p",  "x", "sendkey",
      "mouse_move", "mouse_button", "mouse_set", "sum",   "nmi"};
  const auto parts = split_list(command, " \t");
  if (parts.empty() || std::find(words.begin(), words.end(), parts[0]) == words.end()) return false;
  return command.find_first_of("\n\r;") == std::string_view::npos;
}

// Nothing when no process shares the port now.
sys::Async<std::optional<sys::Fd>> join_shared(sys::Executor executor, std::string socket) {
  if (!sys::exists(socket)) co_return std::nullopt;
  try {
    co_return co_await sys::connect_unix(executor, socket);
  } catch (const Error&) {
    co_return std::nullopt;  // its last viewer has left
  }
}

sys::Async<void> wait_for(sys::Child child) {
  co_await child.wait();
}

// QEMU serves one viewer of a serial port; a process of its own is that one for all of them.
void share_port(Machines::State& state, const Running& run, const sys::Fd& listener,
                const sys::Fd& port) {
  sys::Command command;
  command.arguments = {state.settings.worker, "serial"};
  command.descriptors = {{3, listener.get()}, {4, port.get()}};
  if (run.record.uid != 0) command.uid = command.gid = run.record.uid;
  state.scope.spawn("serial port", wait_for(sys::spawn(state.parts.executor, command)));
}

// "0x1c".
int key_code(const std::string& text) {
  int code = 0;
  const char* const end = text.data() + text.size();
  const auto [last, error] = std::from_chars(text.data() + 2, end, code, 16);
  if (error != std::errc() || last != end || code < 0) {
    throw Error::parameter("key", "'" + text + "' is no code of a key such as 0x1c");
  }
  return code;
}

}  // namespace

sys::Async<std::string> Machines::monitor(GuestId id, std::string command) {
  const auto self = state_;
  self->require(id);
  const auto run = self->require_running(id);
  if (!is_allowed(command)) {
    throw Error::parameter("command", "the monitor command '" +
                                          command.substr(0, command.find(' ')) +
                                          "' is not allowed; use info, help, print, x, sendkey, "
                                          "mouse_move, mouse_button, mouse_set, sum or nmi");
  }
  const json::value answer =
      co_await run->qmp->execute("human-monitor-command", {{"command-line", command}});
  std::string text = text_of(answer);
  std::erase(text, '\r');
  co_return text;
}

sys::Async<void> Machines::send_key(GuestId id, std::string key) {
  const auto self = state_;
  self->require(id);
  const auto run = self->require_running(id);
  json::array keys;
  for (const std::string& name : split_list(key, "-")) {
    if (name.starts_with("0x")) {
      keys.push_back({{"type", "number"}, {"data", key_code(name)}});
    } else {
      keys.push_back({{"type", "qcode"}, {"data", name}});
    }
  }
  co_await run->qmp->execute("send-key", {{"keys", std::move(keys)}});
}

sys::Async<json::value> Machines::agent(GuestId id, std::string command, json::object arguments) {
  const auto self = state_;
  const auto record = self->require(id);
  const auto run = self->find(id);
  if (!run) throw Error::failed("vm.not-running", "VM " + id.text() + " is not running");
  if (!agent_enabled(run->record.config) || !run->agent) {
    throw Error::failed("vm.no-agent", "No QEMU guest agent configured");
  }
  // Freezing waits for every file system of the guest.
  const sys::Milliseconds patience(command.starts_with("guest-fs") ? 60 * 60 * 1000 : 10000);
  co_return co_await run->agent->execute(std::move(command), std::move(arguments), patience);
}

sys::Async<sys::Fd> Machines::vnc(GuestId id, std::string password) {
  const auto self = state_;
  self->require(id);
  const auto run = self->require_running(id);
  auto ends = sys::socket_pair();
  co_await run->qmp->execute("set_password", {{"protocol", "vnc"}, {"password", password}});
  co_await run->qmp->execute("expire_password", {{"protocol", "vnc"}, {"time", "+30"}});
  const std::string name = "vnc-" + hex(password).substr(0, 16);
  std::vector<sys::Fd> handed;
  handed.push_back(std::move(ends.second));
  co_await run->qmp->execute_with("getfd", {{"fdname", name}}, std::move(handed));
  co_await run->qmp->execute("add_client", {{"protocol", "vnc"}, {"fdname", name}});
  co_return std::move(ends.first);
}

sys::Async<sys::Fd> Machines::serial(GuestId id, int port) {
  const auto self = state_;
  self->require(id);
  const auto run = self->require_running(id);
  const std::string key = "serial" + std::to_string(port);
  if (run->record.config.get(key) != "socket") {
    throw Error::failed("vm.no-serial", "unable to find a serial interface", {{"port", key}})
        .with_hint("Add a serial port with 'serial0: socket' and start the machine anew.");
  }
  const std::string port_socket = self->folder(id) + "/" + key;
  const std::string socket = port_socket + ".shared";
  int known = -1;
  // Again when another call has shared the port meanwhile.
  while (known != run->ports_shared) {
    known = run->ports_shared;
    if (std::optional<sys::Fd> found = co_await join_shared(self->parts.executor, socket)) {
      co_return std::move(*found);
    }
  }
  ++run->ports_shared;
  const sys::Fd listener = sys::listen_unix(socket, 0600);
  const sys::Fd qemu = co_await sys::connect_unix(self->parts.executor, port_socket);
  share_port(*self, *run, listener, qemu);
  co_return co_await sys::connect_unix(self->parts.executor, socket);
}

}  // namespace posada::vm
