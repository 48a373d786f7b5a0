// The configuration of a container as typed access to its text (lxc/<id>.conf): the table of keys,
// its volumes and network cards, what each key needs and when it takes effect, and the shapes in
// which the API shows it. Pure, but for random numbers that come in.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "access/privileges.h"
#include "base/json.h"
#include "base/property_string.h"
#include "guest/config_text.h"
#include "guest/properties.h"

namespace posada::ct {

constexpr std::int64_t mebibyte = 1024 * 1024;

// The grammar of container configs for guest/config_text.h.
const guest::Grammar& grammar();

bool is_net_key(std::string_view key);     // net0 …
bool is_volume_key(std::string_view key);  // rootfs, mp0 …
using guest::is_unused_key;

// A volume or folder of the host in the container's tree.
struct MountPoint {
  std::string key;         // "rootfs", "mp3"
  PropertyValues options;  // as in the config; "volume" and, but for rootfs, "mp"

  std::string_view source() const;  // volume id or path of the host
  std::string_view target() const;  // "/" for rootfs
  bool names_volume() const;        // not a path of the host
  bool flag(std::string_view name) const;
};
// Throws Error::parameter(key, …).
MountPoint parse_mount(std::string_view key, std::string_view value);
std::string print_mount(const MountPoint& mount);
// rootfs first, then mp0 … by number.
std::vector<MountPoint> mounts(const guest::ConfigSection& section);

struct NetworkCard {
  std::string key;  // "net0"
  PropertyValues options;
  std::string_view get(std::string_view name, std::string_view otherwise = {}) const;
};
NetworkCard parse_card(std::string_view key, std::string_view value);
std::string print_card(const NetworkCard& card);
std::vector<NetworkCard> cards(const guest::ConfigSection& section);  // by number

// `STORAGE:GiB` of a volume that is to be made; 0 means a folder without a size of its own.
struct NewVolume {
  std::string storage;
  std::uint64_t bytes = 0;
};
std::optional<NewVolume> new_volume(std::string_view source);
// A file system has whole blocks: a volume that has not loses its end when it grows.
constexpr std::uint64_t block_bytes = 4096;

// Whether a new value reaches a running container at once.
bool takes_effect_at_once(std::string_view key);
// The privilege on /vms/ID that setting or unsetting the key takes; nothing: root@pam only.
std::optional<access::Privilege> privilege_for(std::string_view key);

using guest::RandomBytes;
// A request's value as the config keeps it; a card without an address gets one (or keeps that of
// `old`). Throws Error::parameter(key, …).
std::string normal_value(std::string_view key, std::string_view value, std::string_view old,
                         const RandomBytes& random);

// Values in the types that clients know.
json::value shown_value(std::string_view key, const std::string& value);
json::object shown_config(const guest::ConfigSection& section, const std::string& digest);

using guest::flag;
using guest::integer;
double number(const guest::ConfigSection& section, std::string_view key, double otherwise);
std::string hostname(const guest::ConfigSection& section, GuestId id);

}  // namespace posada::ct
