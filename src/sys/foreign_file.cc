#include "sys/foreign_file.h"

#include <cerrno>

#include <sys/stat.h>

#include <fcntl.h>
#include <unistd.h>

#include "base/error.h"
#include "base/text.h"
#include "sys/fd.h"
#include "sys/file.h"

namespace posada::sys {

namespace {

std::string temporary_name(const std::string& path) {
  return path + ".new-" + hex(random_bytes(4));
}

[[noreturn]] void fail_and_remove(const std::string& temporary, const std::string& what) {
  const int reason = errno;
  ::unlink(temporary.c_str());
  errno = reason;
  throw_errno(what);
}

}  // namespace

void rewrite_file(const std::string& path, std::string_view text, unsigned mode) {
  struct stat status{};
  const bool known = ::lstat(path.c_str(), &status) == 0 && S_ISREG(status.st_mode);
  const std::string temporary = temporary_name(path);
  write_file(temporary, text, known ? status.st_mode & 07777 : mode);
  // A user that the guest's range does not have cannot be given; then it is root's.
  if (known && ::lchown(temporary.c_str(), status.st_uid, status.st_gid) == 0 &&
      ::chmod(temporary.c_str(), status.st_mode & 07777) != 0)
    fail_and_remove(temporary, "cannot set the mode of " + temporary);
  if (::rename(temporary.c_str(), path.c_str()) != 0)
    fail_and_remove(temporary, "cannot rename to " + path);
}

void rewrite_link(const std::string& target, const std::string& path) {
  const std::string temporary = temporary_name(path);
  if (::symlink(target.c_str(), temporary.c_str()) != 0) throw_errno("cannot create " + temporary);
  if (::rename(temporary.c_str(), path.c_str()) != 0)
    fail_and_remove(temporary, "cannot rename to " + path);
}

bool is_link(const std::string& path) {
  struct stat status{};
  return ::lstat(path.c_str(), &status) == 0 && S_ISLNK(status.st_mode);
}

std::optional<std::string> read_small_file(const std::string& path, std::size_t most) {
  const Fd file(::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
  if (!file && (errno == ENOENT || errno == ENOTDIR)) return std::nullopt;
  if (!file) throw_errno("cannot open " + path);
  struct stat status{};
  if (::fstat(file.get(), &status) != 0) throw_errno("cannot look at " + path);
  if (!S_ISREG(status.st_mode)) throw Error::failed("file.kind", path + " is no regular file");
  if (static_cast<std::uint64_t>(status.st_size) > most)
    throw Error::failed("file.size", path + " is larger than " + std::to_string(most) + " bytes");
  return read_descriptor(file);
}

}  // namespace posada::sys
