#include "api/server.h"

#include <map>

#include "sys/host.h"
#include "sys/log.h"

namespace posada::api {

struct Server::State {
  State(Settings settings, const Dispatcher& dispatcher, sys::Executor executor)
      : settings(std::move(settings)), dispatcher(dispatcher), executor(executor), scope(executor) {}
  Settings settings;
  const Dispatcher& dispatcher;
  sys::Executor executor;
  std::unique_ptr<sys::ChannelListener> front, admin;
  sys::Scope scope;
};

namespace {

struct Connection {
  Connection(const sys::Executor& executor, sys::Fd socket)
      : channel(executor, std::move(socket)), calls(executor) {}
  sys::Channel channel;
  sys::Scope calls;
  std::optional<Identity> trusted;
};

sys::Async<void> serve_call(Server::State& state, std::shared_ptr<Connection> connection,
                            RequestFrame frame, std::optional<sys::Fd> upload) {
  const std::uint64_t id = frame.id;
  Reply reply = co_await state.dispatcher.handle(std::move(frame), std::move(upload),
                                                 connection->trusted);
  reply.frame.id = id;
  std::vector<sys::Fd> descriptors;
  if (reply.descriptor) descriptors.push_back(std::move(reply.descriptor));
  co_await connection->channel.send(FrameKind::response, pack(reply.frame), std::move(descriptors));
}

Reply overloaded(const Server::State& state, std::uint64_t id) {
  Reply reply;
  reply.frame.id = id;
  reply.frame.status = 503;
  reply.frame.reason = "too many requests at once";
  reply.frame.headers.emplace_back("Retry-After", "2");
  reply.frame.content_type = "application/json;charset=UTF-8";
  reply.frame.body = BodyKind::inline_bytes;
  reply.frame.bytes = "{\"data\":null,\"message\":\"too many requests at once, more than " +
                      std::to_string(state.settings.max_calls) +
                      " are being served; try again in a moment\\n\"}";
  return reply;
}

// What a lost peer leaves half done ends by itself: calls go on, only their answers have no reader.
void log_lost_answer(std::exception_ptr error) {
  try {
    std::rethrow_exception(error);
  } catch (const std::exception& failure) {
    sys::log_debug("an answer found no reader: {}", failure.what());
  } catch (const Cancelled&) {
  }
}

sys::Async<void> serve_connection(Server::State& state, std::shared_ptr<Connection> connection) {
  Hello hello{frame_protocol, "daemon", state.settings.version};
  co_await connection->channel.send(FrameKind::hello, pack(hello));
  while (std::optional<sys::Received> received = co_await connection->channel.receive()) {
    if (received->kind == FrameKind::hello) {
      const Hello peer = unpack_hello(received->bytes);
      if (peer.protocol != frame_protocol) {
        sys::log_error("a {} of version {} speaks protocol {}, not {}: closed", peer.role,
                       peer.version, peer.protocol, frame_protocol);
        break;
      }
    } else if (received->kind == FrameKind::request) {
      RequestFrame frame = unpack_request(received->bytes);
      std::optional<sys::Fd> upload;
      if (frame.has_upload && !received->descriptors.empty()) {
        upload = std::move(received->descriptors.front());
      }
      if (connection->calls.running() >= state.settings.max_calls) {
        co_await connection->channel.send(FrameKind::response,
                                          pack(overloaded(state, frame.id).frame));
        continue;
      }
      connection->calls.spawn("call",
                              serve_call(state, connection, std::move(frame), std::move(upload)),
                              log_lost_answer);
    }
    // A cancel needs nothing: calls are short, tasks go on without their starter.
  }
  connection->channel.close();
  co_await connection->calls.join();
}

sys::Async<void> accept_loop(Server::State& state, sys::ChannelListener& listener, bool admin) {
  for (;;) {
    sys::Fd socket = co_await listener.accept();
    auto connection = std::make_shared<Connection>(state.executor, std::move(socket));
    const sys::PeerCredentials peer = connection->channel.peer();
    if (admin) {
      if (peer.uid != 0 && peer.uid != sys::own_user()) continue;
      connection->trusted = Identity{"root@pam", ""};
    } else if (peer.uid != 0 && peer.uid != state.settings.front_uid) {
      sys::log_warning("user {} tried to speak as the front", peer.uid);
      continue;
    }
    state.scope.spawn(admin ? "command line" : "front", serve_connection(state, connection),
                      log_lost_answer);
  }
}

}  // namespace

Server::Server(Settings settings, const Dispatcher& dispatcher, sys::Executor executor)
    : state_(std::make_shared<State>(std::move(settings), dispatcher, std::move(executor))) {}
Server::~Server() = default;

void Server::start() {
  State& state = *state_;
  state.front = std::make_unique<sys::ChannelListener>(state.executor,
                                                       state.settings.front_socket, 0666);
  state.admin = std::make_unique<sys::ChannelListener>(state.executor,
                                                       state.settings.admin_socket, 0600);
  state.scope.spawn("front socket", accept_loop(state, *state.front, false));
  state.scope.spawn("admin socket", accept_loop(state, *state.admin, true));
}

sys::Async<void> Server::stop() {
  state_->scope.stop();
  co_await state_->scope.join();
}

}  // namespace posada::api
