// What the kernel says about control groups that another program made (liblxc), alike for version
// 1, version 2 and the hybrid of both: a group is named by one path
// ("posada/1a2b3c4d/ct-101/guest") and exists in every hierarchy that its controllers need.
//
// Blocking but quick (kernel files). A group that is gone is no error anywhere.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace posada::sys {

struct CgroupFigures {
  std::uint64_t cpu_nanoseconds = 0;
  std::uint64_t memory = 0;  // bytes, without page cache that the kernel can drop
  std::uint64_t swap = 0;
  std::uint64_t read_bytes = 0;
  std::uint64_t written_bytes = 0;
};

class CgroupView {
 public:
  // The hierarchies mounted below /sys/fs/cgroup, or below the same folders of `root`.
  explicit CgroupView(const std::string& root = {});

  bool version2() const { return version2_; }
  // Whether the kernel can limit this here: "memory", "cpu", "cpuset", "io" …
  bool has_controller(const std::string& name) const;
  bool limits_swap() const;

  // Processes of the group and of those below it.
  std::vector<int> processes(const std::string& group) const;
  // Nothing when the group is gone.
  std::optional<CgroupFigures> figures(const std::string& group) const;
  // Removes the group and those below it, in every hierarchy; those with processes stay. True when
  // nothing is left.
  bool remove(const std::string& group) const;
  void remove_if_empty(const std::string& group) const;
  // Writes a control file of the group ("memory.max"); false when there is none such here.
  bool set(const std::string& group, const std::string& controller, const std::string& file,
           const std::string& value) const;

  // Stops the group's processes where they are, or lets them go on; false when the kernel cannot.
  bool freeze(const std::string& group, bool frozen) const;
  bool frozen(const std::string& group) const;

 private:
  struct Hierarchy {
    std::string mount;
    std::vector<std::string> controllers;
  };
  const Hierarchy* hierarchy_of(const std::string& controller) const;
  std::string top_;
  std::vector<Hierarchy> hierarchies_;
  bool version2_ = false;
};

}  // namespace posada::sys
