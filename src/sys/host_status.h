// Figures of the host as the kernel tells them: /proc/stat, meminfo, loadavg, cpuinfo, PSI, the
// root file system. Reading takes well under a millisecond and never blocks on a network mount.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>

namespace posada::sys {

struct CpuTimes {  // in ticks since boot, all CPUs together
  std::uint64_t busy = 0, iowait = 0, total = 0;
};
// Share of the time between two readings, 0 … 1.
double busy_share(const CpuTimes& before, const CpuTimes& after);
double iowait_share(const CpuTimes& before, const CpuTimes& after);

struct Memory {  // bytes
  std::uint64_t total = 0, free = 0, available = 0, swap_total = 0, swap_free = 0;
  std::uint64_t used() const { return total - available; }
};

struct CpuInfo {
  std::string model, vendor, family, flags, mhz;
  int cpus = 0, cores = 0, sockets = 0;
  bool virtualization = false;  // vmx or svm among the flags: KVM can work
};

struct FileSystem {  // bytes
  std::uint64_t total = 0, free = 0, available = 0;
};

// "some" and "full" averages over 10 s of /proc/pressure/NAME, in percent; zeros where the kernel
// has none.
struct Pressure {
  double some = 0, full = 0;
};

struct KernelName {
  std::string system, release, version, machine;
};

CpuTimes read_cpu_times();
Memory read_memory();
std::array<std::string, 3> read_load_average();
std::uint64_t read_uptime();  // seconds
const CpuInfo& cpu_info();    // read once
FileSystem read_file_system(const std::string& path);
Pressure read_pressure(const std::string& name);
KernelName kernel_name();

}  // namespace posada::sys
