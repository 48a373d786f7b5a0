// From a container's config to liblxc's configuration text. Pure: what the host can do and where
// the volumes are mounted come in as values.
#pragma once

#include <string>

#include "base/ids.h"
#include "ct/config.h"

namespace posada::ct {

struct HostFacts {
  bool cgroup2 = false;
  bool memory = false, swap = false, cpu = false, cpuset = false, devices = false;  // to be limited
  bool apparmor = false;
  bool seccomp_profile = false;  // liblxc's common profile is installed
  unsigned cpus = 1;
};

struct Places {
  std::string group;       // control group of the container, "posada/1a2b3c4d/ct-101"
  std::string log;         // liblxc's messages
  std::string mount_root;  // volumes are mounted at mount_root/KEY
  unsigned first_id = 0;   // of the user namespace; unused for a privileged container
  unsigned id_count = 0;
};

// Below `group`: where the guest's processes are counted and limited.
inline std::string guest_group(const std::string& group) {
  return group + "/guest";
}
// The host's end of a card's cable.
std::string interface_name(GuestId id, std::string_view key);

// Limits of the guest's group as (controller, file, value): set at the start through the text, and
// while the container runs by whoever changes them.
struct Limit {
  std::string controller, file, value;
  bool is_default = false;  // what a new group has by itself
};
std::vector<Limit> limits(GuestId id, const guest::ConfigSection& config, const HostFacts& host);

std::string lxc_config(GuestId id, const guest::ConfigSection& config, const HostFacts& host,
                       const Places& places);

}  // namespace posada::ct
