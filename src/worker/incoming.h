// A file that comes in piece by piece: written beside its place without a name, checked, and named
// only when it is whole and good. Whatever ends the worker before that leaves nothing.
#pragma once

#include <memory>
#include <string>

#include "sys/folder.h"
#include "worker/job.h"

namespace posada::worker {

class IncomingFile {
 public:
  // Parameters of the job: root, folder, file, format (of a disk image; empty: none),
  // checksum-algorithm, checksum.
  explicit IncomingFile(const Job& job);
  ~IncomingFile();
  IncomingFile(const IncomingFile&) = delete;
  IncomingFile& operator=(const IncomingFile&) = delete;

  void write(std::string_view bytes);
  std::uint64_t size() const { return size_; }
  const sys::Fd& fd() const { return file_; }
  // Checks checksum and image, syncs, names the file.
  void finish(Job& job);

 private:
  struct Digest;

  void check(Job& job);

  sys::Folder root_;
  std::string folder_;
  std::string name_;
  std::string format_;
  std::string checksum_;
  std::string temporary_;   // its name where the file system knows no files without one
  std::string publishing_;  // a name that exists for a moment when an older file is replaced
  sys::Fd file_;
  std::uint64_t size_ = 0;
  std::unique_ptr<Digest> digest_;
};

}  // namespace posada::worker
