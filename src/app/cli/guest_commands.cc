// qm and pct.
#include <deque>

#include "app/cli/consoles.h"
#include "app/cli/families.h"
#include "app/cli/guest_work.h"
#include "app/cli/tables.h"

namespace posada::app {
namespace {

using api::Verb;

constexpr const char* iface_help = "serial0 … serial3; the first one that is there";
constexpr const char* escape_help =
    "key that ends the terminal: ^O (the default), 0x1d, a number; 0 for none";
constexpr const char* status_help = "every figure, not only the state";

// The family of a kind of guests, and where its methods stand.
struct Family {
  std::string_view family;
  std::string_view resource;
  // Lives as long as the program, as the table of commands does.
  std::string_view path(std::string_view tail) const {
    static std::deque<std::string> made;
    return made.emplace_back("/nodes/{node}/" + std::string(resource) + "/{vmid}" +
                             std::string(tail));
  }
};

constexpr Family machines{"qm", "qemu"};
constexpr Family containers{"pct", "lxc"};

Command power_command(const Family& kind, std::string_view name) {
  return {.family = kind.family,
          .name = name,
          .verb = Verb::post,
          .path = kind.path("/status/" + std::string(name)),
          .positional = {"vmid"},
          .show = Show::task};
}

// What machines and containers have alike.
std::vector<Command> guest_methods(const Family& kind) {
  std::vector<Command> rows = {
      {.family = kind.family,
       .name = "destroy",
       .verb = Verb::remove,
       .path = kind.path(""),
       .positional = {"vmid"},
       .show = Show::task},
      {.family = kind.family,
       .name = "config",
       .path = kind.path("/config"),
       .positional = {"vmid"},
       .show = Show::value,
       .printer = config_lines},
      {.family = kind.family,
       .name = "pending",
       .path = kind.path("/pending"),
       .positional = {"vmid"},
       .show = Show::value,
       .printer = pending_lines},
      {.family = kind.family,
       .name = "clone",
       .verb = Verb::post,
       .path = kind.path("/clone"),
       .positional = {"vmid", "newid"},
       .show = Show::task},
      {.family = kind.family,
       .name = "migrate",
       .verb = Verb::post,
       .path = kind.path("/migrate"),
       .positional = {"vmid", "target"},
       .show = Show::task},
      {.family = kind.family,
       .name = "listsnapshot",
       .path = kind.path("/snapshot"),
       .positional = {"vmid"},
       .show = Show::value,
       .printer = snapshot_tree},
      {.family = kind.family,
       .name = "snapshot",
       .verb = Verb::post,
       .path = kind.path("/snapshot"),
       .positional = {"vmid", "snapname"},
       .show = Show::task},
      {.family = kind.family,
       .name = "delsnapshot",
       .verb = Verb::remove,
       .path = kind.path("/snapshot/{snapname}"),
       .positional = {"vmid", "snapname"},
       .show = Show::task},
      {.family = kind.family,
       .name = "rollback",
       .verb = Verb::post,
       .path = kind.path("/snapshot/{snapname}/rollback"),
       .positional = {"vmid", "snapname"},
       .show = Show::task},
  };
  for (const char* name : {"start", "stop", "shutdown", "reboot", "suspend", "resume"})
    rows.push_back(power_command(kind, name));
  return rows;
}

std::vector<Command> machine_methods() {
  return {
      {.family = "qm",
       .name = "list",
       .path = "/nodes/{node}/qemu",
       .show = Show::value,
       .printer = machine_list},
      {.family = "qm",
       .name = "create",
       .verb = Verb::post,
       .path = "/nodes/{node}/qemu",
       .positional = {"vmid"},
       .show = Show::task},
      {.family = "qm",
       .name = "set",
       .verb = Verb::post,
       .path = "/nodes/{node}/qemu/{vmid}/config",
       .positional = {"vmid"},
       .show = Show::task},
      {.family = "qm",
       .name = "unlock",
       .verb = Verb::put,
       .path = "/nodes/{node}/qemu/{vmid}/config",
       .positional = {"vmid"},
       .given = {{"delete", "lock"}, {"skiplock", "1"}},
       .description = "Remove the lock that a broken task has left on a virtual machine."},
      {.family = "qm",
       .name = "showcmd",
       .path = "/posada/nodes/{node}/qemu/{vmid}/showcmd",
       .positional = {"vmid"},
       .show = Show::value,
       .printer = command_line_text},
      {.family = "qm",
       .name = "disk resize",
       .verb = Verb::put,
       .path = "/nodes/{node}/qemu/{vmid}/resize",
       .positional = {"vmid", "disk", "size"},
       .show = Show::task},
      {.family = "qm",
       .name = "disk move",
       .verb = Verb::post,
       .path = "/nodes/{node}/qemu/{vmid}/move_disk",
       .positional = {"vmid", "disk", "storage"},
       .show = Show::task},
      {.family = "qm",
       .name = "disk unlink",
       .verb = Verb::put,
       .path = "/nodes/{node}/qemu/{vmid}/unlink",
       .positional = {"vmid"}},
      {.family = "qm",
       .name = "template",
       .verb = Verb::post,
       .path = "/nodes/{node}/qemu/{vmid}/template",
       .positional = {"vmid"},
       .show = Show::task},
      {.family = "qm",
       .name = "sendkey",
       .verb = Verb::put,
       .path = "/nodes/{node}/qemu/{vmid}/sendkey",
       .positional = {"vmid", "key"}},
      {.family = "qm",
       .name = "guest cmd",
       .verb = Verb::post,
       .path = "/nodes/{node}/qemu/{vmid}/agent",
       .positional = {"vmid", "command"},
       .show = Show::value,
       .printer = agent_answer},
      {.family = "qm",
       .name = "guest exec-status",
       .path = "/nodes/{node}/qemu/{vmid}/agent/exec-status",
       .positional = {"vmid", "pid"},
       .show = Show::value,
       .printer = agent_answer},
      {.family = "qm",
       .name = "guest passwd",
       .verb = Verb::post,
       .path = "/nodes/{node}/qemu/{vmid}/agent/set-user-password",
       .positional = {"vmid", "username"},
       .asked = {"password"}},
      {.family = "qm",
       .name = "cloudinit dump",
       .path = "/nodes/{node}/qemu/{vmid}/cloudinit/dump",
       .positional = {"vmid", "type"},
       .show = Show::value,
       .printer = plain_text},
      {.family = "qm",
       .name = "cloudinit pending",
       .path = "/nodes/{node}/qemu/{vmid}/cloudinit",
       .positional = {"vmid"},
       .show = Show::value,
       .printer = pending_lines},
      {.family = "qm",
       .name = "cloudinit update",
       .verb = Verb::put,
       .path = "/nodes/{node}/qemu/{vmid}/cloudinit",
       .positional = {"vmid"}},
      power_command(machines, "reset"),
  };
}

std::vector<Command> machine_functions() {
  return {
      {.family = "qm",
       .name = "status",
       .positional = {"vmid"},
       .run = machine_status,
       .description = "Show whether a virtual machine runs.",
       .options = {{"verbose", "", status_help}}},
      {.family = "qm",
       .name = "wait",
       .positional = {"vmid"},
       .run = wait_for_stop,
       .description = "Wait until a virtual machine has stopped.",
       .options = {{"timeout", "<seconds>", "give up after this time"}}},
      {.family = "qm",
       .name = "monitor",
       .positional = {"vmid"},
       .run = machine_monitor,
       .description = "Talk to QEMU's monitor: info, print, x, sendkey and what else only looks.",
       .options = {}},
      {.family = "qm",
       .name = "terminal",
       .positional = {"vmid"},
       .run = machine_terminal,
       .description = "Open a terminal on a serial port of a running virtual machine.",
       .options = {{"iface", "<port>", iface_help}, {"escape", "<key>", escape_help}}},
      {.family = "qm",
       .name = "guest exec",
       .positional = {"vmid"},
       .run = guest_exec,
       .description = "Run a program inside through the guest agent and show what it answered.",
       .options = {{"synchronous", "<0|1>", "0: print the pid at once (default 1)"},
                   {"timeout", "<seconds>", "wait so long for its end (default 30, 0: for ever)"},
                   {"pass-stdin", "", "hand standard input on (at most 1 MiB)"}},
       .rest = "extra-args"},
      {.family = "qm",
       .name = "disk import",
       .positional = {"vmid", "source", "storage"},
       .run = import_disk,
       .description = "Import a disk image, as an unused disk or under a key.",
       .options = {{"format", "<raw|qcow2>", "format of the new volume"},
                   {"target-disk", "<key>", "attach it under this key (scsi1)"}}},
  };
}

std::vector<Command> container_methods() {
  return {
      {.family = "pct",
       .name = "list",
       .path = "/nodes/{node}/lxc",
       .show = Show::value,
       .printer = container_list},
      {.family = "pct",
       .name = "create",
       .verb = Verb::post,
       .path = "/nodes/{node}/lxc",
       .positional = {"vmid", "ostemplate"},
       .show = Show::task},
      {.family = "pct",
       .name = "set",
       .verb = Verb::put,
       .path = "/nodes/{node}/lxc/{vmid}/config",
       .positional = {"vmid"}},
      {.family = "pct",
       .name = "unlock",
       .verb = Verb::put,
       .path = "/nodes/{node}/lxc/{vmid}/config",
       .positional = {"vmid"},
       .given = {{"delete", "lock"}},
       .description = "Remove the lock that a broken task has left on a container."},
      {.family = "pct",
       .name = "resize",
       .verb = Verb::put,
       .path = "/nodes/{node}/lxc/{vmid}/resize",
       .positional = {"vmid", "disk", "size"},
       .show = Show::task},
      {.family = "pct",
       .name = "move-volume",
       .verb = Verb::post,
       .path = "/nodes/{node}/lxc/{vmid}/move_volume",
       .positional = {"vmid", "volume", "storage"},
       .show = Show::task},
      {.family = "pct",
       .name = "template",
       .verb = Verb::post,
       .path = "/nodes/{node}/lxc/{vmid}/template",
       .positional = {"vmid"}},
  };
}

std::vector<Command> container_functions() {
  return {
      {.family = "pct",
       .name = "status",
       .positional = {"vmid"},
       .run = container_status,
       .description = "Show whether a container runs.",
       .options = {{"verbose", "", status_help}}},
      {.family = "pct",
       .name = "enter",
       .positional = {"vmid"},
       .run = container_enter,
       .description = "Open root's shell inside a running container.",
       .options = {}},
      {.family = "pct",
       .name = "exec",
       .positional = {"vmid"},
       .run = container_exec,
       .description = "Run a program inside a running container; its exit status is ours.",
       .options = {},
       .rest = "extra-args"},
      {.family = "pct",
       .name = "console",
       .positional = {"vmid"},
       .run = container_console,
       .description = "Open the terminal that a running container signs people in on.",
       .options = {{"escape", "<key>", "key that, after itself, q ends the console (default ^A)"}}},
      {.family = "pct",
       .name = "push",
       .positional = {"vmid", "file", "destination"},
       .run = container_push,
       .description = "Copy a file of the host into a running container.",
       .options = {{"perms", "<octal>", "permissions of the file inside"},
                   {"user", "<name>", "its owner"},
                   {"group", "<name>", "its group"}}},
      {.family = "pct",
       .name = "pull",
       .positional = {"vmid", "path", "destination"},
       .run = container_pull,
       .description = "Copy a file of a running container to the host.",
       .options = {{"perms", "<octal>", "permissions of the file on the host"}}},
  };
}

}  // namespace

std::vector<Command> guest_commands() {
  std::vector<Command> all;
  for (std::vector<Command> part :
       {machine_methods(), guest_methods(machines), machine_functions(), container_methods(),
        guest_methods(containers), container_functions()}) {
    for (Command& command : part) all.push_back(std::move(command));
  }
  return all;
}

}  // namespace posada::app
