#include "sys/host.h"

#include <cerrno>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/text.h"
#include "sys/file.h"

namespace posada::sys {

unsigned own_user() { return ::geteuid(); }

std::string boot_id() {
  return std::string(trim(read_file("/proc/sys/kernel/random/boot_id")));
}

std::string kernel_text() {
  utsname name{};
  ::uname(&name);
  return std::string(name.sysname) + " " + name.release + " " + name.version;
}

Fd try_lock_file(const std::string& path) {
  Fd file(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (!file) throw_errno("cannot open " + path);
  if (::flock(file.get(), LOCK_EX | LOCK_NB) == 0) return file;
  if (errno == EWOULDBLOCK) return {};
  throw_errno("cannot lock " + path);
}

}  // namespace posada::sys
