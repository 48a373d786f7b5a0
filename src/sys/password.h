// Hashes of passwords in the form of /etc/shadow, for guests' own files.
#pragma once

#include <string>

namespace posada::sys {

// SHA-512 crypt, which every system that a guest may run understands. Takes milliseconds: not on
// the loop.
std::string shadow_hash(const std::string& password);

}  // namespace posada::sys
