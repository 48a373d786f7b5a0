#include "sys/cgroup.h"

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <set>

#include <fcntl.h>
#include <unistd.h>

#include "base/text.h"
#include "sys/file.h"
#include "sys/log.h"

namespace posada::sys {

namespace {

constexpr const char* mount = "/sys/fs/cgroup";

// A setting that the kernel refuses is not worth failing a guest's start.
bool write_setting(const std::string& path, const std::string& text) {
  const Fd file(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
  if (!file) return false;
  return ::write(file.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size());
}

}  // namespace

Cgroups::Cgroups(std::string base) : base_(std::move(base)) {
  version_2_ = exists(std::string(mount) + "/cgroup.controllers");
  std::vector<std::string> candidates = {mount};
  if (!version_2_) {
    candidates.clear();
    for (const char* controller : {"cpu", "memory", "pids"}) {
      candidates.push_back(std::string(mount) + "/" + controller);
    }
  }
  for (const std::string& root : candidates) {
    if (exists(root + "/cgroup.procs") && ::access(root.c_str(), W_OK) == 0) roots_.push_back(root);
  }
}

std::string Cgroups::folder(const std::string& root, const std::string& name) const {
  return root + "/" + base_ + (name.empty() ? "" : "/" + name);
}

void Cgroups::make(const std::string& name) const {
  for (const std::string& root : roots_) {
    if (version_2_) {
      // Controllers reach a group only when every group above hands them on.
      std::string above = root;
      for (const std::string& part : split(base_, '/')) {
        write_setting(above + "/cgroup.subtree_control", "+cpu +memory +pids");
        above += "/" + part;
        make_directories(above);
      }
      write_setting(above + "/cgroup.subtree_control", "+cpu +memory +pids");
    }
    make_directories(folder(root, name));
  }
}

void Cgroups::add(const std::string& name, int pid) const {
  for (const std::string& root : roots_) {
    const std::string path = folder(root, name);
    if (!write_setting(path + "/cgroup.procs", std::to_string(pid)) && errno != ESRCH) {
      throw_errno("moving process " + std::to_string(pid) + " to the control group " + path);
    }
  }
}

void Cgroups::set_cpu(const std::string& name, const CpuShare& share) const {
  constexpr int period = 100000;
  const auto quota = static_cast<std::int64_t>(share.limit * period);
  for (const std::string& root : roots_) {
    const std::string path = folder(root, name);
    if (version_2_) {
      write_setting(path + "/cpu.max",
                    (quota > 0 ? std::to_string(quota) : "max") + " " + std::to_string(period));
      if (share.weight > 0) write_setting(path + "/cpu.weight", std::to_string(share.weight));
    } else if (root.ends_with("/cpu")) {
      write_setting(path + "/cpu.cfs_quota_us", std::to_string(quota > 0 ? quota : -1));
      if (share.weight > 0) {
        write_setting(path + "/cpu.shares",
                      std::to_string(std::max(2U, share.weight * 1024 / 100)));
      }
    }
  }
}

std::vector<int> Cgroups::processes(const std::string& name) const {
  std::set<int> pids;
  for (const std::string& root : roots_) {
    const auto text = read_file_if_exists(folder(root, name) + "/cgroup.procs");
    for (const std::string& line : split_list(text.value_or(""), "\n")) {
      pids.insert(static_cast<int>(to_integer(line).value_or(0)));
    }
  }
  return {pids.begin(), pids.end()};
}

std::vector<std::string> Cgroups::list() const {
  std::set<std::string> names;
  for (const std::string& root : roots_) {
    for (const std::string& name : list_directory(folder(root, ""))) {
      if (exists(folder(root, name) + "/cgroup.procs")) names.insert(name);
    }
  }
  return {names.begin(), names.end()};
}

bool Cgroups::remove(const std::string& name) const {
  bool gone = true;
  for (const std::string& root : roots_) {
    if (::rmdir(folder(root, name).c_str()) != 0 && errno != ENOENT) gone = false;
  }
  return gone;
}

}  // namespace posada::sys
