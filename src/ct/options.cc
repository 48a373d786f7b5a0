#include "ct/options.h"

#include <algorithm>
#include <array>

#include "base/error.h"
#include "base/property_formats.h"
#include "ct/config.h"
#include "guest/properties.h"

namespace posada::ct {

namespace {

constexpr Option option_table[] = {
    {"arch", "", By::liblxc},
    {"cmode", "", By::daemon},
    {"console", "", By::liblxc},
    {"cores", "", By::liblxc},
    {"cpulimit", "", By::liblxc},
    {"cpuunits", "", By::liblxc},
    {"debug", "", By::liblxc},
    {"description", "", By::daemon},
    {"dev", "", By::none, "", "devices of the host cannot be passed through yet"},
    {"entrypoint", "", By::liblxc},
    {"env", "", By::liblxc},
    {"features", "force_rw_sys", By::liblxc},
    {"features", "fuse", By::liblxc},
    {"features", "keyctl", By::liblxc},
    {"features", "mknod", By::none, "0",
     "making device nodes in a user namespace needs a helper that is not there yet"},
    {"features", "mount", By::none, "",
     "mounting file systems of the host's kernel from inside is not possible yet"},
    {"features", "nesting", By::liblxc},
    {"hookscript", "", By::daemon},
    {"hostname", "", By::files},
    {"lock", "", By::daemon},
    {"lxc", "", By::liblxc},
    {"memory", "", By::liblxc},
    {"mp", "acl", By::none, "1", "the file systems here always have access control lists"},
    {"mp", "backup", By::others},
    {"mp", "idmap", By::none, "", "maps of ids for a single volume are not possible yet"},
    {"mp", "keepattrs", By::none, "0", "attributes of the folder beneath are not taken over yet"},
    {"mp", "mountoptions", By::mounts},
    {"mp", "mp", By::liblxc},
    {"mp", "quota", By::none, "0", "quotas inside a container are not possible yet"},
    {"mp", "replicate", By::others},
    {"mp", "ro", By::mounts},
    {"mp", "shared", By::others},
    {"mp", "size", By::daemon},
    {"mp", "volume", By::mounts},
    {"nameserver", "", By::files},
    {"net", "bridge", By::liblxc},
    {"net", "firewall", By::others},
    {"net", "gw", By::liblxc},
    {"net", "gw6", By::liblxc},
    {"net", "host-managed", By::files},
    {"net", "hwaddr", By::liblxc},
    {"net", "ip", By::liblxc},
    {"net", "ip6", By::liblxc},
    {"net", "link_down", By::liblxc},
    {"net", "mtu", By::liblxc},
    {"net", "name", By::liblxc},
    {"net", "rate", By::none, "0", "limits of a card's rate are not possible yet"},
    {"net", "tag", By::liblxc},
    {"net", "trunks", By::none, "", "VLAN trunks are not possible yet; use a card for each VLAN"},
    {"net", "type", By::liblxc},
    {"onboot", "", By::others},
    {"ostype", "", By::files},
    {"parent", "", By::daemon},
    {"protection", "", By::daemon},
    {"rootfs", "acl", By::none, "1", "the file systems here always have access control lists"},
    {"rootfs", "idmap", By::none, "", "maps of ids for a single volume are not possible yet"},
    {"rootfs", "mountoptions", By::mounts},
    {"rootfs", "quota", By::none, "0", "quotas inside a container are not possible yet"},
    {"rootfs", "replicate", By::others},
    {"rootfs", "ro", By::mounts},
    {"rootfs", "shared", By::others},
    {"rootfs", "size", By::daemon},
    {"rootfs", "volume", By::mounts},
    {"searchdomain", "", By::files},
    {"startup", "", By::daemon},
    {"swap", "", By::liblxc},
    {"tags", "", By::daemon},
    {"template", "", By::daemon},
    {"timezone", "", By::files},
    {"tty", "", By::liblxc},
    {"unprivileged", "", By::liblxc},
    {"unused", "volume", By::daemon},
};

const Option* find(std::string_view key, std::string_view property) {
  const auto found = std::ranges::find_if(option_table, [&](const Option& option) {
    return option.key == key && option.property == property;
  });
  return found == std::end(option_table) ? nullptr : found;
}

void refuse(std::string_view key, const Option& option, std::string_view value) {
  if (option.by != By::none || (!option.harmless.empty() && value == option.harmless)) return;
  std::string text(option.reason);
  if (!option.property.empty()) text = std::string(option.property) + ": " + text;
  throw Error::parameter(std::string(key), text);
}

const PropertyFormat* format_of(std::string_view name) {
  if (name == "net") return &formats::lxc_net;
  if (name == "mp") return &formats::lxc_mp;
  if (name == "rootfs") return &formats::lxc_rootfs;
  if (name == "features") return &formats::lxc_features;
  return nullptr;
}

}  // namespace

std::span<const Option> options() {
  return option_table;
}

void check_effect(std::string_view key, std::string_view value) {
  const auto split = guest::split_number(key);
  const std::string name = split ? split->first : std::string(key);
  if (const Option* option = find(name, "")) refuse(key, *option, value);
  const PropertyFormat* format = format_of(name);
  if (format == nullptr) return;
  for (const auto& [property, given] : parse_property_string(*format, value, std::string(key))) {
    if (const Option* option = find(name, property)) refuse(key, *option, given);
  }
}

}  // namespace posada::ct
