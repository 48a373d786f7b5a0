// What this process and this host are.
#pragma once

#include <string>

#include "sys/fd.h"

namespace posada::sys {

unsigned own_user();  // effective uid
int own_pid();
// uid of a user by name; throws when there is none.
unsigned user_id(const std::string& name);
std::string own_program_folder();  // where the running program lies
// A peer that went away is then an error of the write, and no signal.
void ignore_broken_pipes();
std::string boot_id();  // of the kernel that runs now

// Holds an exclusive lock on the file while the descriptor lives; nothing when another process has
// it.
[[nodiscard]] Fd try_lock_file(const std::string& path);

}  // namespace posada::sys
