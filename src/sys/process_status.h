// What the kernel says about processes and the CPU.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace posada::sys {

struct ProcessUsage {
  double cpu_seconds = 0;  // user and system, all threads, since its start
  std::uint64_t resident_bytes = 0;
  std::uint64_t proportional_bytes = 0;  // shared pages divided; 0 when it may not be read
};
std::optional<ProcessUsage> process_usage(int pid);  // nothing when it is gone

// Processes whose environment has exactly this variable ("POSADA_GUEST=…"), which marks what a
// daemon has started even when it died before it could write that down.
std::vector<int> processes_with(const std::string& variable);

// Whether the CPU itself can run guests. That /dev/kvm opens proves nothing: where neither flag is
// there, a nested or emulated KVM hangs stock guests.
bool cpu_virtualizes();
unsigned cpu_count();
// The group of a device node ("/dev/kvm"); nothing when it is absent.
std::optional<unsigned> group_of(const std::string& path);

}  // namespace posada::sys
