#include "sys/folder.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>

#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include "sys/file.h"

namespace posada::sys {
namespace {

FileKind kind_of(mode_t mode) {
  if (S_ISREG(mode)) return FileKind::regular;
  if (S_ISDIR(mode)) return FileKind::directory;
  if (S_ISBLK(mode)) return FileKind::block_device;
  if (S_ISLNK(mode)) return FileKind::link;
  return FileKind::other;
}

FileStatus status_from(const struct stat& facts) {
  return {.kind = kind_of(facts.st_mode),
          .bytes = static_cast<std::uint64_t>(facts.st_size),
          .used = static_cast<std::uint64_t>(facts.st_blocks) * 512,
          .changed = facts.st_ctim.tv_sec,
          .modified = facts.st_mtim.tv_sec,
          .uid = facts.st_uid,
          .gid = facts.st_gid,
          .inode = facts.st_ino};
}

// A lock of the open file description: it lives as long as any descriptor of it, across an exec.
struct flock whole_file(short type) {
  struct flock lock{};
  lock.l_type = type;
  lock.l_whence = SEEK_SET;
  return lock;
}

std::string parent_of_name(const std::string& name) {
  const std::size_t slash = name.rfind('/');
  return slash == std::string::npos ? "" : name.substr(0, slash);
}

// Removes everything in the folder behind `folder`, which it takes over.
void empty_folder(int folder, const std::string& about) {
  DIR* stream = ::fdopendir(folder);
  if (stream == nullptr) {
    const int number = errno;
    ::close(folder);
    throw system_error("open " + about, number);
  }
  struct Closer {
    DIR* stream;
    ~Closer() { ::closedir(stream); }
  } closer{stream};
  while (const dirent* entry = ::readdir(stream)) {
    const std::string name = entry->d_name;
    if (name == "." || name == "..") continue;
    if (::unlinkat(folder, name.c_str(), 0) == 0) continue;
    if (errno != EISDIR && errno != EPERM) throw_errno("remove " + about + "/" + name);
    const int inner =
        ::openat(folder, name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (inner < 0) throw_errno("open " + about + "/" + name);
    empty_folder(inner, about + "/" + name);
    if (::unlinkat(folder, name.c_str(), AT_REMOVEDIR) != 0)
      throw_errno("remove " + about + "/" + name);
  }
}

}  // namespace

FileStatus status_of(const Fd& file) {
  struct stat facts{};
  if (::fstat(file.get(), &facts) != 0) throw_errno("stat");
  FileStatus status = status_from(facts);
  if (status.kind == FileKind::block_device) {
    std::uint64_t bytes = 0;
    if (::ioctl(file.get(), BLKGETSIZE64, &bytes) != 0) throw_errno("size of block device");
    status.bytes = bytes;
    status.used = bytes;
  }
  return status;
}

Space space_of(const Fd& file) {
  struct statvfs facts{};
  if (::fstatvfs(file.get(), &facts) != 0) throw_errno("statvfs");
  const std::uint64_t block = facts.f_frsize;
  return {.total = facts.f_blocks * block,
          .used = (facts.f_blocks - facts.f_bfree) * block,
          .available = facts.f_bavail * block};
}

void set_length(const Fd& file, std::uint64_t bytes) {
  if (::ftruncate(file.get(), static_cast<off_t>(bytes)) != 0) throw_errno("set the file's length");
}

void reserve_space(const Fd& file, std::uint64_t bytes) {
  if (bytes == 0) return;
  int number = 0;
  do {
    number = ::posix_fallocate(file.get(), 0, static_cast<off_t>(bytes));
  } while (number == EINTR);
  if (number != 0) throw system_error("reserve space", number);
}

void write_at(const Fd& file, std::string_view bytes, std::uint64_t offset) {
  while (!bytes.empty()) {
    const ssize_t count =
        ::pwrite(file.get(), bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (count < 0) {
      if (errno == EINTR) continue;
      throw_errno("write");
    }
    bytes.remove_prefix(static_cast<std::size_t>(count));
    offset += static_cast<std::uint64_t>(count);
  }
}

void write_all(const Fd& file, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t count = ::write(file.get(), bytes.data(), bytes.size());
    if (count < 0) {
      if (errno == EINTR) continue;
      throw_errno("write");
    }
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
}

std::string read_at(const Fd& file, std::size_t count, std::uint64_t offset) {
  std::string bytes(count, '\0');
  std::size_t done = 0;
  while (done < count) {
    const ssize_t got =
        ::pread(file.get(), bytes.data() + done, count - done, static_cast<off_t>(offset + done));
    if (got < 0) {
      if (errno == EINTR) continue;
      throw_errno("read");
    }
    if (got == 0) break;
    done += static_cast<std::size_t>(got);
  }
  bytes.resize(done);
  return bytes;
}

bool readable_within(const Fd& file, int milliseconds) {
  pollfd wanted{file.get(), POLLIN, 0};
  const int count = ::poll(&wanted, 1, milliseconds);
  if (count < 0 && errno != EINTR) throw_errno("poll");
  return count > 0;
}

std::size_t read_some(const Fd& file, char* into, std::size_t count) {
  for (;;) {
    const ssize_t got = ::read(file.get(), into, count);
    if (got >= 0) return static_cast<std::size_t>(got);
    if (errno != EINTR) throw_errno("read");
  }
}

void synchronize(const Fd& file) {
  if (::fsync(file.get()) != 0) throw_errno("sync");
}

Folder::Folder(const std::string& path) : fd_(open_directory(path)) {}

Fd Folder::open_folder(const std::string& name) const {
  if (name.empty()) return fd_.duplicate();
  return open_beneath(fd_, name, O_RDONLY | O_DIRECTORY);
}

Folder::Place Folder::place(const std::string& name) const {
  const std::string parent = parent_of_name(name);
  std::string last = parent.empty() ? name : name.substr(parent.size() + 1);
  if (last.empty() || last == "." || last == "..") throw system_error("open " + name, EINVAL);
  return {open_folder(parent), std::move(last)};
}

Fd Folder::open(const std::string& name, bool writable) const {
  return open_beneath(fd_, name, writable ? O_RDWR : O_RDONLY);
}

Fd Folder::create(const std::string& name, unsigned mode) const {
  return open_beneath(fd_, name, O_RDWR | O_CREAT | O_EXCL, mode);
}

std::optional<Fd> Folder::create_unnamed(const std::string& where, unsigned mode) const {
  const Fd folder = open_folder(where);
  Fd file(::openat(folder.get(), ".", O_RDWR | O_TMPFILE | O_CLOEXEC, mode));
  if (file) return file;
  if (errno == EOPNOTSUPP || errno == EISDIR || errno == EINVAL || errno == ENOENT)
    return std::nullopt;
  throw_errno("create a temporary file");
}

void Folder::publish(const Fd& file, const std::string& name) const {
  const Place target = place(name);
  const std::string source = "/proc/self/fd/" + std::to_string(file.get());
  if (::linkat(AT_FDCWD, source.c_str(), target.parent.get(), target.last.c_str(),
               AT_SYMLINK_FOLLOW) != 0)
    throw_errno("create " + name);
}

void Folder::make_folders(const std::string& name, unsigned mode) const {
  std::size_t end = 0;
  while (end != std::string::npos) {
    end = name.find('/', end + 1);
    const std::string part = name.substr(0, end);
    const Place target = place(part);
    if (::mkdirat(target.parent.get(), target.last.c_str(), mode) != 0 && errno != EEXIST)
      throw_errno("create folder " + part);
  }
}

void Folder::rename(const std::string& from, const std::string& to, bool replace) const {
  const Place source = place(from);
  const Place target = place(to);
  const unsigned flags = replace ? 0 : RENAME_NOREPLACE;
  if (::renameat2(source.parent.get(), source.last.c_str(), target.parent.get(),
                  target.last.c_str(), flags) != 0)
    throw_errno("rename " + from + " to " + to);
}

std::optional<Folder::Place> Folder::place_if_there(const std::string& name) const {
  try {
    return place(name);
  } catch (const Error& error) {
    const auto number = error.arguments().find("errno");
    if (number != error.arguments().end() && number->second == std::to_string(ENOENT))
      return std::nullopt;
    throw;
  }
}

bool Folder::remove(const std::string& name) const {
  const auto target = place_if_there(name);
  if (!target) return false;
  if (::unlinkat(target->parent.get(), target->last.c_str(), 0) == 0) return true;
  if (errno == ENOENT) return false;
  throw_errno("remove " + name);
}

bool Folder::remove_folder(const std::string& name) const {
  const auto target = place_if_there(name);
  if (!target) return false;
  if (::unlinkat(target->parent.get(), target->last.c_str(), AT_REMOVEDIR) == 0) return true;
  if (errno == ENOENT || errno == ENOTEMPTY || errno == EEXIST) return false;
  throw_errno("remove folder " + name);
}

void Folder::remove_tree(const std::string& name) const {
  const auto target = place_if_there(name);
  if (!target) return;
  const int inner = ::openat(target->parent.get(), target->last.c_str(),
                             O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (inner < 0) {
    if (errno == ENOENT) return;
    throw_errno("open " + name);
  }
  empty_folder(inner, name);
  if (::unlinkat(target->parent.get(), target->last.c_str(), AT_REMOVEDIR) != 0 && errno != ENOENT)
    throw_errno("remove " + name);
}

std::optional<FileStatus> Folder::status(const std::string& name) const {
  const auto target = place_if_there(name);
  if (!target) return std::nullopt;
  struct stat facts{};
  if (::fstatat(target->parent.get(), target->last.c_str(), &facts, AT_SYMLINK_NOFOLLOW) == 0)
    return status_from(facts);
  if (errno == ENOENT || errno == ENOTDIR) return std::nullopt;
  throw_errno("stat " + name);
}

std::vector<FolderEntry> Folder::list(const std::string& name) const {
  const std::optional<FileStatus> facts = name.empty() ? status_of(fd_) : status(name);
  if (!facts) return {};
  Fd folder = open_folder(name);
  // A duplicate shares its position with the original, so a folder is read through a new opening.
  Fd fresh(::openat(folder.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fresh) throw_errno("open " + name);
  DIR* stream = ::fdopendir(fresh.get());
  if (stream == nullptr) throw_errno("read folder " + name);
  fresh.release();
  std::vector<FolderEntry> entries;
  while (const dirent* entry = ::readdir(stream)) {
    const std::string_view text = entry->d_name;
    if (text == "." || text == "..") continue;
    FileKind kind = FileKind::other;
    if (entry->d_type == DT_REG) kind = FileKind::regular;
    if (entry->d_type == DT_DIR) kind = FileKind::directory;
    if (entry->d_type == DT_LNK) kind = FileKind::link;
    if (entry->d_type == DT_BLK) kind = FileKind::block_device;
    if (entry->d_type == DT_UNKNOWN) {
      struct stat found{};
      if (::fstatat(::dirfd(stream), entry->d_name, &found, AT_SYMLINK_NOFOLLOW) == 0)
        kind = kind_of(found.st_mode);
    }
    entries.push_back({std::string(text), kind});
  }
  ::closedir(stream);
  std::sort(entries.begin(), entries.end(),
            [](const FolderEntry& a, const FolderEntry& b) { return a.name < b.name; });
  return entries;
}

void Folder::synchronize(const std::string& name) const {
  sys::synchronize(open_folder(name));
}

void lock(const Fd& file) {
  struct flock whole = whole_file(F_WRLCK);
  if (::fcntl(file.get(), F_OFD_SETLK, &whole) != 0) throw_errno("lock a file");
}

bool is_locked(const Fd& file) {
  struct flock whole = whole_file(F_WRLCK);
  if (::fcntl(file.get(), F_OFD_GETLK, &whole) != 0) throw_errno("ask for a lock");
  return whole.l_type != F_UNLCK;
}

Fd lock_file(const std::string& path) {
  Fd file(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!file) throw_errno("open " + path);
  lock(file);
  return file;
}

bool is_locked(const std::string& path) {
  const Fd file(::open(path.c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW));
  if (file) return is_locked(file);
  if (errno == ENOENT) return false;
  throw_errno("open " + path);
}

}  // namespace posada::sys
