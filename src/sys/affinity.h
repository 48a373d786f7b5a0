// Which processors a process runs on.
#pragma once

#include <set>

namespace posada::sys {

// Every thread that the process has now; those that they start later inherit it. Processors that
// the host lacks count for nothing; throws when none is left. An empty set: all.
void set_affinity(int pid, const std::set<unsigned>& processors);

}  // namespace posada::sys
