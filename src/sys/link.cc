#include "sys/link.h"

#include <climits>
#include <cstdlib>

#include <unistd.h>

#include "base/text.h"
#include "sys/fd.h"
#include "sys/file.h"

namespace posada::sys {

std::optional<std::string> link_target(const std::string& path) {
  char buffer[PATH_MAX];
  const ssize_t count = ::readlink(path.c_str(), buffer, sizeof buffer);
  if (count < 0) return std::nullopt;
  return std::string(buffer, static_cast<std::size_t>(count));
}

std::string real_path(const std::string& path) {
  char buffer[PATH_MAX];
  const char* found = ::realpath(path.c_str(), buffer);
  return found == nullptr ? "" : found;
}

void replace_link(const std::string& path, const std::string& target) {
  const std::string temporary = path + ".new-" + hex(random_bytes(4));
  if (::symlink(target.c_str(), temporary.c_str()) != 0) throw_errno("cannot create " + temporary);
  try {
    rename_file(temporary, path);
  } catch (const Error&) {
    ::unlink(temporary.c_str());
    throw;
  }
}

}  // namespace posada::sys
