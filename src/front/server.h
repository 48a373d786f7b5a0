// Accepts connections within the limits and keeps their sessions; twice a second it looks for what
// has passed a limit of time.
#pragma once

#include <cstdint>
#include <list>
#include <map>
#include <memory>
#include <string>

#include "front/call.h"
#include "front/stream.h"
#include "sys/async.h"
#include "sys/fd.h"

struct sockaddr_storage;

namespace posada::front {

class Server {
 public:
  // `listener` is bound and listening.
  Server(Services& services, sys::Fd listener);

  sys::Async<void> run();
  sys::Async<void> sweep();

 private:
  struct Entry {
    std::shared_ptr<Stream> stream;
    std::string group;
  };
  void admit(sys::Fd socket, const sockaddr_storage& address);
  sys::Async<void> serve(std::list<Entry>::iterator entry, Peer peer);
  sys::Async<void> refuse(std::list<Entry>::iterator entry, Peer peer, std::string reason);

  Services& services_;
  boost::asio::posix::stream_descriptor listener_;
  std::list<Entry> sessions_;
  std::list<Entry> refusals_;  // beyond the limits: they hear that, and no more
  std::map<std::string, std::size_t> per_group_;
  std::uint64_t refused_ = 0;
  sys::Scope scope_;
};

}  // namespace posada::front
