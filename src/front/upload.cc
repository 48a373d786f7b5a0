#include "front/upload.h"

#include <array>
#include <cerrno>

#include <sys/socket.h>
#include <sys/uio.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "front/api_call.h"
#include "front/forms.h"
#include "front/limits.h"
#include "front/multipart.h"
#include "front/refusal.h"
#include "front/reply.h"

namespace posada::front {

namespace asio = boost::asio;
using Descriptor = asio::posix::stream_descriptor;

namespace {

// The body's bytes and no more: what follows would be the next request's.
class BodyInput {
 public:
  BodyInput(Call& call, std::uint64_t length) : call_(call), left_(length) {}

  std::string_view view() const {
    std::string_view input = call_.stream.input();
    return input.substr(0, static_cast<std::size_t>(std::min<std::uint64_t>(left_, input.size())));
  }
  void consume(std::size_t count) {
    call_.stream.consume(count);
    left_ -= count;
  }
  bool complete() const { return view().size() == left_; }
  // Waits for more. Throws ClientGone when the client is cut off.
  sys::Async<void> more() {
    if (!co_await call_.stream.fill(transfer_bytes)) throw ClientGone();
  }
  std::uint64_t left() const { return left_; }

 private:
  Call& call_;
  std::uint64_t left_;
};

// Our end of the pair. Writing waits for the reader; false says that the reader has gone.
class ChunkWriter {
 public:
  ChunkWriter(sys::Executor executor, sys::Fd socket)
      : socket_(std::move(executor), socket.release()) {
    socket_.native_non_blocking(true);
  }

  sys::Async<bool> write(std::string_view data) {
    const auto size = static_cast<std::uint32_t>(data.size());
    std::array<char, 4> head{};
    for (std::size_t i = 0; i < 4; ++i) head[i] = static_cast<char>((size >> (8 * i)) & 0xff);
    std::string_view length(head.data(), head.size());
    while (!length.empty() || !data.empty()) {
      std::array<iovec, 2> parts{{{const_cast<char*>(length.data()), length.size()},
                                  {const_cast<char*>(data.data()), data.size()}}};
      msghdr message{};
      message.msg_iov = parts.data();
      message.msg_iovlen = parts.size();
      ssize_t count = ::sendmsg(socket_.native_handle(), &message, MSG_NOSIGNAL | MSG_DONTWAIT);
      if (count < 0 && errno == EINTR) continue;
      if (count < 0 && errno != EAGAIN) co_return false;
      if (count < 0) {
        auto [error] = co_await socket_.async_wait(Descriptor::wait_write,
                                                   asio::as_tuple(asio::use_awaitable));
        if (error) co_return false;
        continue;
      }
      auto sent = static_cast<std::size_t>(count);
      std::size_t of_length = std::min(sent, length.size());
      length.remove_prefix(of_length);
      data.remove_prefix(sent - of_length);
    }
    co_return true;
  }

  // Wakes a writer that waits for its reader.
  void close() { ::shutdown(socket_.native_handle(), SHUT_RDWR); }

 private:
  Descriptor socket_;
};

sys::Async<void> expect_continue(Call& call) {
  if (call.head.expects_continue) co_await call.stream.write("HTTP/1.1 100 Continue\r\n\r\n");
}

sys::Async<MultipartReader> read_fields(BodyInput& input, std::string_view boundary) {
  MultipartReader reader(boundary);
  for (;;) {
    std::size_t taken = 0;
    std::string_view data;
    MultipartReader::Next next = reader.read(input.view(), taken, data);
    input.consume(taken);
    if (next == MultipartReader::Next::file) co_return reader;
    if (input.complete()) {
      throw Refusal(500, "upload failed: the body ends before the file").closing();
    }
    co_await input.more();
  }
}

enum class Relayed { whole, refused, reader_gone };

// Moves the file's bytes until its end, a refusal, or the reader's end. An early success waits: its
// client reads it only after it has sent everything.
sys::Async<Relayed> relay_file(Call& call, BodyInput& input, MultipartReader& reader,
                               ChunkWriter& writer, const Exchange& exchange) {
  for (;;) {
    std::size_t taken = 0;
    std::string_view data;
    MultipartReader::Next next = reader.read(input.view(), taken, data);
    if (!data.empty() && !co_await writer.write(data)) co_return Relayed::reader_gone;
    call.sent_bytes += data.size();
    input.consume(taken);
    if (next == MultipartReader::Next::end) break;
    if (exchange.failed()) co_return Relayed::refused;
    if (next == MultipartReader::Next::data) continue;
    if (input.complete()) {
      throw Refusal(500, "upload failed: the body ends inside the file").closing();
    }
    co_await input.more();
  }
  co_return co_await writer.write({}) ? Relayed::whole : Relayed::reader_gone;
}

// What is after the closing delimiter belongs to the body and says nothing.
sys::Async<void> skip_rest(Call& call, BodyInput& input) {
  if (input.left() > input.view().size() + max_body_bytes) {
    call.keep_alive = false;
    co_return;
  }
  while (input.left() > 0) {
    input.consume(input.view().size());
    if (input.left() > 0) co_await input.more();
  }
}

}  // namespace

sys::Async<void> serve_upload(Call& call, const ApiAddress& address, const std::string& query) {
  RequestFrame frame = question(call, address);
  std::string boundary = multipart_boundary(call.head.field("content-type"));
  if (!call.head.content_length) {
    throw Refusal(501, "upload without content length header not supported").closing();
  }
  co_await expect_continue(call);
  BodyInput input(call, *call.head.content_length);
  MultipartReader reader = co_await read_fields(input, boundary);
  frame.parameters = reader.take_fields();
  override_with(frame.parameters, decode_form(query));
  frame.parameters["filename"] = reader.file_name();
  frame.has_upload = true;

  auto [ours, theirs] = sys::socket_pair();
  ChunkWriter writer(call.services.executor, std::move(ours));
  auto exchange = co_await call.services.daemon.ask(std::move(frame), std::move(theirs));
  struct Abandon {
    ~Abandon() {
      exchange->on_failure(nullptr);
      daemon.abandon(exchange);  // does nothing once there is an answer
    }
    DaemonLink& daemon;
    std::shared_ptr<Exchange> exchange;
  } abandon{call.services.daemon, exchange};

  // A refusal while the other end does not read must not wait for it.
  exchange->on_failure([&writer] { writer.close(); });
  Relayed relayed = co_await relay_file(call, input, reader, writer, *exchange);
  exchange->on_failure(nullptr);
  Answer answer = co_await wait_answer(call, exchange);
  call.keep_alive = call.keep_alive && relayed == Relayed::whole;
  if (relayed == Relayed::whole) co_await skip_rest(call, input);
  co_await send_answer(call, address.format, std::move(answer));
}

}  // namespace posada::front
