// The daemon's two sockets. On the front's socket the peer must be the front's user, and every
// request brings a credential; on root's socket the kernel's peer credentials are the identity.
// Neither can do what the other may.
#pragma once

#include <memory>
#include <string>

#include "api/dispatcher.h"
#include "sys/channel.h"

namespace posada::api {

class Server {
 public:
  struct Settings {
    std::string front_socket;
    std::string admin_socket;
    unsigned front_uid = 0;   // besides root
    std::string version;
    std::size_t max_calls = 512;  // of one connection at once; more answer 503
  };
  Server(Settings settings, const Dispatcher& dispatcher, sys::Executor executor);
  ~Server();

  // Listens; returns at once.
  void start();
  // Accepts nothing more and ends the connections.
  sys::Async<void> stop();

  struct State;  // of server.cc

 private:
  std::shared_ptr<State> state_;
};

}  // namespace posada::api
