// Volume groups, thin pools and ZFS pools of the machine, read by their own programs.
#pragma once

#include <string>
#include <vector>

#include "host/host.h"

namespace posada::host {

struct PhysicalVolume {
  std::string name;
  std::uint64_t size = 0, free = 0;
};
struct VolumeGroup {
  std::string name;
  std::uint64_t size = 0, free = 0;
  std::vector<PhysicalVolume> volumes;
};
sys::Async<std::vector<VolumeGroup>> volume_groups(Host& host);

struct ThinPool {
  std::string name, group;
  std::uint64_t size = 0, used = 0, metadata_size = 0, metadata_used = 0;
};
sys::Async<std::vector<ThinPool>> thin_pools(Host& host);

struct ZfsPool {
  std::string name, health;
  std::uint64_t size = 0, allocated = 0, free = 0;
  std::int64_t fragmentation = 0;
  double deduplication = 1;
};
sys::Async<std::vector<ZfsPool>> zfs_pools(Host& host);

// Pure: what the programs write.
std::vector<VolumeGroup> parse_volume_groups(std::string_view json_text);
std::vector<ThinPool> parse_thin_pools(std::string_view json_text);
std::vector<ZfsPool> parse_zfs_pools(std::string_view text);

}  // namespace posada::host
