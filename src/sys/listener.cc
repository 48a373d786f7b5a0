#include "sys/listener.h"

#include <array>
#include <cerrno>
#include <cstring>
#include <optional>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "base/text.h"

namespace posada::sys {
namespace {

struct Endpoint {
  std::string host;
  std::uint16_t port = 0;
};

Error malformed(const std::string& address) {
  return Error::failed("sys.address", "'" + address +
                                          "' is not ADDRESS:PORT; write 0.0.0.0:8006, "
                                          "[::1]:8006 or :8006 for every address");
}

Endpoint parse(const std::string& address) {
  std::size_t colon = address.rfind(':');
  if (colon == std::string::npos) throw malformed(address);
  auto port = to_integer(address.substr(colon + 1));
  if (!port || *port < 0 || *port > 65535) throw malformed(address);
  std::string host = address.substr(0, colon);
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  return {host, static_cast<std::uint16_t>(*port)};
}

Fd bind_and_listen(int family, const sockaddr* address, socklen_t length, bool dual,
                   const std::string& name) {
  Fd socket(::socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!socket) throw_errno("making a socket for " + name);
  const int on = 1;
  const int only = dual ? 0 : 1;
  ::setsockopt(socket.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
  if (family == AF_INET6) {
    ::setsockopt(socket.get(), IPPROTO_IPV6, IPV6_V6ONLY, &only, sizeof(only));
  }
  if (::bind(socket.get(), address, length) < 0 || ::listen(socket.get(), SOMAXCONN) < 0) {
    if (errno != EADDRINUSE) throw_errno("listening on " + name);
    throw Error::failed("sys.address-taken", "another program listens on " + name + " already",
                        {{"address", name}});
  }
  return socket;
}

Fd listen_ipv4(in_addr host, std::uint16_t port, const std::string& name) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr = host;
  return bind_and_listen(AF_INET, reinterpret_cast<const sockaddr*>(&address), sizeof(address),
                         false, name);
}

Fd listen_ipv6(const in6_addr& host, std::uint16_t port, bool dual, const std::string& name) {
  sockaddr_in6 address{};
  address.sin6_family = AF_INET6;
  address.sin6_port = htons(port);
  address.sin6_addr = host;
  return bind_and_listen(AF_INET6, reinterpret_cast<const sockaddr*>(&address), sizeof(address),
                         dual, name);
}

bool has_ipv6() {
  Fd probe(::socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!probe) return false;
  sockaddr_in6 any{};
  any.sin6_family = AF_INET6;
  return ::bind(probe.get(), reinterpret_cast<const sockaddr*>(&any), sizeof(any)) == 0;
}

}  // namespace

Fd listen_on(const std::string& address) {
  Endpoint endpoint = parse(address);
  if (endpoint.host.empty()) {
    if (has_ipv6()) return listen_ipv6(in6addr_any, endpoint.port, true, address);
    return listen_ipv4({INADDR_ANY}, endpoint.port, address);
  }
  in_addr ipv4{};
  if (::inet_pton(AF_INET, endpoint.host.c_str(), &ipv4) == 1) {
    return listen_ipv4(ipv4, endpoint.port, address);
  }
  in6_addr ipv6{};
  if (::inet_pton(AF_INET6, endpoint.host.c_str(), &ipv6) == 1) {
    return listen_ipv6(ipv6, endpoint.port, false, address);
  }
  throw malformed(address);
}

std::string local_address(const Fd& socket) {
  sockaddr_storage storage{};
  socklen_t length = sizeof(storage);
  if (::getsockname(socket.get(), reinterpret_cast<sockaddr*>(&storage), &length) < 0) {
    throw_errno("asking for the listener's address");
  }
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (storage.ss_family == AF_INET) {
    sockaddr_in address{};
    std::memcpy(&address, &storage, sizeof(address));
    ::inet_ntop(AF_INET, &address.sin_addr, text.data(), text.size());
    return std::string(text.data()) + ":" + std::to_string(ntohs(address.sin_port));
  }
  sockaddr_in6 address{};
  std::memcpy(&address, &storage, sizeof(address));
  ::inet_ntop(AF_INET6, &address.sin6_addr, text.data(), text.size());
  return "[" + std::string(text.data()) + "]:" + std::to_string(ntohs(address.sin6_port));
}

}  // namespace posada::sys
