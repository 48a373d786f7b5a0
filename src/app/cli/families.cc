#include "app/cli/families.h"

#include <algorithm>

#include "base/text.h"

namespace posada::app {

const std::vector<Command>& commands() {
  static const std::vector<Command> all = [] {
    std::vector<Command> joined = guest_commands();
    for (Command& command : host_commands()) joined.push_back(std::move(command));
    return joined;
  }();
  return all;
}

const std::vector<Alias>& aliases() {
  static const std::vector<Alias> all = {
      {"qm", "agent", "guest cmd"},
      {"qm", "importdisk", "disk import"},
      {"qm", "resize", "disk resize"},
      {"qm", "unlink", "disk unlink"},
      {"qm", "move-disk", "disk move"},
      {"qm", "move_disk", "disk move"},
      {"pct", "move_volume", "move-volume"},
      {"pveum", "useradd", "user add"},
      {"pveum", "usermod", "user modify"},
      {"pveum", "userdel", "user delete"},
      {"pveum", "groupadd", "group add"},
      {"pveum", "groupmod", "group modify"},
      {"pveum", "groupdel", "group delete"},
      {"pveum", "roleadd", "role add"},
      {"pveum", "rolemod", "role modify"},
      {"pveum", "roledel", "role delete"},
      {"pveum", "aclmod", "acl modify"},
      {"pveum", "acldel", "acl delete"},
      {"pveum", "user token remove", "user token delete"},
  };
  return all;
}

const std::vector<std::pair<std::string_view, std::string_view>>& later_families() {
  static const std::vector<std::pair<std::string_view, std::string_view>> all = {
      {"vzdump", "backups of guests"},
      {"qmrestore", "restoring a virtual machine from a backup"},
      {"ha-manager", "high availability"},
      {"pvesr", "replication of guests"},
      {"pve-firewall", "the firewall"},
      {"pvesubscription", "subscriptions; Posada needs none"},
  };
  return all;
}

bool is_family(std::string_view name) {
  return std::any_of(commands().begin(), commands().end(),
                     [name](const Command& command) { return command.family == name; });
}

std::vector<std::string> family_names() {
  std::vector<std::string> names = {"pvesh"};
  for (const Command& command : commands()) {
    if (std::find(names.begin(), names.end(), command.family) == names.end()) {
      names.emplace_back(command.family);
    }
  }
  for (const auto& [name, purpose] : later_families()) names.emplace_back(name);
  return names;
}

std::pair<const Command*, std::size_t> find_command(std::string_view family,
                                                    const std::vector<std::string>& words) {
  constexpr std::size_t most = 3;  // "user token add"
  for (std::size_t count = std::min(most, words.size()); count > 0; --count) {
    std::string name =
        join({words.begin(), words.begin() + static_cast<std::ptrdiff_t>(count)}, " ");
    for (const Alias& alias : aliases()) {
      if (alias.family == family && alias.name == name) name = alias.command;
    }
    for (const Command& command : commands()) {
      if (command.family == family && command.name == name) return {&command, count};
    }
  }
  return {nullptr, 0};
}

}  // namespace posada::app
