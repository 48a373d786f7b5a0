// Frames with descriptors over a connected Unix stream socket (base/frames.h says what is inside).
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/frames.h"
#include "sys/async.h"
#include "sys/fd.h"

namespace posada::sys {

struct Received {
  FrameKind kind = FrameKind::hello;
  std::string bytes;
  std::vector<Fd> descriptors;
};

struct PeerCredentials {
  int pid = 0;
  unsigned uid = 0;
  unsigned gid = 0;
};

// One reader and any number of writers (writes queue in order, bounded: a peer that does not read
// ends the channel).
class Channel {
 public:
  Channel(Executor executor, Fd socket);
  ~Channel();
  Channel(const Channel&) = delete;
  Channel& operator=(const Channel&) = delete;

  // Nothing when the peer closed. Throws Error on a malformed or too large frame.
  Async<std::optional<Received>> receive();
  Async<void> send(FrameKind kind, std::string bytes, std::vector<Fd> descriptors = {});
  void close();
  PeerCredentials peer() const;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

// A listening Unix socket; `mode` is set before anybody can connect.
class ChannelListener {
 public:
  ChannelListener(Executor executor, const std::string& path, unsigned mode);
  ChannelListener(Executor executor, Fd listening);  // that somebody else has opened
  ~ChannelListener();
  Async<Fd> accept();
  void close();

 private:
  struct State;
  std::shared_ptr<State> state_;
};

Async<Fd> connect_unix(Executor executor, std::string path);
std::pair<Fd, Fd> socket_pair();  // stream, close-on-exec

}  // namespace posada::sys
