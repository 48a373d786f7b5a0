#include "ct/lxc_config.h"

#include <algorithm>
#include <cmath>
#include <tuple>

#include <fmt/format.h>

#include "base/error.h"
#include "base/property_formats.h"
#include "base/text.h"
#include "guest/properties.h"

namespace posada::ct {

namespace {

constexpr const char* seccomp_profile = "/usr/share/lxc/config/common.seccomp";

// Version 1 counts weights around 1024, version 2 around 100.
std::int64_t weight2(std::int64_t units) {
  return std::clamp<std::int64_t>(units, 1, 10000);
}

class Text {
 public:
  // A line break in a value would be a line of its own, and liblxc's lines can run programs.
  void line(std::string_view key, std::string_view value) {
    const bool plain =
        std::ranges::none_of(value, [](unsigned char byte) { return byte < 0x20 || byte == 0x7f; });
    if (!plain)
      throw Error::failed("ct.control-character",
                          "the configuration holds a control character in " + std::string(key));
    text_ += fmt::format("lxc.{} = {}\n", key, value);
  }
  std::string take() { return std::move(text_); }

 private:
  std::string text_;
};

PropertyValues features(const guest::ConfigSection& config) {
  if (!config.has("features")) return {};
  return parse_property_string(formats::lxc_features, config.get("features"), "features");
}

bool has_feature(const PropertyValues& features, std::string_view name) {
  const auto found = features.find(name);
  return found != features.end() && found->second == "1";
}

void add_security(Text& text, const guest::ConfigSection& config, const HostFacts& host,
                  const Places& places) {
  const bool unprivileged = flag(config, "unprivileged", false);
  const PropertyValues wanted = features(config);
  const bool nesting = has_feature(wanted, "nesting");
  if (unprivileged) {
    text.line("idmap", fmt::format("u 0 {} {}", places.first_id, places.id_count));
    text.line("idmap", fmt::format("g 0 {} {}", places.first_id, places.id_count));
  } else {
    text.line("cap.drop", "mac_admin mac_override sys_time sys_module sys_rawio");
  }
  if (nesting || has_feature(wanted, "force_rw_sys"))
    text.line("mount.auto",
              nesting ? "cgroup:mixed proc:rw sys:rw" : "cgroup:mixed proc:mixed sys:rw");
  else
    text.line("mount.auto", "cgroup:mixed proc:mixed sys:mixed");
  if (host.apparmor) {
    text.line("apparmor.profile", "generated");
    text.line("apparmor.allow_nesting", nesting ? "1" : "0");
  } else {
    text.line("apparmor.profile", "unconfined");
  }
  if (host.seccomp_profile) text.line("seccomp.profile", seccomp_profile);
  if (has_feature(wanted, "fuse"))
    text.line("mount.entry", "/dev/fuse dev/fuse none bind,create=file,optional 0 0");
}

// What a container may use of devices: none of the host's disks, whoever its root is.
void add_devices(Text& text, const guest::ConfigSection& config, const HostFacts& host) {
  if (!host.devices) return;
  const std::string prefix = host.cgroup2 ? "cgroup2.devices." : "cgroup.devices.";
  text.line(prefix + "deny", "a");
  // Nodes may be made; null, zero, full, random, urandom, tty, console, ptmx and terminals used.
  for (const char* rule : {"c *:* m", "b *:* m", "c 1:3 rwm", "c 1:5 rwm", "c 1:7 rwm", "c 1:8 rwm",
                           "c 1:9 rwm", "c 5:0 rwm", "c 5:1 rwm", "c 5:2 rwm", "c 136:* rwm"})
    text.line(prefix + "allow", rule);
  if (has_feature(features(config), "fuse")) text.line(prefix + "allow", "c 10:229 rwm");
}

void add_card(Text& text, GuestId id, const NetworkCard& card) {
  const std::string prefix = "net." + card.key.substr(3) + ".";
  text.line(prefix + "type", "veth");
  text.line(prefix + "name", card.get("name", "eth" + card.key.substr(3)));
  text.line(prefix + "veth.pair", interface_name(id, card.key));
  text.line(prefix + "flags", "up");
  if (!card.get("hwaddr").empty()) text.line(prefix + "hwaddr", card.get("hwaddr"));
  if (!card.get("mtu").empty()) text.line(prefix + "mtu", card.get("mtu"));
  // "dhcp", "auto" and "manual" are the guest's own business.
  for (const auto& [address, gateway, family] :
       {std::tuple{"ip", "gw", "ipv4."}, std::tuple{"ip6", "gw6", "ipv6."}}) {
    if (card.get(address).find('/') == std::string_view::npos) continue;
    text.line(prefix + family + "address", card.get(address));
    if (!card.get(gateway).empty()) text.line(prefix + family + "gateway", card.get(gateway));
  }
  // A card whose cable is out hangs on no bridge.
  if (card.get("link_down") != "1" && !card.get("bridge").empty())
    text.line(prefix + "link", card.get("bridge"));
  if (!card.get("tag").empty()) text.line(prefix + "veth.vlan.id", card.get("tag"));
}

void add_mounts(Text& text, const guest::ConfigSection& config, const Places& places) {
  for (const MountPoint& mount : mounts(config)) {
    const std::string source = places.mount_root + "/" + mount.key;
    if (mount.key == "rootfs") {
      text.line("rootfs.path", "dir:" + source);
      if (mount.flag("ro")) text.line("rootfs.options", "ro");
      continue;
    }
    // liblxc reads octal escapes, as in fstab.
    std::string target(mount.target());
    target.erase(0, std::min(target.find_first_not_of('/'), target.size()));
    const auto segments = split(target, '/');
    if (target.empty() || std::ranges::find(segments, "..") != segments.end())
      throw Error::parameter(
          mount.key, "'" + std::string(mount.target()) + "' is no folder inside the container");
    for (std::size_t at = 0; (at = target.find(' ', at)) != std::string::npos; at += 4)
      target.replace(at, 1, "\\040");
    text.line("mount.entry", fmt::format("{} {} none bind,create=dir{} 0 0", source, target,
                                         mount.flag("ro") ? ",ro" : ""));
  }
}

// The CPUs of a container with fewer than the host has: neighbours by number start at different
// ones, so that small containers do not share the first.
std::string cpu_set(GuestId id, std::int64_t cores, unsigned cpus) {
  std::vector<std::string> chosen;
  for (std::int64_t index = 0; index < cores; ++index)
    chosen.push_back(std::to_string((id.number + static_cast<std::uint64_t>(index)) % cpus));
  return join(chosen, ",");
}

}  // namespace

std::string interface_name(GuestId id, std::string_view key) {
  return "veth" + id.text() + "i" + std::string(key.substr(3));
}

std::vector<Limit> limits(GuestId id, const guest::ConfigSection& config, const HostFacts& host) {
  std::vector<Limit> result;
  if (host.cpuset) {
    const std::int64_t cores = integer(config, "cores", 0);
    const bool all = cores <= 0 || cores >= host.cpus;
    result.push_back(
        {"cpuset", "cpuset.cpus", cpu_set(id, all ? host.cpus : cores, host.cpus), all});
  }
  const std::int64_t memory = integer(config, "memory", 512) * mebibyte;
  const std::int64_t swap = integer(config, "swap", 512) * mebibyte;
  const double cpus = number(config, "cpulimit", 0);
  const std::int64_t units = integer(config, "cpuunits", 0);
  constexpr std::int64_t period = 100000;  // µs
  const auto quota = static_cast<std::int64_t>(std::llround(cpus * period));
  if (host.cgroup2) {
    if (host.memory) result.push_back({"memory", "memory.max", std::to_string(memory)});
    if (host.memory && host.swap)
      result.push_back({"memory", "memory.swap.max", std::to_string(swap)});
    if (host.cpu)
      result.push_back(
          {"cpu", "cpu.max",
           cpus > 0 ? fmt::format("{} {}", quota, period) : fmt::format("max {}", period)});
    if (host.cpu && units > 0)
      result.push_back({"cpu", "cpu.weight", std::to_string(weight2(units))});
    return result;
  }
  if (host.memory) result.push_back({"memory", "memory.limit_in_bytes", std::to_string(memory)});
  if (host.memory && host.swap)
    result.push_back({"memory", "memory.memsw.limit_in_bytes", std::to_string(memory + swap)});
  if (host.cpu)
    result.push_back({"cpu", "cpu.cfs_quota_us", cpus > 0 ? std::to_string(quota) : "-1"});
  if (host.cpu && units > 0)
    result.push_back({"cpu", "cpu.shares", std::to_string(std::max<std::int64_t>(units, 2))});
  return result;
}

std::string lxc_config(GuestId id, const guest::ConfigSection& config, const HostFacts& host,
                       const Places& places) {
  Text text;
  text.line("uts.name", hostname(config, id));
  text.line("log.file", places.log);
  text.line("log.level", flag(config, "debug", false) ? "DEBUG" : "WARN");
  text.line("arch", config.get("arch", "amd64"));
  text.line("cgroup.dir.container", guest_group(places.group));
  text.line("cgroup.dir.container.inner", "ns");
  text.line("cgroup.dir.monitor", places.group + "/monitor");
  text.line("cgroup.dir.monitor.pivot", places.group + "/pivot");
  add_mounts(text, config, places);
  const bool terminals = flag(config, "console", true);
  text.line("tty.max", terminals ? std::to_string(integer(config, "tty", 2)) : "0");
  text.line("tty.dir", "");
  text.line("pty.max", "1024");
  text.line("console.buffer.size", "64KB");
  if (config.has("entrypoint")) text.line("init.cmd", config.get("entrypoint"));
  if (config.has("env")) {
    for (const std::string& variable : split(config.get("env"), '\0')) {
      if (!variable.empty()) text.line("environment", variable);
    }
  }
  add_security(text, config, host, places);
  add_devices(text, config, host);
  for (const Limit& limit : limits(id, config, host)) {
    if (limit.is_default) continue;
    text.line((host.cgroup2 ? "cgroup2." : "cgroup.") + limit.file, limit.value);
  }
  for (const NetworkCard& card : cards(config)) add_card(text, id, card);
  std::string result = text.take();
  for (const auto& [key, value] : config.raw) result += key + " = " + value + "\n";
  return result;
}

}  // namespace posada::ct
