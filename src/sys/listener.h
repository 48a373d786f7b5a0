// A listening TCP socket.
#pragma once

#include <string>

#include "sys/fd.h"

namespace posada::sys {

// `address` is ADDRESS:PORT with an IPv4 or a bracketed IPv6 address; an empty ADDRESS takes every
// address of both kinds. Port 0 takes a free one. Throws Error that says what was wrong;
// its code is "sys.address-taken" when somebody else listens there.
Fd listen_on(const std::string& address);

// The address that a socket listens on, as "127.0.0.1:8006" or "[::]:8006".
std::string local_address(const Fd& socket);

}  // namespace posada::sys
