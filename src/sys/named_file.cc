#include "sys/named_file.h"

#include <cerrno>

#include <sys/stat.h>

#include <fcntl.h>

namespace posada::sys {

Fd open_for_reading(const std::string& path) {
  Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file) throw_errno("open " + path);
  struct stat facts{};
  if (::fstat(file.get(), &facts) == 0 && S_ISDIR(facts.st_mode)) {
    throw system_error("read " + path, EISDIR);
  }
  return file;
}

Fd create_new_file(const std::string& path, unsigned mode) {
  Fd file(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode));
  if (!file) throw_errno("create " + path);
  return file;
}

}  // namespace posada::sys
