#include "sys/host.h"

#include <cerrno>
#include <csignal>

#include <fcntl.h>
#include <pwd.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/text.h"
#include "sys/file.h"

namespace posada::sys {

int own_pid() { return ::getpid(); }

std::string own_program_folder() {
  std::string path(4096, '\0');
  const ssize_t size = ::readlink("/proc/self/exe", path.data(), path.size());
  if (size < 0) throw_errno("read /proc/self/exe");
  path.resize(static_cast<std::size_t>(size));
  return path.substr(0, path.rfind('/'));
}

void ignore_broken_pipes() { ::signal(SIGPIPE, SIG_IGN); }

unsigned own_user() { return ::geteuid(); }

unsigned user_id(const std::string& name) {
  char buffer[16384];
  passwd entry{};
  passwd* found = nullptr;
  ::getpwnam_r(name.c_str(), &entry, buffer, sizeof buffer, &found);
  if (!found) throw Error::failed("sys.no-user", "this host has no user '" + name + "'");
  return found->pw_uid;
}

std::string boot_id() {
  return std::string(trim(read_file("/proc/sys/kernel/random/boot_id")));
}

Fd try_lock_file(const std::string& path) {
  Fd file(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (!file) throw_errno("cannot open " + path);
  if (::flock(file.get(), LOCK_EX | LOCK_NB) == 0) return file;
  if (errno == EWOULDBLOCK) return {};
  throw_errno("cannot lock " + path);
}

}  // namespace posada::sys
