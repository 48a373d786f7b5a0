#include "sys/file.h"

#include <algorithm>
#include <cerrno>
#include <filesystem>

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/text.h"

namespace posada::sys {
namespace {

std::string parent_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

void write_all(const Fd& file, std::string_view text, const std::string& path) {
  while (!text.empty()) {
    const ssize_t written = ::write(file.get(), text.data(), text.size());
    if (written < 0) {
      if (errno == EINTR) continue;
      throw_errno("cannot write " + path);
    }
    text.remove_prefix(static_cast<std::size_t>(written));
  }
}

std::string read_all(const Fd& file, const std::string& path) {
  std::string text;
  char buffer[16384];
  for (;;) {
    const ssize_t count = ::read(file.get(), buffer, sizeof buffer);
    if (count == 0) return text;
    if (count < 0) {
      if (errno == EINTR) continue;
      throw_errno("cannot read " + path);
    }
    text.append(buffer, static_cast<std::size_t>(count));
  }
}

}  // namespace

std::string read_file(const std::string& path) {
  const Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file) throw_errno("cannot open " + path);
  return read_all(file, path);
}

std::optional<std::string> read_file_if_exists(const std::string& path) {
  const Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file && errno == ENOENT) return std::nullopt;
  if (!file) throw_errno("cannot open " + path);
  return read_all(file, path);
}

std::string read_descriptor(const Fd& file) { return read_all(file, "a descriptor"); }

void write_file(const std::string& path, std::string_view text, unsigned mode) {
  const std::string temporary = path + ".new-" + hex(random_bytes(4));
  {
    const Fd file(::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode));
    if (!file) throw_errno("cannot create " + temporary);
    try {
      if (::fchmod(file.get(), mode) != 0) throw_errno("cannot set the mode of " + temporary);
      write_all(file, text, temporary);
      if (::fsync(file.get()) != 0) throw_errno("cannot sync " + temporary);
      if (::rename(temporary.c_str(), path.c_str()) != 0) throw_errno("cannot rename to " + path);
    } catch (const Error&) {
      ::unlink(temporary.c_str());
      throw;
    }
  }
  const Fd folder = open_directory(parent_of(path));
  if (::fsync(folder.get()) != 0) throw_errno("cannot sync the folder of " + path);
}

Fd open_for_append(const std::string& path, unsigned mode) {
  Fd file(::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, mode));
  if (!file) throw_errno("cannot open " + path);
  return file;
}

void append_file(const std::string& path, std::string_view text, unsigned mode) {
  write_all(open_for_append(path, mode), text, path);
}

void rename_file(const std::string& from, const std::string& to) {
  if (::rename(from.c_str(), to.c_str()) != 0) throw_errno("cannot rename " + from + " to " + to);
}

void make_directories(const std::string& path, unsigned mode) {
  for (std::size_t end = path.find('/', 1);; end = path.find('/', end + 1)) {
    const std::string part = path.substr(0, end);
    if (::mkdir(part.c_str(), mode) != 0 && errno != EEXIST) throw_errno("cannot create " + part);
    if (end == std::string::npos) return;
  }
}

bool exists(const std::string& path) {
  struct stat status{};
  return ::lstat(path.c_str(), &status) == 0;
}

void remove_file(const std::string& path) {
  if (::unlink(path.c_str()) != 0 && errno != ENOENT) throw_errno("cannot remove " + path);
}

void remove_tree(const std::string& path) {
  std::error_code error;
  std::filesystem::remove_all(path, error);
  if (error) throw system_error("cannot remove " + path, error.value());
}

std::vector<std::string> list_directory(const std::string& path) {
  std::vector<std::string> names;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(path, error)) {
    names.push_back(entry.path().filename().string());
  }
  if (error && error != std::errc::no_such_file_or_directory) {
    throw system_error("cannot list " + path, error.value());
  }
  std::sort(names.begin(), names.end());
  return names;
}

Fd open_beneath(const Fd& folder, const std::string& relative, int flags, unsigned mode) {
  if (relative.empty() || relative.find('\0') != std::string::npos) {
    throw Error::failed("sys.path", "a file name is empty or holds a NUL byte");
  }
  open_how how{};
  how.flags = static_cast<std::uint64_t>(flags | O_CLOEXEC);
  how.mode = (flags & (O_CREAT | O_TMPFILE)) ? mode : 0;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;
  const long number = ::syscall(SYS_openat2, folder.get(), relative.c_str(), &how, sizeof how);
  if (number < 0) throw_errno("cannot open " + relative);
  return Fd(static_cast<int>(number));
}

Fd open_directory(const std::string& path) {
  Fd folder(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!folder) throw_errno("cannot open the folder " + path);
  return folder;
}

Fd sealed_memory(const std::string& name, std::string_view bytes) {
  Fd memory(::memfd_create(name.c_str(), MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (!memory) throw_errno("cannot create a memory file");
  write_all(memory, bytes, name);
  if (::lseek(memory.get(), 0, SEEK_SET) != 0) throw_errno("cannot rewind a memory file");
  const int seals = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE;
  if (::fcntl(memory.get(), F_ADD_SEALS, seals) != 0) throw_errno("cannot seal a memory file");
  return memory;
}

Fd anonymous_file(const std::string& name) {
  Fd memory(::memfd_create(name.c_str(), MFD_CLOEXEC));
  if (!memory) throw_errno("cannot create a memory file");
  return memory;
}

void give_to(const std::string& path, unsigned id) {
  if (::lchown(path.c_str(), id, id) != 0) throw_errno("cannot change the owner of " + path);
}

std::string random_bytes(std::size_t count) {
  std::string bytes(count, '\0');
  for (std::size_t done = 0; done < count;) {
    const ssize_t got = ::getrandom(bytes.data() + done, count - done, 0);
    if (got < 0) {
      if (errno == EINTR) continue;
      throw_errno("cannot get random bytes");
    }
    done += static_cast<std::size_t>(got);
  }
  return bytes;
}

std::string random_uuid() {
  std::string bytes = random_bytes(16);
  bytes[6] = static_cast<char>((bytes[6] & 0x0f) | 0x40);
  bytes[8] = static_cast<char>((bytes[8] & 0x3f) | 0x80);
  std::string text = hex(bytes);
  for (const std::size_t place : {20UL, 16UL, 12UL, 8UL}) text.insert(place, 1, '-');
  return text;
}

std::string host_name() {
  char name[256] = {};
  if (::gethostname(name, sizeof name - 1) != 0) throw_errno("cannot get the host's name");
  const std::string whole(name);
  return whole.substr(0, whole.find('.'));
}

}  // namespace posada::sys
