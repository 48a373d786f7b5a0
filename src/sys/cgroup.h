// Control groups of what this node runs, alike on cgroup v2 and v1 (each controller mounted by
// itself). A group is named below the node's own ("posada/INSTANCE/vm-100"); without the right to
// make groups everything here does nothing, and says so through `usable`.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace posada::sys {

struct CpuShare {
  double limit = 0;     // CPUs; 0: no limit
  unsigned weight = 0;  // as v2 counts, 1 … 10000 around 100; 0: the default
};

class Cgroups {
 public:
  // `base`: "posada/INSTANCE".
  explicit Cgroups(std::string base);
  bool usable() const { return !roots_.empty(); }

  void make(const std::string& name) const;
  // Moves a process with all its threads; one that has ended is no error. Takes the kernel up to
  // 20 ms: not for the loop.
  void add(const std::string& name, int pid) const;
  void set_cpu(const std::string& name, const CpuShare& share) const;
  std::vector<int> processes(const std::string& name) const;
  // Groups of this node that exist ("vm-100").
  std::vector<std::string> list() const;
  // An absent group is no error; one that still has processes stays and says false.
  bool remove(const std::string& name) const;

 private:
  std::string folder(const std::string& root, const std::string& name) const;
  std::string base_;
  bool version_2_ = false;
  std::vector<std::string> roots_;
};

}  // namespace posada::sys
