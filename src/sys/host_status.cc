#include "sys/host_status.h"

#include <charconv>
#include <set>

#include <sys/statvfs.h>
#include <sys/utsname.h>

#include "base/text.h"
#include "sys/file.h"

namespace posada::sys {
namespace {

double share(std::uint64_t part, std::uint64_t whole) {
  return whole == 0 ? 0.0 : static_cast<double>(part) / static_cast<double>(whole);
}

double number_after(std::string_view line, std::string_view name) {
  const std::size_t at = line.find(name);
  if (at == std::string_view::npos) return 0;
  double value = 0;
  std::from_chars(line.data() + at + name.size(), line.data() + line.size(), value);
  return value;
}

CpuInfo parse_cpu_info(const std::string& text) {
  CpuInfo info;
  std::set<std::string> sockets;
  std::set<std::string> cores;
  std::string socket;
  for (const std::string& line : split(text, '\n')) {
    const std::size_t colon = line.find(':');
    if (colon == std::string::npos) continue;
    const std::string name(trim(line.substr(0, colon)));
    const std::string value(trim(line.substr(colon + 1)));
    if (name == "processor") ++info.cpus;
    if (name == "model name") info.model = value;
    if (name == "vendor_id") info.vendor = value;
    if (name == "cpu family") info.family = value;
    if (name == "cpu MHz") info.mhz = value;
    if (name == "flags") info.flags = value;
    if (name == "physical id") sockets.insert(socket = value);
    if (name == "core id") cores.insert(socket + "/" + value);
  }
  info.sockets = std::max<int>(1, static_cast<int>(sockets.size()));
  info.cores = cores.empty() ? info.cpus : static_cast<int>(cores.size());
  const std::string flags = " " + info.flags + " ";
  info.virtualization = flags.find(" vmx ") != std::string::npos ||
                        flags.find(" svm ") != std::string::npos;
  return info;
}

}  // namespace

double busy_share(const CpuTimes& before, const CpuTimes& after) {
  return share(after.busy - before.busy, after.total - before.total);
}

double iowait_share(const CpuTimes& before, const CpuTimes& after) {
  return share(after.iowait - before.iowait, after.total - before.total);
}

CpuTimes read_cpu_times() {
  const std::string text = read_file("/proc/stat");
  const std::vector<std::string> fields = split_list(text.substr(0, text.find('\n')), " ");
  CpuTimes times;
  // user nice system idle iowait irq softirq steal
  for (std::size_t i = 1; i < fields.size() && i <= 8; ++i) {
    const auto ticks = static_cast<std::uint64_t>(to_integer(fields[i]).value_or(0));
    times.total += ticks;
    if (i == 5) times.iowait = ticks;
    if (i != 4 && i != 5) times.busy += ticks;
  }
  return times;
}

Memory read_memory() {
  Memory memory;
  for (const std::string& line : split(read_file("/proc/meminfo"), '\n')) {
    const std::vector<std::string> fields = split_list(line, " :");
    if (fields.size() < 2) continue;
    const auto bytes = static_cast<std::uint64_t>(to_integer(fields[1]).value_or(0)) * 1024;
    if (fields[0] == "MemTotal") memory.total = bytes;
    if (fields[0] == "MemFree") memory.free = bytes;
    if (fields[0] == "MemAvailable") memory.available = bytes;
    if (fields[0] == "SwapTotal") memory.swap_total = bytes;
    if (fields[0] == "SwapFree") memory.swap_free = bytes;
  }
  return memory;
}

std::array<std::string, 3> read_load_average() {
  const std::vector<std::string> fields = split_list(read_file("/proc/loadavg"), " ");
  return {fields.at(0), fields.at(1), fields.at(2)};
}

std::uint64_t read_uptime() {
  const std::string text = read_file("/proc/uptime");
  return static_cast<std::uint64_t>(to_integer(text.substr(0, text.find('.'))).value_or(0));
}

const CpuInfo& cpu_info() {
  static const CpuInfo info = parse_cpu_info(read_file("/proc/cpuinfo"));
  return info;
}

FileSystem read_file_system(const std::string& path) {
  struct statvfs status{};
  if (::statvfs(path.c_str(), &status) != 0) throw_errno("cannot ask for the size of " + path);
  const std::uint64_t block = status.f_frsize;
  return {status.f_blocks * block, status.f_bfree * block, status.f_bavail * block};
}

Pressure read_pressure(const std::string& name) {
  const std::optional<std::string> text = read_file_if_exists("/proc/pressure/" + name);
  Pressure pressure;
  if (!text) return pressure;
  for (const std::string& line : split(*text, '\n')) {
    if (line.starts_with("some")) pressure.some = number_after(line, "avg10=");
    if (line.starts_with("full")) pressure.full = number_after(line, "avg10=");
  }
  return pressure;
}

KernelName kernel_name() {
  utsname name{};
  ::uname(&name);
  return {name.sysname, name.release, name.version, name.machine};
}

}  // namespace posada::sys
