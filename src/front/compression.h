// gzip and deflate of answers, and the large bodies that the daemon hands over as sealed memory:
// mapped once, compressed once, and kept as long as the daemon sends the same memory again.
#pragma once

#include <cstdint>
#include <list>
#include <memory>
#include <string>
#include <string_view>

#include "front/request.h"
#include "sys/async.h"
#include "sys/fd.h"

namespace posada::front {

// One pass over all bytes; at the fastest level, since an answer is compressed to be sent once.
std::string compress(Encoding encoding, std::string_view prefix, std::string_view bytes);

// A whole body in memory: mapped, or a copy where the descriptor does not promise to stay as it is.
class MemoryBody {
 public:
  explicit MemoryBody(sys::Fd memory);
  ~MemoryBody();
  MemoryBody(const MemoryBody&) = delete;
  MemoryBody& operator=(const MemoryBody&) = delete;

  std::string_view bytes() const;
  bool is_sealed() const { return mapped_ != nullptr || size_ == 0; }

 private:
  friend class MemoryBodies;
  struct Compressed {
    Encoding encoding;
    std::string prefix;
    std::shared_ptr<const std::string> bytes;  // nothing while somebody is at it
  };

  sys::Fd memory_;  // open, so that its inode number cannot be another body's meanwhile
  void* mapped_ = nullptr;
  std::size_t size_ = 0;
  std::string copy_;
  std::list<Compressed> compressed_;
};

class MemoryBodies {
 public:
  // The body behind the descriptor, from the cache when this memory was here before.
  std::shared_ptr<MemoryBody> open(sys::Fd memory);
  // The body with the first `skip` bytes replaced by `prefix`, compressed. Nothing when it is too
  // large or another session is compressing it right now. Works in slices between which the loop
  // runs.
  sys::Async<std::shared_ptr<const std::string>> compressed(std::shared_ptr<MemoryBody> body,
                                                            Encoding encoding, std::string prefix,
                                                            std::size_t skip);

 private:
  struct Entry {
    std::uint64_t device;
    std::uint64_t inode;
    std::shared_ptr<MemoryBody> body;
  };
  void drop_oldest();

  std::list<Entry> entries_;  // the last used first
};

}  // namespace posada::front
