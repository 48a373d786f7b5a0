// Which process is the daemon, which the front: a small file each, true until the next boot.
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "sys/process.h"

namespace posada::app {

// `mark` tells builds or settings apart.
void remember_process(const std::string& file, int pid, const std::string& mark);
// The process of the file, when it still runs (its start time is compared); `mark` receives what
// was remembered.
std::optional<sys::Child> find_process(const std::string& file, sys::Executor executor,
                                       std::string* mark = nullptr);
// SIGTERM, and SIGKILL when it has not ended after `patience`.
sys::Async<void> end_process(sys::Child process, sys::Executor executor,
                             std::chrono::seconds patience);

}  // namespace posada::app
