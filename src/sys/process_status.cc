#include "sys/process_status.h"

#include <algorithm>
#include <thread>

#include <sys/stat.h>

#include <unistd.h>

#include "base/text.h"
#include "sys/file.h"

namespace posada::sys {

namespace {

std::string process_file(int pid, const char* name) {
  return "/proc/" + std::to_string(pid) + "/" + name;
}

// Files of /proc may vanish or be refused at any moment.
std::string text_or_empty(const std::string& path) {
  try {
    return read_file_if_exists(path).value_or("");
  } catch (const Error&) {
    return {};
  }
}

std::uint64_t kilobytes_after(const std::string& text, std::string_view label) {
  const std::size_t at = text.find(label);
  if (at == std::string::npos) return 0;
  return std::strtoull(text.c_str() + at + label.size(), nullptr, 10) * 1024;
}

}  // namespace

std::optional<ProcessUsage> process_usage(int pid) {
  const std::string stat = text_or_empty(process_file(pid, "stat"));
  const std::size_t end = stat.rfind(')');  // the name may hold anything
  if (end == std::string::npos) return std::nullopt;
  const auto fields = split_list(stat.substr(end + 1), " ");
  if (fields.size() < 22) return std::nullopt;
  ProcessUsage usage;
  const double ticks = static_cast<double>(sysconf(_SC_CLK_TCK));
  usage.cpu_seconds =
      static_cast<double>(to_integer(fields[11]).value_or(0) + to_integer(fields[12]).value_or(0)) /
      ticks;
  usage.resident_bytes = static_cast<std::uint64_t>(to_integer(fields[21]).value_or(0)) *
                         static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
  usage.proportional_bytes =
      kilobytes_after(text_or_empty(process_file(pid, "smaps_rollup")), "\nPss:");
  return usage;
}

std::vector<int> processes_with(const std::string& variable) {
  std::vector<int> result;
  for (const std::string& name : list_directory("/proc")) {
    if (!is_digits(name)) continue;
    const int pid = static_cast<int>(to_integer(name).value_or(0));
    const std::string environment = '\0' + text_or_empty(process_file(pid, "environ"));
    if (environment.find('\0' + variable + '\0') != std::string::npos) result.push_back(pid);
  }
  return result;
}

bool cpu_virtualizes() {
  const std::string info = text_or_empty("/proc/cpuinfo");
  const std::size_t at = info.find("\nflags");
  if (at == std::string::npos) return false;
  const std::string flags = info.substr(at, info.find('\n', at + 1) - at) + " ";
  return flags.find(" vmx ") != std::string::npos || flags.find(" svm ") != std::string::npos;
}

unsigned cpu_count() {
  return std::max(1U, std::thread::hardware_concurrency());
}

std::optional<unsigned> group_of(const std::string& path) {
  struct stat status{};
  if (::stat(path.c_str(), &status) != 0) return std::nullopt;
  return status.st_gid;
}

}  // namespace posada::sys
