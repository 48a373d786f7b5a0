// Work with a guest's files as the guest's own root: in a user namespace where id 0 is the first
// of the guest's ids, inside the guest's root folder. What the guest has planted there (links,
// names with "..") can then reach neither the host's files nor its privileges.
//
// For helper processes with one thread; the daemon starts such a helper.
#pragma once

#include <functional>
#include <string>

namespace posada::sys {

// Host ids first … first + count - 1 are the guest's 0 … count - 1. A privileged container has the
// host's own ids: count 0.
struct IdRange {
  unsigned first = 0;
  unsigned count = 0;
  bool privileged() const { return count == 0; }
};

// Runs `work` in a child process with that range, rooted in the folder, and gives what it returned;
// -1 when the child died. `work` sees the folder as "/" and no other file; descriptors stay open.
int run_inside(const IdRange& ids, const std::string& folder, const std::function<int()>& work);

// From here on this process's sockets are those of the network namespace at `path`
// ("/run/netns/NAME").
void enter_network(const std::string& path);

}  // namespace posada::sys
