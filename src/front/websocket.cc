#include "front/websocket.h"

#include <array>

#include <sys/ioctl.h>
#include <sys/socket.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/buffers_to_string.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/websocket/rfc6455.hpp>
#include <boost/beast/websocket/stream.hpp>
#include <unistd.h>

#include "base/digest.h"
#include "base/error.h"
#include "base/text.h"
#include "front/limits.h"
#include "front/refusal.h"
#include "front/terminal.h"
#include "sys/log.h"

namespace posada::front {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
namespace websocket = beast::websocket;
using ErrorCode = boost::system::error_code;

namespace {

// A ping goes out at half of it, which keeps a quiet console below the limit on idle connections.
constexpr auto silence_limit = std::chrono::seconds(40);

// The session's stream as Beast wants streams.
class BeastStream {
 public:
  using executor_type = sys::Executor;

  BeastStream(Stream& stream, executor_type executor)
      : stream_(stream), executor_(std::move(executor)) {}
  executor_type get_executor() const { return executor_; }
  Stream& stream() { return stream_; }

  template <class Buffers, class Token>
  auto async_read_some(const Buffers& buffers, Token&& token) {
    return asio::async_initiate<Token, void(ErrorCode, std::size_t)>(
        [this](auto handler, asio::mutable_buffer buffer) {
          asio::co_spawn(executor_, read(stream_, buffer), completion(std::move(handler)));
        },
        token, first<asio::mutable_buffer>(buffers));
  }

  template <class Buffers, class Token>
  auto async_write_some(const Buffers& buffers, Token&& token) {
    return asio::async_initiate<Token, void(ErrorCode, std::size_t)>(
        [this](auto handler, asio::const_buffer buffer) {
          asio::co_spawn(executor_, write(stream_, buffer), completion(std::move(handler)));
        },
        token, first<asio::const_buffer>(buffers));
  }

 private:
  template <class Buffer, class Buffers>
  static Buffer first(const Buffers& buffers) {
    for (auto part = asio::buffer_sequence_begin(buffers);
         part != asio::buffer_sequence_end(buffers); ++part) {
      Buffer buffer(*part);
      if (buffer.size() > 0) return buffer;
    }
    return {};
  }

  template <class Handler>
  static auto completion(Handler handler) {
    return [handler = std::move(handler)](std::exception_ptr failure, std::size_t count) mutable {
      handler(failure || count == 0 ? ErrorCode(asio::error::eof) : ErrorCode(), count);
    };
  }

  static sys::Async<std::size_t> read(Stream& stream, asio::mutable_buffer buffer) {
    if (stream.input().empty() && !co_await stream.fill(transfer_bytes)) co_return 0;
    std::size_t count = asio::buffer_copy(buffer, asio::buffer(stream.input()));
    stream.consume(count);
    co_return count;
  }

  static sys::Async<std::size_t> write(Stream& stream, asio::const_buffer buffer) {
    co_await stream.write({static_cast<const char*>(buffer.data()), buffer.size()});
    co_return buffer.size();
  }

  Stream& stream_;
  executor_type executor_;
};

// Beast looks these up to end a connection; the session closes it.
template <class Handler>
void async_teardown(beast::role_type, BeastStream& stream, Handler&& handler) {
  asio::post(stream.get_executor(),
             [handler = std::forward<Handler>(handler)]() mutable { handler(ErrorCode()); });
}
void beast_close_socket(BeastStream& stream) {
  stream.stream().close();
}

using Socket = websocket::stream<BeastStream>;
using Descriptor = asio::posix::stream_descriptor;

// One console's two ends. Either direction ends both by closing them.
struct Relay {
  Relay(Call& call, sys::Fd console)
      : socket(BeastStream(call.stream, call.services.executor)),
        console(call.services.executor, console.release()),
        stopped(call.services.executor) {}

  void stop() {
    if (std::exchange(ended, true)) return;
    console.close();
    stopped.set();
  }

