// A login on the machine behind a pseudo terminal.
#pragma once

#include <string>

#include "host/host.h"
#include "sys/fd.h"
#include "sys/process.h"

namespace posada::host {

struct Shell {
  sys::Fd terminal;  // our end; closing it hangs up
  sys::Child child;
};

// `as_root`: a shell of root at once; otherwise the machine asks for a name and password.
Shell open_shell(sys::Executor executor, bool as_root);

}  // namespace posada::host
