// Giving up what the front does not need once everything is open: the user root, every capability,
// the way to new privileges, and the system calls that only an intruder would make. What is given
// up here cannot be had back; call it once, before the first byte of a client is read.
#pragma once

#include <string>

namespace posada::front {

// `user` empty: posada where there is such a user, else nobody. Who is not root stays who he is.
// Throws Error when any of it fails: then the front must not serve.
void enter_sandbox(const std::string& user);

// Lets the process have as many descriptors as the limits on connections need.
void raise_descriptor_limit();

}  // namespace posada::front
