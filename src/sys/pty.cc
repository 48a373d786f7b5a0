#include "sys/pty.h"

#include <cstdlib>

#include <sys/ioctl.h>

#include <fcntl.h>
#include <termios.h>
#include <unistd.h>

#include "base/error.h"

namespace posada::sys {

Pty open_pty(unsigned columns, unsigned rows) {
  Pty pty;
  pty.master = Fd(::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC));
  if (!pty.master) throw_errno("cannot open a terminal");
  if (::grantpt(pty.master.get()) != 0 || ::unlockpt(pty.master.get()) != 0) {
    throw_errno("cannot unlock a terminal");
  }
  char name[64];
  if (::ptsname_r(pty.master.get(), name, sizeof name) != 0) throw_errno("cannot name a terminal");
  pty.slave = Fd(::open(name, O_RDWR | O_NOCTTY | O_CLOEXEC));
  if (!pty.slave) throw_errno("cannot open the terminal");
  winsize size{};
  size.ws_col = static_cast<unsigned short>(columns);
  size.ws_row = static_cast<unsigned short>(rows);
  if (::ioctl(pty.slave.get(), TIOCSWINSZ, &size) != 0) throw_errno("cannot size the terminal");
  return pty;
}

}  // namespace posada::sys
