// One request while it is being served, and what all of them share.
#pragma once

#include <cstdint>
#include <string>

#include "base/frames.h"
#include "front/compression.h"
#include "front/consoles.h"
#include "front/daemon_link.h"
#include "front/http_request.h"
#include "front/stream.h"
#include "sys/async.h"
#include "sys/clock.h"

namespace posada::front {

class PageFiles;

// The value of the headers Date and Expires, made once a second.
class DateText {
 public:
  const std::string& at(std::int64_t wall_seconds);

 private:
  std::int64_t second_ = -1;
  std::string text_;
};

struct Services {
  sys::Executor executor;
  sys::Clock& clock;
  const TlsContext& tls;
  DaemonLink& daemon;
  PageFiles& page;
  sys::Pool& file_pool;
  MemoryBodies bodies;
  Consoles consoles;
  DateText date;
  std::size_t delayed_answers = 0;
  std::uint64_t next_request = 0;  // starts anywhere; the ids in the logs of a node are unique
};

struct Call {
  Services& services;
  Stream& stream;
  const RequestHead& head;
  const Peer& peer;
  std::string id;  // 16 hex digits
  std::string path;
  sys::BootTime begun{0};
  bool keep_alive = true;
  // What the log says of it.
  int status = 0;
  std::uint64_t sent_bytes = 0;
};

}  // namespace posada::front
