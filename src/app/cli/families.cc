#include "app/cli/families.h"

#include <algorithm>

namespace posada::app {
namespace {

using api::Verb;

std::vector<Command> make_commands() {
  return {
      {"qm", "list", Verb::get, "/nodes/{node}/qemu", {}, Show::table,
       {"vmid", "name", "status", "maxmem", "maxdisk", "pid"}},
      {"qm", "create", Verb::post, "/nodes/{node}/qemu", {"vmid"}, Show::task},
      {"qm", "destroy", Verb::remove, "/nodes/{node}/qemu/{vmid}", {"vmid"}, Show::task},
      {"qm", "config", Verb::get, "/nodes/{node}/qemu/{vmid}/config", {"vmid"}, Show::pairs},
      {"qm", "set", Verb::post, "/nodes/{node}/qemu/{vmid}/config", {"vmid"}, Show::task},
      {"qm", "pending", Verb::get, "/nodes/{node}/qemu/{vmid}/pending", {"vmid"}, Show::table,
       {"key", "value", "pending", "delete"}},
      {"qm", "status", Verb::get, "/nodes/{node}/qemu/{vmid}/status/current", {"vmid"},
       Show::status},
      {"qm", "resize", Verb::put, "/nodes/{node}/qemu/{vmid}/resize", {"vmid", "disk", "size"},
       Show::task},
      {"qm", "unlink", Verb::put, "/nodes/{node}/qemu/{vmid}/unlink", {"vmid"}},
      {"qm", "clone", Verb::post, "/nodes/{node}/qemu/{vmid}/clone", {"vmid", "newid"}, Show::task},
      {"qm", "template", Verb::post, "/nodes/{node}/qemu/{vmid}/template", {"vmid"}, Show::task},
      {"qm", "sendkey", Verb::put, "/nodes/{node}/qemu/{vmid}/sendkey", {"vmid", "key"}},
      {"qm", "agent", Verb::post, "/nodes/{node}/qemu/{vmid}/agent", {"vmid", "command"},
       Show::text},
      {"qm", "listsnapshot", Verb::get, "/nodes/{node}/qemu/{vmid}/snapshot", {"vmid"}, Show::table,
       {"name", "snaptime", "description"}},
      {"qm", "snapshot", Verb::post, "/nodes/{node}/qemu/{vmid}/snapshot", {"vmid", "snapname"},
       Show::task},

      {"pct", "list", Verb::get, "/nodes/{node}/lxc", {}, Show::table,
       {"vmid", "status", "lock", "name"}},
      {"pct", "create", Verb::post, "/nodes/{node}/lxc", {"vmid", "ostemplate"}, Show::task},
      {"pct", "destroy", Verb::remove, "/nodes/{node}/lxc/{vmid}", {"vmid"}, Show::task},
      {"pct", "config", Verb::get, "/nodes/{node}/lxc/{vmid}/config", {"vmid"}, Show::pairs},
      {"pct", "set", Verb::put, "/nodes/{node}/lxc/{vmid}/config", {"vmid"}},
      {"pct", "pending", Verb::get, "/nodes/{node}/lxc/{vmid}/pending", {"vmid"}, Show::table,
       {"key", "value", "pending", "delete"}},
      {"pct", "status", Verb::get, "/nodes/{node}/lxc/{vmid}/status/current", {"vmid"},
       Show::status},
      {"pct", "clone", Verb::post, "/nodes/{node}/lxc/{vmid}/clone", {"vmid", "newid"}, Show::task},
      {"pct", "template", Verb::post, "/nodes/{node}/lxc/{vmid}/template", {"vmid"}},
      {"pct", "move-volume", Verb::post, "/nodes/{node}/lxc/{vmid}/move_volume",
       {"vmid", "volume", "storage"}, Show::task},
      {"pct", "listsnapshot", Verb::get, "/nodes/{node}/lxc/{vmid}/snapshot", {"vmid"},
       Show::table, {"name", "snaptime", "description"}},
      {"pct", "resize", Verb::put, "/nodes/{node}/lxc/{vmid}/resize", {"vmid", "disk", "size"},
       Show::task},

      {"pvesm", "status", Verb::get, "/nodes/{node}/storage", {}, Show::table,
       {"storage", "type", "active", "total", "used", "avail"}},
      {"pvesm", "list", Verb::get, "/nodes/{node}/storage/{storage}/content", {"storage"},
       Show::table, {"volid", "format", "content", "size", "vmid"}},
      {"pvesm", "alloc", Verb::post, "/nodes/{node}/storage/{storage}/content",
       {"storage", "vmid", "filename", "size"}, Show::volume},
      {"pvesm", "free", Verb::remove, "/nodes/{node}/storage/{storage}/content/{volume}",
       {"volume"}, Show::task},
      {"pvesm", "path", Verb::get, "/nodes/{node}/storage/{storage}/content/{volume}", {"volume"},
       Show::text, {"path"}},
      {"pvesm", "add", Verb::post, "/storage", {"type", "storage"}},
      {"pvesm", "set", Verb::put, "/storage/{storage}", {"storage"}},
      {"pvesm", "remove", Verb::remove, "/storage/{storage}", {"storage"}},

      {"qm", "start", Verb::post, "/nodes/{node}/qemu/{vmid}/status/start", {"vmid"}, Show::task},
      {"qm", "stop", Verb::post, "/nodes/{node}/qemu/{vmid}/status/stop", {"vmid"}, Show::task},
      {"qm", "shutdown", Verb::post, "/nodes/{node}/qemu/{vmid}/status/shutdown", {"vmid"}, Show::task},
      {"qm", "reset", Verb::post, "/nodes/{node}/qemu/{vmid}/status/reset", {"vmid"}, Show::task},
      {"qm", "reboot", Verb::post, "/nodes/{node}/qemu/{vmid}/status/reboot", {"vmid"}, Show::task},
      {"qm", "suspend", Verb::post, "/nodes/{node}/qemu/{vmid}/status/suspend", {"vmid"}, Show::task},
      {"qm", "resume", Verb::post, "/nodes/{node}/qemu/{vmid}/status/resume", {"vmid"}, Show::task},

      {"pct", "start", Verb::post, "/nodes/{node}/lxc/{vmid}/status/start", {"vmid"}, Show::task},
      {"pct", "stop", Verb::post, "/nodes/{node}/lxc/{vmid}/status/stop", {"vmid"}, Show::task},
      {"pct", "shutdown", Verb::post, "/nodes/{node}/lxc/{vmid}/status/shutdown", {"vmid"}, Show::task},
      {"pct", "reboot", Verb::post, "/nodes/{node}/lxc/{vmid}/status/reboot", {"vmid"}, Show::task},
      {"pct", "suspend", Verb::post, "/nodes/{node}/lxc/{vmid}/status/suspend", {"vmid"}, Show::task},
      {"pct", "resume", Verb::post, "/nodes/{node}/lxc/{vmid}/status/resume", {"vmid"}, Show::task},

      {"pveum", "users", Verb::get, "/access/users", {}, Show::table,
       {"userid", "enable", "expire", "email", "comment"}},
      {"pveum", "useradd", Verb::post, "/access/users", {"userid"}},
      {"pveum", "usermod", Verb::put, "/access/users/{userid}", {"userid"}},
      {"pveum", "userdel", Verb::remove, "/access/users/{userid}", {"userid"}},
      {"pveum", "groups", Verb::get, "/access/groups", {}, Show::table,
       {"groupid", "users", "comment"}},
      {"pveum", "groupadd", Verb::post, "/access/groups", {"groupid"}},
      {"pveum", "groupdel", Verb::remove, "/access/groups/{groupid}", {"groupid"}},
      {"pveum", "roles", Verb::get, "/access/roles", {}, Show::table, {"roleid", "privs"}},
      {"pveum", "roleadd", Verb::post, "/access/roles", {"roleid"}},
      {"pveum", "roledel", Verb::remove, "/access/roles/{roleid}", {"roleid"}},
      {"pveum", "acl", Verb::get, "/access/acl", {}, Show::table,
       {"path", "ugid", "roleid", "propagate"}},
      {"pveum", "aclmod", Verb::put, "/access/acl", {"path"}},

      {"pvenode", "status", Verb::get, "/nodes/{node}/status", {}, Show::pairs},
      {"pvenode", "tasks", Verb::get, "/nodes/{node}/tasks", {}, Show::table,
       {"upid", "type", "id", "user", "status"}},
  };
}

}  // namespace

const std::vector<Command>& commands() {
  static const std::vector<Command> all = make_commands();
  return all;
}

const Command* find_command(std::string_view family, std::string_view name) {
  for (const Command& command : commands()) {
    if (command.family == family && command.name == name) return &command;
  }
  return nullptr;
}

bool is_family(std::string_view name) {
  return name == "pvesh" ||
         std::any_of(commands().begin(), commands().end(),
                     [name](const Command& command) { return command.family == name; });
}

}  // namespace posada::app
