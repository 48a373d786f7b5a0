#include "sys/file_replace.h"

#include <sys/stat.h>

#include <fcntl.h>
#include <unistd.h>

#include "base/text.h"
#include "sys/file.h"

namespace posada::sys {
namespace {

void write_text(const Fd& file, std::string_view text, const std::string& path) {
  while (!text.empty()) {
    const ssize_t count = ::write(file.get(), text.data(), text.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) throw_errno("cannot write " + path);
    text.remove_prefix(static_cast<std::size_t>(count));
  }
}

}  // namespace

void replace_file(const std::string& path, std::string_view text, unsigned mode) {
  const std::string temporary = path + ".new-" + hex(random_bytes(4));
  const Fd file(::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode));
  if (!file) throw_errno("cannot create " + temporary);
  try {
    if (::fchmod(file.get(), mode) != 0) throw_errno("cannot set the mode of " + temporary);
    write_text(file, text, temporary);
    if (::rename(temporary.c_str(), path.c_str()) != 0) throw_errno("cannot rename to " + path);
  } catch (const Error&) {
    ::unlink(temporary.c_str());
    throw;
  }
}

void sync_file(const std::string& path) {
  const Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file && errno == ENOENT) return;
  if (!file || ::fsync(file.get()) != 0) throw_errno("cannot sync " + path);
}

void write_in_place(const std::string& path, std::string_view text, unsigned mode) {
  const Fd file(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode));
  if (!file) throw_errno("cannot open " + path);
  if (::fchmod(file.get(), mode) != 0) throw_errno("cannot set the mode of " + path);
  write_text(file, text, path);
}

}  // namespace posada::sys
