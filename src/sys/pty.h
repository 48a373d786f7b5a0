// Pseudo terminals: what a program on the machine takes for a screen and keyboard.
#pragma once

#include "sys/fd.h"

namespace posada::sys {

struct Pty {
  Fd master;  // our end: what is written here is typed, what is read here is shown
  Fd slave;   // the program's standard streams
};

Pty open_pty(unsigned columns = 80, unsigned rows = 24);

}  // namespace posada::sys
