#include "store/etcd/http_client.h"

#include <array>
#include <vector>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http.hpp>

#include "base/text.h"

namespace posada::store {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;

namespace {

using ErrorCode = boost::system::error_code;
using Stream = beast::tcp_stream;

constexpr std::size_t kept_connections = 8;
// A list page of 500 values of the largest size in base64 stays below.
constexpr std::size_t answer_limit = 256UL * 1024 * 1024;
constexpr std::size_t line_limit = 64UL * 1024 * 1024;

auto into(ErrorCode& error) {
  return asio::redirect_error(asio::use_awaitable, error);
}

std::string reason_of(const ErrorCode& error) {
  if (error == beast::error::timeout) return "no answer in time";
  if (error == http::error::end_of_stream) return "connection closed";
  return error.message();
}

// An aborted operation is either our own close or the end of the whole coroutine.
sys::Async<void> throw_if_cancelled(ErrorCode error) {
  if (error != asio::error::operation_aborted) co_return;
  if ((co_await asio::this_coro::cancellation_state).cancelled() != asio::cancellation_type::none) {
    throw Cancelled{"stopped"};
  }
}

// Whether a kept connection is still good: nothing may have arrived on it, not even its end.
bool is_fresh(Stream& stream) {
  ErrorCode error;
  stream.socket().non_blocking(true, error);
  if (error) return false;
  char byte = 0;
  stream.socket().receive(asio::buffer(&byte, 1), asio::socket_base::message_peek, error);
  return error == asio::error::would_block;
}

http::request<http::string_body> make_request(const HttpEndpoint& endpoint, const std::string& path,
                                              std::string body) {
  http::request<http::string_body> request{http::verb::post, path, 11};
  request.set(http::field::host, endpoint.text());
  request.set(http::field::content_type, "application/json");
  request.body() = std::move(body);
  request.prepare_payload();
  return request;
}

}  // namespace

HttpEndpoint HttpEndpoint::parse(std::string_view text) {
  std::string_view rest = text;
  if (rest.starts_with("http://")) rest.remove_prefix(7);
  const std::size_t colon = rest.rfind(':');
  if (colon != std::string_view::npos) {
    std::string_view address = rest.substr(0, colon);
    if (address.size() > 2 && address.front() == '[' && address.back() == ']') {
      address = address.substr(1, address.size() - 2);
    }
    const std::optional<std::int64_t> port = to_integer(rest.substr(colon + 1));
    ErrorCode error;
    asio::ip::make_address(std::string(address), error);
    if (!error && port && *port > 0 && *port < 65536) {
      return {std::string(address), static_cast<std::uint16_t>(*port)};
    }
  }
  throw Error::failed("store.failed",
                      "etcd endpoint '" + std::string(text) + "' is not of the form ADDRESS:PORT",
                      {{"endpoint", std::string(text)}});
}

std::string HttpEndpoint::text() const {
  const bool six = address.find(':') != std::string::npos;
  return (six ? "[" + address + "]" : address) + ":" + std::to_string(port);
}

struct HttpClient::State {
  sys::Executor executor;
  HttpEndpoint endpoint;
  std::vector<std::unique_ptr<Stream>> idle;

