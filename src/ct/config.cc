#include "ct/config.h"

#include <algorithm>
#include <array>

#include "base/error.h"
#include "base/property_formats.h"
#include "base/text.h"
#include "ct/options.h"
#include "guest/properties.h"
#include "storage/volume_id.h"

namespace posada::ct {

using guest::ConfigSection;
namespace rule = guest::rule;

namespace {

constexpr double gibibyte = 1024.0 * 1024 * 1024;

bool starts_with_number(std::string_view key, std::string_view name) {
  const auto split = guest::split_number(key);
  return split && split->first == name;
}

std::optional<std::string> volume_of(std::string_view key, std::string_view value) {
  if (is_unused_key(key)) return std::string(value.substr(0, value.find(',')));
  if (!is_volume_key(key)) return {};
  const MountPoint mount = parse_mount(key, value);
  if (!mount.names_volume()) return {};
  return std::string(mount.source());
}

std::string sized(std::string_view key, std::string_view value, std::string size) {
  MountPoint mount = parse_mount(key, value);
  mount.options["size"] = std::move(size);
  return print_mount(mount);
}

guest::Grammar make_grammar() {
  guest::Grammar result;
  result.guest_word = "CT";
  result.pending_section = "pve:pending";
  result.raw_prefix = "lxc.";
  // The digest is not in the text, and lines of liblxc's own are kept by their prefix.
  guest::add_declared(result.keys, shapes::lxc_config, {"digest", "lxc"});
  result.keys.add("parent", rule::matching(guest::is_config_id, "a valid configuration ID"));
  result.snapshot_keys.add("snapstate", rule::one_of({"prepare", "delete"}))
      .add("snaptime", rule::integer(0));
  result.volume_of = volume_of;
  result.takes_effect_at_once = takes_effect_at_once;
  result.sized = sized;
  return result;
}

const PropertyFormat& mount_format(std::string_view key) {
  return key == "rootfs" ? formats::lxc_rootfs : formats::lxc_mp;
}

std::string_view value_or(const PropertyValues& values, std::string_view name,
                          std::string_view otherwise = {}) {
  const auto found = values.find(name);
  return found == values.end() ? otherwise : std::string_view(found->second);
}

}  // namespace

const guest::Grammar& grammar() {
  static const guest::Grammar result = make_grammar();
  return result;
}

bool is_net_key(std::string_view key) {
  return starts_with_number(key, "net");
}
bool is_volume_key(std::string_view key) {
  return key == "rootfs" || starts_with_number(key, "mp");
}
std::string_view MountPoint::source() const {
  return value_or(options, "volume");
}
std::string_view MountPoint::target() const {
  return key == "rootfs" ? std::string_view("/") : value_or(options, "mp");
}
bool MountPoint::names_volume() const {
  return !source().starts_with('/') && source().find(':') != std::string_view::npos;
}
bool MountPoint::flag(std::string_view name) const {
  return value_or(options, name, "0") == "1";
}

MountPoint parse_mount(std::string_view key, std::string_view value) {
  return {std::string(key), parse_property_string(mount_format(key), value, std::string(key))};
}

std::string print_mount(const MountPoint& mount) {
  return print_property_string(mount_format(mount.key), mount.options);
}

std::vector<MountPoint> mounts(const ConfigSection& section) {
  std::vector<MountPoint> result;
  for (const auto& [key, value] : section.values) {
    if (is_volume_key(key)) result.push_back(parse_mount(key, value));
  }
  const auto order = [](const MountPoint& mount) {
    const auto split = guest::split_number(mount.key);
    return mount.key == "rootfs" ? 0U : split->second + 1;
  };
  std::ranges::sort(result, {}, order);
  return result;
}

std::string_view NetworkCard::get(std::string_view name, std::string_view otherwise) const {
  return value_or(options, name, otherwise);
}

NetworkCard parse_card(std::string_view key, std::string_view value) {
  return {std::string(key), parse_property_string(formats::lxc_net, value, std::string(key))};
}

std::string print_card(const NetworkCard& card) {
  return print_property_string(formats::lxc_net, card.options);
}

std::vector<NetworkCard> cards(const ConfigSection& section) {
  std::vector<NetworkCard> result;
  for (const auto& [key, value] : section.values) {
    if (is_net_key(key)) result.push_back(parse_card(key, value));
  }
  std::ranges::sort(result, {},
                    [](const NetworkCard& card) { return guest::split_number(card.key)->second; });
  return result;
}

std::optional<NewVolume> new_volume(std::string_view source) {
  const std::size_t colon = source.find(':');
  if (colon == std::string_view::npos || source.starts_with('/')) return {};
  const std::string size(source.substr(colon + 1));
  if (size.empty() || size.find_first_not_of("0123456789.") != std::string::npos) return {};
  NewVolume result;
  result.storage = source.substr(0, colon);
  const auto bytes = static_cast<std::uint64_t>(std::strtod(size.c_str(), nullptr) * gibibyte);
  result.bytes = (bytes + block_bytes - 1) / block_bytes * block_bytes;
  return result;
}

bool takes_effect_at_once(std::string_view key) {
  static constexpr std::array<std::string_view, 15> at_once = {
      "cores",    "description", "onboot",   "startup", "protection",
      "tags",     "hookscript",  "template", "lock",    "cpulimit",
      "cpuunits", "memory",      "swap",     "cmode",   "parent"};
  return std::ranges::find(at_once, key) != at_once.end() || is_unused_key(key);
}

std::optional<access::Privilege> privilege_for(std::string_view key) {
  using access::Privilege;
  static constexpr std::array<std::string_view, 3> cpu = {"cores", "cpulimit", "cpuunits"};
  static constexpr std::array<std::string_view, 3> network = {"nameserver", "searchdomain",
                                                              "hostname"};
  static constexpr std::array<std::string_view, 3> root = {"hookscript", "lock", "unprivileged"};
  const auto among = [&](const auto& keys) { return std::ranges::find(keys, key) != keys.end(); };
  if (among(root) || starts_with_number(key, "dev")) return {};
  if (is_volume_key(key) || is_unused_key(key)) return Privilege::vm_config_disk;
  if (among(cpu)) return Privilege::vm_config_cpu;
  if (key == "memory" || key == "swap") return Privilege::vm_config_memory;
  if (is_net_key(key) || among(network)) return Privilege::vm_config_network;
  // Nesting and the like weaken the wall around the container.
  if (key == "features") return Privilege::vm_allocate;
  return Privilege::vm_config_options;
}

std::string normal_value(std::string_view key, std::string_view value, std::string_view old,
                         const RandomBytes& random) {
  if (const auto reason = unsupported(key, value))
    throw Error::parameter(std::string(key), *reason);
  if (is_net_key(key)) {
    NetworkCard card = parse_card(key, value);
    if (!card.options.contains("hwaddr")) {
      std::string known;
      if (!old.empty()) known = parse_card(key, old).get("hwaddr");
      card.options["hwaddr"] = known.empty() ? guest::random_mac(random) : known;
    }
    card.options["hwaddr"] = upper(card.options["hwaddr"]);
    card.options.try_emplace("type", "veth");
    return print_property_string(formats::lxc_net, card.options);
  }
  if (is_volume_key(key)) return print_mount(parse_mount(key, value));
  if (key == "tags") {
    auto tags = split_list(lower(value));
    std::ranges::sort(tags);
    tags.erase(std::unique(tags.begin(), tags.end()), tags.end());
    return join(tags, ";");
  }
  if (key == "description") return std::string(value);
  return grammar().keys.check(key, value);
}

json::value shown_value(std::string_view key, const std::string& value) {
  static constexpr std::array<std::string_view, 13> numbers = {
      "console", "cores", "cpuunits", "debug",    "memory",       "onboot",  "protection",
      "swap",    "tty",   "template", "snaptime", "unprivileged", "cpulimit"};
  if (std::ranges::find(numbers, key) == numbers.end()) return json::string(value);
  if (const auto whole = to_integer(value)) return *whole;
  return json::string(value);
}

json::object shown_config(const ConfigSection& section, const std::string& digest) {
  json::object result;
  for (const auto& [key, value] : section.values) result[key] = shown_value(key, value);
  if (section.description) result["description"] = *section.description;
  if (!section.raw.empty()) {
    json::array raw;
    for (const auto& [key, value] : section.raw) raw.push_back(json::array{key, value});
    result["lxc"] = std::move(raw);
  }
  result["digest"] = digest;
  return result;
}

double number(const ConfigSection& section, std::string_view key, double otherwise) {
  if (!section.has(key)) return otherwise;
  return std::strtod(std::string(section.get(key)).c_str(), nullptr);
}

std::string hostname(const ConfigSection& section, GuestId id) {
  return section.has("hostname") ? std::string(section.get("hostname")) : "CT" + id.text();
}

}  // namespace posada::ct
