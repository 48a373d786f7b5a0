#include "host/shell.h"

#include "sys/pty.h"

namespace posada::host {

Shell open_shell(sys::Executor executor, bool as_root) {
  sys::Pty pty = sys::open_pty();
  sys::Command command;
  // setsid gives the login its controlling terminal, which it needs for job control.
  command.arguments = {"setsid", "--ctty", "login"};
  if (as_root) {
    command.arguments.insert(command.arguments.end(), {"-f", "root"});
  }
  command.environment = {{"TERM", "xterm-256color"}};
  command.descriptors = {{0, pty.slave.get()}, {1, pty.slave.get()}, {2, pty.slave.get()}};
  command.new_session = false;
  command.no_new_privileges = false;  // it is the administrator's own session: su must work
  try {
    sys::Child child = sys::spawn(executor, command);
    return {std::move(pty.master), std::move(child)};
  } catch (const Error& error) {
    if (error.code() != "sys.program-missing") throw;
  }
  throw program_missing("setsid");
}

}  // namespace posada::host