  Socket socket;
  Descriptor console;
  bool ended = false;
  bool client_closed = false;
  std::string reason;
  websocket::close_code code = websocket::close_code::normal;
  sys::Event stopped;
};

http::request<http::empty_body> upgrade_request(const RequestHead& head) {
  http::request<http::empty_body> request{http::verb::get, head.target, 11};
  for (const auto& [name, value] : head.fields) request.insert(name, value);
  return request;
}

// The client's first choice, as existing servers echo it.
std::string sub_protocol(const RequestHead& head) {
  std::string_view wanted = head.field("sec-websocket-protocol");
  return std::string(trim(wanted.substr(0, wanted.find(','))));
}

sys::Async<void> accept(Call& call, Relay& relay) {
  relay.socket.read_message_max(max_websocket_message);
  relay.socket.auto_fragment(false);
  relay.socket.set_option(websocket::stream_base::timeout{head_time, silence_limit, true});
  std::string protocol = sub_protocol(call.head);
  relay.socket.set_option(
      websocket::stream_base::decorator([protocol](websocket::response_type& response) {
        response.set(http::field::server, "pve-api-daemon/3.0");
        if (!protocol.empty()) response.set(http::field::sec_websocket_protocol, protocol);
      }));
  auto request = upgrade_request(call.head);
  auto [error] = co_await relay.socket.async_accept(request, asio::as_tuple(asio::use_awaitable));
  if (error) throw ClientGone();
  relay.socket.binary(true);
}

// Bytes from the console to the client. It ends first when the console does.
sys::Async<void> console_to_client(std::shared_ptr<Relay> relay) {
  std::string buffer(transfer_bytes, '\0');
  while (!relay->ended) {
    auto [error, count] = co_await relay->console.async_read_some(
        asio::buffer(buffer), asio::as_tuple(asio::use_awaitable));
    if (error) break;  // a pty says EIO when its program has gone
    auto [broken, written] = co_await relay->socket.async_write(
        asio::buffer(buffer.data(), count), asio::as_tuple(asio::use_awaitable));
    if (broken) {
      relay->client_closed = true;
      break;
    }
  }
  relay->stop();
}

sys::Async<void> close_socket(std::shared_ptr<Relay> relay) {
  ErrorCode ignored;  // the client may have gone without a word
  co_await relay->socket.async_close(websocket::close_reason(relay->code, relay->reason),
                                     asio::redirect_error(asio::use_awaitable, ignored));
}

// Waits for a message. Nothing when the client has closed or the relay has ended.
sys::Async<std::optional<std::string>> next_message(Relay& relay) {
  beast::flat_buffer buffer;
  auto [error, count] =
      co_await relay.socket.async_read(buffer, asio::as_tuple(asio::use_awaitable));
  if (error || relay.ended) {
    relay.client_closed = error.failed();
    co_return std::nullopt;
  }
  co_return beast::buffers_to_string(buffer.data());
}

sys::Async<bool> write_console(Relay& relay, std::string_view bytes) {
  while (!bytes.empty() && !relay.ended) {
    auto [error, count] = co_await relay.console.async_write_some(
        asio::buffer(bytes.data(), bytes.size()), asio::as_tuple(asio::use_awaitable));
    if (error) co_return false;
    bytes.remove_prefix(count);
  }
  co_return !relay.ended;
}

sys::Async<void> binary_to_console(Relay& relay) {
  while (std::optional<std::string> message = co_await next_message(relay)) {
    if (!co_await write_console(relay, *message)) break;
  }
}

void resize(Relay& relay, const TerminalEvent& event) {
  winsize size{event.rows, event.columns, 0, 0};
  // A socket has no size; what is behind it keeps the one it has.
  if (::isatty(relay.console.native_handle())) {
    ::ioctl(relay.console.native_handle(), TIOCSWINSZ, &size);
  }
}

// The first line proves who is typing; nothing reaches the console before it. Gives what came after
// it in the same message.
sys::Async<std::optional<std::string>> read_greeting(Call& call, Relay& relay,
                                                     const std::string& expected) {
  if (expected.empty()) co_return std::string();
  call.stream.set_deadline(call.services.clock.boot_time() + greeting_time);
  std::string text;
  while (text.find('\n') == std::string::npos) {
    std::optional<std::string> message = co_await next_message(relay);
    if (!message || text.size() + message->size() > max_greeting_bytes) co_return std::nullopt;
    text += *message;
  }
  call.stream.set_deadline(sys::BootTime{0});
  std::size_t end = text.find('\n');
  std::string line = text.substr(0, end);
  std::string wanted =
      expected.ends_with('\n') ? expected.substr(0, expected.size() - 1) : expected;
  if (!equal_constant_time(line, wanted)) co_return std::nullopt;
  auto [error, count] =
      co_await relay.socket.async_write(asio::buffer("OK", 2), asio::as_tuple(asio::use_awaitable));
  if (error) co_return std::nullopt;
  co_return text.substr(end + 1);
}

sys::Async<void> terminal_to_console(Relay& relay, std::string first) {
  TerminalDecoder decoder;
  std::optional<std::string> message = std::move(first);
  while (message) {
    for (const TerminalEvent& event : decoder.feed(*message)) {
      if (event.kind == TerminalEvent::Kind::resize) {
        resize(relay, event);
      } else if (!co_await write_console(relay, event.input)) {
        co_return;
      }
    }
    message = co_await next_message(relay);
  }
}

// Messages from the client to the console.
sys::Async<void> client_to_console(std::shared_ptr<Relay> relay, bool terminal, std::string first) {
  try {
    if (terminal) {
      co_await terminal_to_console(*relay, std::move(first));
    } else {
      co_await binary_to_console(*relay);
    }
  } catch (const Error& error) {
    relay->code = websocket::close_code::protocol_error;
    relay->reason = error.what();
  }
  relay->stop();
}

}  // namespace

sys::Async<void> serve_websocket(Call& call, Answer answer) {
  call.keep_alive = false;
  if (!call.head.websocket) throw Refusal(500, "a console needs an upgrade to a WebSocket");
  call.status = 101;
  auto relay = std::make_shared<Relay>(call, std::move(answer.descriptor));
  co_await accept(call, *relay);
  std::string first;
  const bool terminal = answer.frame.body == BodyKind::terminal_console;
  if (terminal) {
    std::optional<std::string> rest = co_await read_greeting(call, *relay, answer.frame.greeting);
    if (!rest) co_return;
    first = std::move(*rest);
  }
  auto place = call.services.consoles.enter(answer.frame.console, [relay] {
    relay->code = websocket::close_code::going_away;
    relay->reason = "the console was opened elsewhere";
    relay->stop();
  });
  sys::Scope scope(call.services.executor);
  scope.spawn("console output", console_to_client(relay));
  scope.spawn("console input", client_to_console(relay, terminal, std::move(first)));
  co_await relay->stopped.wait();
  call.stream.set_deadline(call.services.clock.boot_time() + linger_time);
  if (!relay->client_closed) co_await close_socket(relay);
  call.stream.close();
  co_await scope.join();
}

}  // namespace posada::front
