// What this process and this host are.
#pragma once

#include <string>

#include "sys/fd.h"

namespace posada::sys {

unsigned own_user();       // effective uid
int own_pid();
std::string own_program_folder();  // where the running program lies
// A peer that went away is then an error of the write, and no signal.
void ignore_broken_pipes();
std::string boot_id();     // of the kernel that runs now
std::string kernel_text(); // "Linux 6.1.0-18-amd64 #1 SMP …"

// Holds an exclusive lock on the file while the descriptor lives; nothing when another process has
// it.
[[nodiscard]] Fd try_lock_file(const std::string& path);

}  // namespace posada::sys
