// Work below one folder that nothing can leave: every name is resolved by the kernel beneath the
// folder's descriptor (openat2), so a link or ".." that somebody planted fails with an error
// instead of leading outside. Blocking; callers run it on a pool.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "sys/fd.h"

namespace posada::sys {

enum class FileKind { regular, directory, block_device, link, other };

struct FileStatus {
  FileKind kind = FileKind::other;
  std::uint64_t bytes = 0;   // of a block device: its size
  std::uint64_t used = 0;    // on disk
  std::int64_t changed = 0;  // Unix time of the last change of the inode
  std::int64_t modified = 0;
  unsigned uid = 0;
  unsigned gid = 0;
  std::uint64_t inode = 0;
};

struct FolderEntry {
  std::string name;
  FileKind kind = FileKind::other;
};

struct Space {
  std::uint64_t total = 0;
  std::uint64_t used = 0;
  std::uint64_t available = 0;  // to programs without privilege
};

FileStatus status_of(const Fd& file);
Space space_of(const Fd& file);
void set_length(const Fd& file, std::uint64_t bytes);
// Reserves the blocks; throws "No space left on device" when there are not enough.
void reserve_space(const Fd& file, std::uint64_t bytes);
void write_at(const Fd& file, std::string_view bytes, std::uint64_t offset);
void write_all(const Fd& file, std::string_view bytes);
// Fewer bytes than asked for only at the end of the file.
std::string read_at(const Fd& file, std::size_t count, std::uint64_t offset);
// False when nothing came within the time.
bool readable_within(const Fd& file, int milliseconds);
// Blocks until something is there; 0 at the end of the stream.
std::size_t read_some(const Fd& file, char* into, std::size_t count);
void synchronize(const Fd& file);

class Folder {
 public:
  explicit Folder(const std::string& path);

  const Fd& fd() const { return fd_; }
  // An existing file. Links are not followed.
  Fd open(const std::string& name, bool writable) const;
  // A new file; throws when the name is taken.
  Fd create(const std::string& name, unsigned mode) const;
  // A file without a name in the folder `where` ("" is this one): gone when it is closed, until
  // `publish` names it. Nothing where the file system cannot.
  std::optional<Fd> create_unnamed(const std::string& where, unsigned mode) const;
  // Names an unnamed file; throws when the name is taken.
  void publish(const Fd& file, const std::string& name) const;
  void make_folders(const std::string& name, unsigned mode) const;  // existing ones are no error
  // `replace` false: throws when `to` exists.
  void rename(const std::string& from, const std::string& to, bool replace) const;
  bool remove(const std::string& name) const;         // false: it was not there
  bool remove_folder(const std::string& name) const;  // false: not there or not empty
  void remove_tree(const std::string& name) const;
  std::optional<FileStatus> status(const std::string& name) const;
  // Sorted by name; empty when the folder is absent.
  std::vector<FolderEntry> list(const std::string& name) const;
  void synchronize(const std::string& name) const;  // the folder's entries

 private:
  struct Place {
    Fd parent;
    std::string last;
  };
  Place place(const std::string& name) const;
  std::optional<Place> place_if_there(const std::string& name) const;  // the folder above may lack
  Fd open_folder(const std::string& name) const;
  Fd fd_;
};

// A lock that lives as long as its holder's descriptor: taken by whoever works, asked for by
// whoever wants to know whether the worker lives.
Fd lock_file(const std::string& path);    // creates the file; throws when another holds it
bool is_locked(const std::string& path);  // false when absent
void lock(const Fd& file);                // throws when another holds it
bool is_locked(const Fd& file);           // by another opening of the same file

}  // namespace posada::sys
