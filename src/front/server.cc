#include "front/server.h"

#include <array>
#include <cerrno>
#include <cstring>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "front/limits.h"
#include "front/session.h"
#include "sys/log.h"

namespace posada::front {

namespace asio = boost::asio;

namespace {

constexpr sys::Milliseconds sweep_pause{500};
constexpr sys::Milliseconds exhausted_pause{100};

struct Client {
  Peer peer;
  std::string group;  // what counts as one address; empty: not counted (this machine itself)
};

// An IPv6 client has a whole /64 to connect from.
Client describe(const sockaddr_storage& storage) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  Client client;
  if (storage.ss_family == AF_INET) {
    sockaddr_in address{};
    std::memcpy(&address, &storage, sizeof(address));
    ::inet_ntop(AF_INET, &address.sin_addr, text.data(), text.size());
    client.peer = {text.data(), ntohs(address.sin_port)};
    if (ntohl(address.sin_addr.s_addr) >> 24 != 127) client.group = client.peer.address;
    return client;
  }
  if (storage.ss_family != AF_INET6) return client;
  sockaddr_in6 address{};
  std::memcpy(&address, &storage, sizeof(address));
  const std::uint8_t* bytes = address.sin6_addr.s6_addr;
  client.peer.port = ntohs(address.sin6_port);
  if (IN6_IS_ADDR_V4MAPPED(&address.sin6_addr)) {
    ::inet_ntop(AF_INET, bytes + 12, text.data(), text.size());
    client.peer.address = text.data();
    if (bytes[12] != 127) client.group = client.peer.address;
    return client;
  }
  ::inet_ntop(AF_INET6, bytes, text.data(), text.size());
  client.peer.address = text.data();
  if (!IN6_IS_ADDR_LOOPBACK(&address.sin6_addr)) {
    client.group.assign(reinterpret_cast<const char*>(bytes), 8);
  }
  return client;
}

}  // namespace

Server::Server(Services& services, sys::Fd listener)
    : services_(services),
      listener_(services.executor, listener.release()),
      scope_(services.executor) {
  listener_.native_non_blocking(true);
}

sys::Async<void> Server::run() {
  for (;;) {
    sockaddr_storage storage{};
    socklen_t length = sizeof(storage);
    sys::Fd socket(::accept4(listener_.native_handle(), reinterpret_cast<sockaddr*>(&storage),
                             &length, SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (!socket) {
      const int number = errno;
      if (number == EMFILE || number == ENFILE || number == ENOMEM || number == ENOBUFS) {
        sys::log_error("listener event=exhausted error=\"{}\"", std::strerror(number));
        co_await services_.clock.sleep(exhausted_pause);
      } else if (number == EAGAIN) {
        auto [error] = co_await listener_.async_wait(asio::posix::descriptor_base::wait_read,
                                                     asio::as_tuple(asio::use_awaitable));
        if (error) throw Cancelled{"the listener was closed"};
      }
      continue;  // others are the faults of one connection that did not come to be
    }
    admit(std::move(socket), storage);
  }
}

void Server::admit(sys::Fd socket, const sockaddr_storage& address) {
  Client client = describe(address);
  const bool full = sessions_.size() >= max_connections;
  const bool greedy = !client.group.empty() && [&] {
    auto count = per_group_.find(client.group);
    return count != per_group_.end() && count->second >= max_connections_per_address;
  }();
  if (full || greedy) ++refused_;
  if ((full || greedy) && refusals_.size() >= max_refused_connections) return;
  const int on = 1;
  ::setsockopt(socket.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  ::setsockopt(socket.get(), SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
  auto stream = std::make_shared<Stream>(services_.executor, std::move(socket));
  if (full || greedy) {
    auto entry = refusals_.insert(refusals_.end(), {stream, {}});
    scope_.spawn("refusal", refuse(entry, client.peer,
                                   full ? "too many connections, try again in a moment"
                                        : "too many connections from your address"));
    return;
  }
  if (!client.group.empty()) ++per_group_[client.group];
  auto entry = sessions_.insert(sessions_.end(), {stream, client.group});
  scope_.spawn("session", serve(entry, client.peer));
}

sys::Async<void> Server::serve(std::list<Entry>::iterator entry, Peer peer) {
  co_await serve_client(services_, entry->stream, std::move(peer));
  if (!entry->group.empty() && --per_group_[entry->group] == 0) per_group_.erase(entry->group);
  sessions_.erase(entry);
}

sys::Async<void> Server::refuse(std::list<Entry>::iterator entry, Peer peer, std::string reason) {
  co_await refuse_client(services_, entry->stream, std::move(peer), std::move(reason));
  refusals_.erase(entry);
}

sys::Async<void> Server::sweep() {
  for (;;) {
    co_await services_.clock.sleep(sweep_pause);
    const auto now = services_.clock.boot_time();
    for (std::list<Entry>* entries : {&sessions_, &refusals_}) {
      for (Entry& entry : *entries) entry.stream->sweep(now);
    }
    services_.daemon.sweep(now);
    if (refused_ > 0) {
      sys::log_warning("listener event=refused connections={} open={}", std::exchange(refused_, 0),
                       sessions_.size());
    }
  }
}

}  // namespace posada::front