  std::unique_ptr<Stream> take_idle() {
    while (!idle.empty()) {
      std::unique_ptr<Stream> stream = std::move(idle.back());
      idle.pop_back();
      if (is_fresh(*stream)) return stream;
    }
    return nullptr;
  }
};

struct HttpLines::State {
  explicit State(std::unique_ptr<Stream> opened) : stream(std::move(opened)) {
    parser.body_limit(boost::none);
  }
  std::unique_ptr<Stream> stream;
  beast::flat_buffer buffer;
  http::response_parser<http::buffer_body> parser;
  std::array<char, 65536> piece{};
  std::string text;  // read and not handed out
  bool closed = false;
};

namespace {

sys::Async<std::unique_ptr<Stream>> connect(std::shared_ptr<HttpClient::State> state,
                                            sys::Milliseconds deadline, ErrorCode& error) {
  auto stream = std::make_unique<Stream>(state->executor);
  stream->expires_after(deadline);
  const asio::ip::tcp::endpoint target(asio::ip::make_address(state->endpoint.address),
                                       state->endpoint.port);
  co_await stream->async_connect(target, into(error));
  co_await throw_if_cancelled(error);
  if (!error) {
    ErrorCode ignored;  // options that only make it better
    stream->socket().set_option(asio::ip::tcp::no_delay(true), ignored);
    stream->socket().set_option(asio::socket_base::keep_alive(true), ignored);
  }
  co_return stream;
}

HttpResult fault(HttpResult::Kind kind, const ErrorCode& error) {
  return {kind, 0, {}, reason_of(error)};
}

sys::Async<HttpResult> post_once(std::shared_ptr<HttpClient::State> state, std::string path,
                                 std::string body, HttpDeadlines deadlines) {
  ErrorCode error;
  std::unique_ptr<Stream> stream = state->take_idle();
  if (!stream) stream = co_await connect(state, deadlines.connect, error);
  if (error) co_return fault(HttpResult::Kind::not_sent, error);
  const auto request = make_request(state->endpoint, path, std::move(body));
  stream->expires_after(deadlines.answer);
  co_await http::async_write(*stream, request, into(error));
  co_await throw_if_cancelled(error);
  if (error) co_return fault(HttpResult::Kind::no_answer, error);
  beast::flat_buffer buffer;
  http::response_parser<http::string_body> parser;
  parser.body_limit(answer_limit);
  co_await http::async_read(*stream, buffer, parser, into(error));
  co_await throw_if_cancelled(error);
  if (error) co_return fault(HttpResult::Kind::no_answer, error);
  http::response<http::string_body> response = parser.release();
  if (response.keep_alive() && buffer.size() == 0 && state->idle.size() < kept_connections) {
    stream->expires_never();
    state->idle.push_back(std::move(stream));
  }
  co_return HttpResult{
      HttpResult::Kind::answered, response.result_int(), std::move(response.body()), {}};
}

sys::Async<std::shared_ptr<HttpLines>> open_lines(std::shared_ptr<HttpClient::State> state,
                                                  std::string path, std::string body,
                                                  HttpDeadlines deadlines) {
  ErrorCode error;
  // The connection is given up with the answer, so it is always a new one.
  std::unique_ptr<Stream> stream = co_await connect(state, deadlines.connect, error);
  if (error) co_return nullptr;
  stream->expires_after(deadlines.answer);
  auto request = make_request(state->endpoint, path, std::move(body));
  request.set("Grpc-Metadata-hasleader", "true");
  co_await http::async_write(*stream, request, into(error));
  co_await throw_if_cancelled(error);
  if (error) co_return nullptr;
  auto lines = std::make_shared<HttpLines::State>(std::move(stream));
  co_await http::async_read_header(*lines->stream, lines->buffer, lines->parser, into(error));
  co_await throw_if_cancelled(error);
  if (error || lines->parser.get().result() != http::status::ok) co_return nullptr;
  lines->stream->expires_never();
  co_return std::make_shared<HttpLines>(lines);
}

sys::Async<std::optional<std::string>> next_line(std::shared_ptr<HttpLines::State> state) {
  while (!state->closed) {
    const std::size_t end = state->text.find('\n');
    if (end != std::string::npos) {
      std::string line = state->text.substr(0, end);
      state->text.erase(0, end + 1);
      co_return line;
    }
    if (state->parser.is_done() || state->text.size() > line_limit) break;
    http::buffer_body::value_type& body = state->parser.get().body();
    body.data = state->piece.data();
    body.size = state->piece.size();
    ErrorCode error;
    co_await http::async_read_some(*state->stream, state->buffer, state->parser, into(error));
    co_await throw_if_cancelled(error);
    state->text.append(state->piece.data(), state->piece.size() - body.size);
    if (error && error != http::error::need_buffer) break;
  }
  co_return std::nullopt;
}

}  // namespace

HttpLines::HttpLines(std::shared_ptr<State> state) : state_(std::move(state)) {}
HttpLines::~HttpLines() {
  close();
}

sys::Async<std::optional<std::string>> HttpLines::next() {
  return next_line(state_);
}

void HttpLines::close() {
  state_->closed = true;
  state_->stream->cancel();
}

HttpClient::HttpClient(sys::Executor executor, HttpEndpoint endpoint)
    : state_(std::make_shared<State>(State{std::move(executor), std::move(endpoint), {}})) {}
HttpClient::~HttpClient() = default;

const HttpEndpoint& HttpClient::endpoint() const {
  return state_->endpoint;
}

sys::Async<HttpResult> HttpClient::post(std::string path, std::string body,
                                        HttpDeadlines deadlines) {
  return post_once(state_, std::move(path), std::move(body), deadlines);
}

sys::Async<std::shared_ptr<HttpLines>> HttpClient::post_for_lines(std::string path,
                                                                  std::string body,
                                                                  HttpDeadlines deadlines) {
  return open_lines(state_, std::move(path), std::move(body), deadlines);
}

}  // namespace posada::store
