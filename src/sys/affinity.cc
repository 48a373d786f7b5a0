#include "sys/affinity.h"

#include <cerrno>

#include <sched.h>
#include <unistd.h>

#include "base/error.h"
#include "base/text.h"
#include "sys/fd.h"
#include "sys/file.h"

namespace posada::sys {

void set_affinity(int pid, const std::set<unsigned>& processors) {
  cpu_set_t set;
  CPU_ZERO(&set);
  const long present = ::sysconf(_SC_NPROCESSORS_CONF);
  for (long number = 0; number < present && number < CPU_SETSIZE; ++number) {
    if (processors.empty() || processors.contains(static_cast<unsigned>(number))) {
      CPU_SET(static_cast<std::size_t>(number), &set);
    }
  }
  for (const std::string& thread : list_directory("/proc/" + std::to_string(pid) + "/task")) {
    const auto number = static_cast<pid_t>(to_integer(thread).value_or(pid));
    if (::sched_setaffinity(number, sizeof set, &set) != 0 && errno != ESRCH) {
      throw_errno("cannot bind process " + std::to_string(pid) + " to processors");
    }
  }
}

}  // namespace posada::sys
