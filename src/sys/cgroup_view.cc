#include "sys/cgroup_view.h"

#include <algorithm>
#include <cerrno>
#include <functional>
#include <sstream>

#include <sys/stat.h>

#include <fcntl.h>
#include <unistd.h>

#include "base/text.h"
#include "sys/fd.h"
#include "sys/file.h"

namespace posada::sys {

namespace {

// A kernel file that may vanish with its group at any moment.
std::optional<std::string> read_control(const std::string& path) {
  try {
    return read_file_if_exists(path);
  } catch (const Error&) {
    return {};  // ENODEV: the group went while it was read
  }
}

std::uint64_t number(const std::optional<std::string>& text) {
  return static_cast<std::uint64_t>(
      std::max<std::int64_t>(0, to_integer(trim(text.value_or("0"))).value_or(0)));
}

bool write_control(const std::string& path, const std::string& value) {
  const Fd control(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
  return control &&
         ::write(control.get(), value.data(), value.size()) == static_cast<ssize_t>(value.size());
}

// "name 123" lines.
std::uint64_t field(const std::optional<std::string>& text, std::string_view name) {
  std::istringstream lines(text.value_or(""));
  std::string key;
  std::uint64_t value = 0;
  while (lines >> key >> value) {
    if (key == name) return value;
  }
  return 0;
}

// Version 1: "8:0 Read 4096"; the sum over all devices.
std::uint64_t sum_service(const std::optional<std::string>& text, std::string_view operation) {
  std::uint64_t sum = 0;
  for (const std::string& line : split(text.value_or(""), '\n')) {
    const auto words = split(line, ' ');
    if (words.size() == 3 && words[1] == operation) sum += number(words[2]);
  }
  return sum;
}

// Version 2: "8:0 rbytes=1 wbytes=2 …".
std::uint64_t sum_io(const std::optional<std::string>& text, std::string_view key) {
  std::uint64_t sum = 0;
  const std::string prefix = std::string(key) + "=";
  for (const std::string& word : split_list(text.value_or(""), " \n")) {
    if (word.starts_with(prefix)) sum += number(word.substr(prefix.size()));
  }
  return sum;
}

std::vector<std::string> folders_below(const std::string& path) {
  std::vector<std::string> result;
  for (const std::string& name : list_directory(path)) {
    struct stat status{};
    if (::lstat((path + "/" + name).c_str(), &status) == 0 && S_ISDIR(status.st_mode))
      result.push_back(path + "/" + name);
  }
  return result;
}

bool remove_below(const std::string& path) {
  bool gone = true;
  for (const std::string& folder : folders_below(path)) gone = remove_below(folder) && gone;
  return (::rmdir(path.c_str()) == 0 || errno == ENOENT) && gone;
}

void collect(const std::string& path, std::vector<int>& pids) {
  for (const std::string& line : split(read_control(path + "/cgroup.procs").value_or(""), '\n')) {
    if (const auto pid = to_integer(line)) pids.push_back(static_cast<int>(*pid));
  }
  for (const std::string& folder : folders_below(path)) collect(folder, pids);
}

}  // namespace

CgroupView::CgroupView(const std::string& root) : top_(root + "/sys/fs/cgroup") {
  if (const auto controllers = read_control(top_ + "/cgroup.controllers")) {
    version2_ = true;
    hierarchies_.push_back({top_, split_list(*controllers, " \n")});
    return;
  }
  for (const std::string& line :
       split(read_control(root + "/proc/self/mounts").value_or(""), '\n')) {
    const auto words = split(line, ' ');
    if (words.size() < 4 || !words[1].starts_with("/sys/fs/cgroup")) continue;
    if (words[2] == "cgroup2") hierarchies_.push_back({root + words[1], {}});
    if (words[2] == "cgroup") hierarchies_.push_back({root + words[1], split(words[3], ',')});
  }
}

const CgroupView::Hierarchy* CgroupView::hierarchy_of(const std::string& controller) const {
  for (const Hierarchy& hierarchy : hierarchies_) {
    if (std::ranges::find(hierarchy.controllers, controller) != hierarchy.controllers.end())
      return &hierarchy;
  }
  return nullptr;
}

bool CgroupView::has_controller(const std::string& name) const {
  return hierarchy_of(name) != nullptr;
}

bool CgroupView::limits_swap() const {
  if (version2_) return has_controller("memory") && exists("/proc/swaps");
  const Hierarchy* memory = hierarchy_of("memory");
  return memory && exists(memory->mount + "/memory.memsw.limit_in_bytes");
}

std::vector<int> CgroupView::processes(const std::string& group) const {
  std::vector<int> pids;
  for (const Hierarchy& hierarchy : hierarchies_) collect(hierarchy.mount + "/" + group, pids);
  std::ranges::sort(pids);
  pids.erase(std::unique(pids.begin(), pids.end()), pids.end());
  return pids;
}

std::optional<CgroupFigures> CgroupView::figures(const std::string& group) const {
  CgroupFigures result;
  const auto path = [&](const char* controller) {
    const Hierarchy* hierarchy = hierarchy_of(controller);
    return hierarchy ? hierarchy->mount + "/" + group : std::string();
  };
  if (version2_) {
    const std::string folder = top_ + "/" + group;
    if (!exists(folder)) return {};
    result.cpu_nanoseconds = field(read_control(folder + "/cpu.stat"), "usage_usec") * 1000;
    const std::uint64_t cache = field(read_control(folder + "/memory.stat"), "inactive_file");
    const std::uint64_t used = number(read_control(folder + "/memory.current"));
    result.memory = used > cache ? used - cache : 0;
    result.swap = number(read_control(folder + "/memory.swap.current"));
    const auto io = read_control(folder + "/io.stat");
    result.read_bytes = sum_io(io, "rbytes");
    result.written_bytes = sum_io(io, "wbytes");
    return result;
  }
  const std::string memory = path("memory");
  if (memory.empty() || !exists(memory)) return {};
  result.cpu_nanoseconds = number(read_control(path("cpuacct") + "/cpuacct.usage"));
  const std::uint64_t cache = field(read_control(memory + "/memory.stat"), "total_inactive_file");
  const std::uint64_t used = number(read_control(memory + "/memory.usage_in_bytes"));
  result.memory = used > cache ? used - cache : 0;
  const std::uint64_t with_swap = number(read_control(memory + "/memory.memsw.usage_in_bytes"));
  result.swap = with_swap > used ? with_swap - used : 0;
  const auto io = read_control(path("blkio") + "/blkio.throttle.io_service_bytes_recursive");
  result.read_bytes = sum_service(io, "Read");
  result.written_bytes = sum_service(io, "Write");
  return result;
}

bool CgroupView::remove(const std::string& group) const {
  bool gone = true;
  for (const Hierarchy& hierarchy : hierarchies_)
    gone = remove_below(hierarchy.mount + "/" + group) && gone;
  return gone;
}

void CgroupView::remove_if_empty(const std::string& group) const {
  for (const Hierarchy& hierarchy : hierarchies_) ::rmdir((hierarchy.mount + "/" + group).c_str());
}

bool CgroupView::freeze(const std::string& group, bool frozen) const {
  if (version2_) return write_control(top_ + "/" + group + "/cgroup.freeze", frozen ? "1" : "0");
  return set(group, "freezer", "freezer.state", frozen ? "FROZEN" : "THAWED");
}

bool CgroupView::frozen(const std::string& group) const {
  if (version2_) return number(read_control(top_ + "/" + group + "/cgroup.freeze")) == 1;
  const Hierarchy* freezer = hierarchy_of("freezer");
  if (!freezer) return false;
  const auto state = read_control(freezer->mount + "/" + group + "/freezer.state");
  return state && !state->starts_with("THAWED");
}

bool CgroupView::set(const std::string& group, const std::string& controller,
                     const std::string& file, const std::string& value) const {
  const Hierarchy* hierarchy = hierarchy_of(controller);
  if (!hierarchy) return false;
  return write_control(hierarchy->mount + "/" + group + "/" + file, value);
}

}  // namespace posada::sys
