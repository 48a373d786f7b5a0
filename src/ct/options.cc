#include "ct/options.h"

#include "base/property_formats.h"
#include "ct/config.h"
#include "guest/properties.h"

namespace posada::ct {

namespace {

namespace rows {
using enum guest::Treatment;

constexpr guest::Option option_table[] = {
    {"arch", hardware},
    {"cmode", feature},
    {"console", hardware},
    {"cores", hardware},
    {"cpulimit", hardware},
    {"cpuunits", hardware},
    {"debug", hardware},
    {"description", feature},
    {"dev", refused, "", "devices of the host cannot be passed through yet"},
    {"entrypoint", hardware},
    {"env", hardware},
    {"features.force_rw_sys", hardware},
    {"features.fuse", hardware},
    {"features.keyctl", hardware},
    {"features.mknod", refused, "0",
     "making device nodes in a user namespace needs a helper that is not there yet"},
    {"features.mount", refused, "",
     "mounting file systems of the host's kernel from inside is not possible yet"},
    {"features.nesting", hardware},
    {"hookscript", feature},
    {"hostname", files},
    {"lock", feature},
    {"lxc", hardware},
    {"memory", hardware},
    {"mp.acl", refused, "1", "the file systems here always have access control lists"},
    {"mp.backup", feature},
    {"mp.idmap", refused, "", "maps of ids for a single volume are not possible yet"},
    {"mp.keepattrs", refused, "0", "attributes of the folder beneath are not taken over yet"},
    {"mp.mountoptions", mounts},
    {"mp.mp", hardware},
    {"mp.quota", refused, "0", "quotas inside a container are not possible yet"},
    {"mp.replicate", feature},
    {"mp.ro", mounts},
    {"mp.shared", feature},
    {"mp.size", feature},
    {"mp.volume", mounts},
    {"nameserver", files},
    {"net.bridge", hardware},
    {"net.firewall", feature},
    {"net.gw", hardware},
    {"net.gw6", hardware},
    {"net.host-managed", files},
    {"net.hwaddr", hardware},
    {"net.ip", hardware},
    {"net.ip6", hardware},
    {"net.link_down", hardware},
    {"net.mtu", hardware},
    {"net.name", hardware},
    {"net.rate", refused, "0", "limits of a card's rate are not possible yet"},
    {"net.tag", hardware},
    {"net.trunks", refused, "", "VLAN trunks are not possible yet; use a card for each VLAN"},
    {"net.type", hardware},
    {"onboot", feature},
    {"ostype", files},
    {"parent", feature},
    {"protection", feature},
    {"rootfs.acl", refused, "1", "the file systems here always have access control lists"},
    {"rootfs.idmap", refused, "", "maps of ids for a single volume are not possible yet"},
    {"rootfs.mountoptions", mounts},
    {"rootfs.quota", refused, "0", "quotas inside a container are not possible yet"},
    {"rootfs.replicate", feature},
    {"rootfs.ro", mounts},
    {"rootfs.shared", feature},
    {"rootfs.size", feature},
    {"rootfs.volume", mounts},
    {"searchdomain", files},
    {"startup", feature},
    {"swap", hardware},
    {"tags", feature},
    {"template", feature},
    {"timezone", files},
    {"tty", hardware},
    {"unprivileged", hardware},
    {"unused.volume", feature},
};
}  // namespace rows

const PropertyFormat* format_of(std::string_view name) {
  if (name == "net") return &formats::lxc_net;
  if (name == "mp") return &formats::lxc_mp;
  if (name == "rootfs") return &formats::lxc_rootfs;
  if (name == "features") return &formats::lxc_features;
  return nullptr;
}

}  // namespace

std::span<const guest::Option> options() {
  return rows::option_table;
}

std::optional<std::string> unsupported(std::string_view key, std::string_view value) {
  const auto split = guest::split_number(key);
  const std::string name = split ? split->first : std::string(key);
  guest::Properties parts;
  if (const PropertyFormat* format = format_of(name))
    parts = parse_property_string(*format, value, std::string(key));
  return guest::refusal(rows::option_table, name, value, parts);
}

}  // namespace posada::ct
