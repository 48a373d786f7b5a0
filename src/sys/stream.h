// A connected byte stream (Unix socket, pty) of the loop: what talks to QEMU's monitor, to the
// guest agent and to consoles. Any number of writers, one reader; bounded both ways.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "sys/async.h"
#include "sys/fd.h"

namespace posada::sys {

class Stream {
 public:
  Stream(Executor executor, Fd descriptor);
  ~Stream();
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;

  // At most `limit` bytes, at least one; empty at the end of the stream or after close().
  Async<std::string> read(std::size_t limit = 64 * 1024);
  // Queues the bytes, with descriptors on the first of them (sockets only). A peer that leaves
  // more than 16 MiB unread ends the stream. False when the stream has ended.
  bool write(std::string bytes, std::vector<Fd> descriptors = {});
  void close();
  bool closed() const;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

// A bound and listening Unix socket with the file mode `mode`, not inherited. An old file of the
// name is replaced. Paths of any length.
Fd listen_unix(const std::string& path, unsigned mode, int backlog = 8);

}  // namespace posada::sys
