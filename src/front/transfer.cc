#include "front/transfer.h"

#include <array>
#include <charconv>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <unistd.h>

#include "front/limits.h"

namespace posada::front {

namespace asio = boost::asio;

namespace {

constexpr std::size_t file_piece_bytes = 256 * 1024;

std::string chunk_head(std::size_t size) {
  std::array<char, 20> digits{};
  auto [end, error] = std::to_chars(digits.data(), digits.data() + digits.size(), size, 16);
  return std::string(digits.data(), end) + "\r\n";
}

std::string read_piece(int file, std::size_t size) {
  std::string bytes(size, '\0');
  ssize_t count = ::read(file, bytes.data(), bytes.size());
  if (count < 0) sys::throw_errno("reading a file");
  bytes.resize(static_cast<std::size_t>(count));
  return bytes;
}

}  // namespace

sys::Async<void> send_file(Call& call, Reply reply, sys::Fd file, std::uint64_t length) {
  call.status = reply.status;
  co_await call.stream.write(head_text(call, reply, {length, false, Encoding::identity}));
  if (call.head.method == "HEAD") co_return;
  auto shared = std::make_shared<sys::Fd>(std::move(file));
  while (length > 0) {
    const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(length, file_piece_bytes));
    std::string piece = co_await call.services.file_pool.run(
        [shared, size] { return read_piece(shared->get(), size); });
    if (piece.empty()) throw ClientGone();  // nothing else tells the client that it is cut
    co_await call.stream.write(piece);
    length -= piece.size();
    call.sent_bytes += piece.size();
  }
}

sys::Async<void> send_stream(Call& call, Reply reply, sys::Fd source) {
  call.status = reply.status;
  const bool chunked = !call.head.http_1_0;
  if (!chunked) call.keep_alive = false;
  co_await call.stream.write(head_text(call, reply, {std::nullopt, chunked, Encoding::identity}));
  if (call.head.method == "HEAD") co_return;
  auto stream =
      std::make_shared<asio::posix::stream_descriptor>(call.services.executor, source.release());
  std::string buffer(transfer_bytes, '\0');
  for (;;) {
    auto watch = call.stream.watch([stream] { stream->close(); });
    auto [error, count] =
        co_await stream->async_read_some(asio::buffer(buffer), asio::as_tuple(asio::use_awaitable));
    if (!stream->is_open()) throw ClientGone();
    if (error == asio::error::eof || error == asio::error::connection_reset) break;
    if (error) throw ClientGone();
    call.sent_bytes += count;
    std::string piece = chunked ? chunk_head(count) : std::string();
    piece.append(buffer, 0, count);
    if (chunked) piece += "\r\n";
    co_await call.stream.write(piece);
  }
  if (chunked) co_await call.stream.write("0\r\n\r\n");
}

}  // namespace posada::front
