#include "front/stream.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <optional>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <unistd.h>

namespace posada::front {

namespace asio = boost::asio;
using Descriptor = asio::posix::stream_descriptor;

namespace {
constexpr std::size_t record_bytes = 16 * 1024;
constexpr std::size_t max_watched_bytes = 64 * 1024;
constexpr unsigned char tls_handshake = 0x16;
}  // namespace

void Stream::FreeTls::operator()(ssl_st* tls) const {
  SSL_free(tls);
}

// Marks the stream as waiting for its client, which `sweep` limits.
struct Stream::Waiting {
  explicit Waiting(Stream& stream) : stream(stream) { ++stream.waiting_; }
  ~Waiting() { --stream.waiting_; }
  Waiting(const Waiting&) = delete;
  Waiting& operator=(const Waiting&) = delete;
  Stream& stream;
};

Stream::Stream(sys::Executor executor, sys::Fd socket)
    : socket_(std::move(executor), socket.release()), self_(std::make_shared<Stream*>(this)) {}

Stream::~Stream() {
  *self_ = nullptr;
}

sys::Async<void> Stream::open(const TlsContext& tls) {
  unsigned char first = 0;
  for (;;) {
    ssize_t count = ::recv(socket_.native_handle(), &first, 1, MSG_PEEK | MSG_DONTWAIT);
    if (count == 1) break;
    if (count == 0 || (errno != EAGAIN && errno != EINTR)) throw ClientGone();
    co_await wait_readable();
  }
  if (first != tls_handshake) co_return;
  tls_.reset(tls.new_session());
  SSL_set_fd(tls_.get(), socket_.native_handle());
  SSL_set_accept_state(tls_.get());
  for (;;) {
    ERR_clear_error();
    int result = SSL_do_handshake(tls_.get());
    if (result == 1) co_return;
    Outcome outcome = tls_outcome(result);
    if (outcome == Outcome::failed || outcome == Outcome::end) throw ClientGone();
    co_await wait_for(outcome);
  }
}

void Stream::consume(std::size_t count) {
  taken_ += count;
  if (taken_ == input_.size()) {
    input_.clear();
    taken_ = 0;
  }
}

Stream::Outcome Stream::tls_outcome(int result) const {
  switch (SSL_get_error(tls_.get(), result)) {
    case SSL_ERROR_WANT_READ:
      return Outcome::want_read;
    case SSL_ERROR_WANT_WRITE:
      return Outcome::want_write;
    case SSL_ERROR_ZERO_RETURN:
      return Outcome::end;
    default:
      return Outcome::failed;
  }
}

Stream::Outcome Stream::try_read(char* data, std::size_t size, std::size_t& count) {
  count = 0;
  if (closed_) return Outcome::failed;
  if (tls_) {
    ERR_clear_error();
    int result = SSL_read_ex(tls_.get(), data, size, &count);
    if (result != 1) return tls_outcome(result);
  } else {
    ssize_t result = ::recv(socket_.native_handle(), data, size, MSG_DONTWAIT);
    if (result == 0) return Outcome::end;
    if (result < 0) {
      return errno == EAGAIN || errno == EINTR ? Outcome::want_read : Outcome::failed;
    }
    count = static_cast<std::size_t>(result);
  }
  ++progress_;
  return Outcome::done;
}

Stream::Outcome Stream::try_write(std::string_view bytes, std::size_t& count) {
  count = 0;
  if (closed_) return Outcome::failed;
  if (tls_) {
    ERR_clear_error();
    int result = SSL_write_ex(tls_.get(), bytes.data(), bytes.size(), &count);
    if (result != 1) return tls_outcome(result);
  } else {
    ssize_t result =
        ::send(socket_.native_handle(), bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    if (result < 0) {
      return errno == EAGAIN || errno == EINTR ? Outcome::want_write : Outcome::failed;
    }
    count = static_cast<std::size_t>(result);
  }
  ++progress_;
  return Outcome::done;
}

Stream::Outcome Stream::read_into_input(std::size_t most) {
  if (taken_ > 0) {
    input_.erase(0, taken_);
    taken_ = 0;
  }
  std::size_t before = input_.size();
  std::size_t filled = before;
  Outcome outcome = Outcome::done;
  // A full record says that another may be there; a short one that asking would be in vain.
  for (std::size_t last = record_bytes; last == record_bytes && filled - before < most;) {
    input_.resize(filled + record_bytes);
    outcome = try_read(input_.data() + filled, record_bytes, last);
    filled += last;
  }
  input_.resize(filled);
  if (outcome == Outcome::end) input_ended_ = true;
  return filled > before ? Outcome::done : outcome;
}

sys::Async<bool> Stream::fill(std::size_t most) {
  for (;;) {
    if (input_ended_) co_return false;
    Outcome outcome = read_into_input(most);
    if (outcome == Outcome::done) co_return true;
    if (outcome == Outcome::end) co_return false;
    if (outcome == Outcome::failed) throw ClientGone();
    co_await wait_for(outcome);
  }
}

namespace {

// While it lives, the kernel sends full segments only: the records of a long answer do not travel
// one by one.
class Corked {
 public:
  explicit Corked(int socket) : socket_(socket) { set(1); }
  ~Corked() { set(0); }
  Corked(const Corked&) = delete;
  Corked& operator=(const Corked&) = delete;

 private:
  // A socket that is closed, or is none of TCP, sends as it would anyway.
  void set(int value) { ::setsockopt(socket_, IPPROTO_TCP, TCP_CORK, &value, sizeof value); }
  int socket_;
};

}  // namespace

sys::Async<void> Stream::write(std::string_view bytes) {
  std::optional<Corked> corked;
  if (bytes.size() > 2 * record_bytes) corked.emplace(socket_.native_handle());
  while (!bytes.empty()) {
    std::size_t count = 0;
    Outcome outcome = try_write(bytes, count);
    bytes.remove_prefix(count);
    if (outcome == Outcome::done) continue;
    if (outcome == Outcome::failed || outcome == Outcome::end) throw ClientGone();
    co_await wait_for(outcome);
  }
}

sys::Async<void> Stream::wait_for(Outcome wanted) {
  if (wanted == Outcome::want_write) return wait_writable();
  return wait_readable();
}

sys::Async<void> Stream::wait_readable() {
  if (closed_) throw ClientGone();
  Waiting waiting(*this);
  auto [error] =
      co_await socket_.async_wait(Descriptor::wait_read, asio::as_tuple(asio::use_awaitable));
  if (error || closed_) throw ClientGone();
}

sys::Async<void> Stream::wait_writable() {
  if (closed_) throw ClientGone();
  Waiting waiting(*this);
  auto [error] =
      co_await socket_.async_wait(Descriptor::wait_write, asio::as_tuple(asio::use_awaitable));
  if (error || closed_) throw ClientGone();
}

Stream::Watch Stream::watch(std::function<void()> gone) {
  gone_ = std::move(gone);
  on_watched();
  return Watch(*this);
}

// The wait stays armed when the watch ends: it is cheaper to let it find nobody than to cancel it
// for each request.
void Stream::arm_watch() {
  if (watch_armed_) return;
  watch_armed_ = true;
  socket_.async_wait(Descriptor::wait_read, [self = self_](boost::system::error_code) {
    if (!*self) return;
    (*self)->watch_armed_ = false;
    if ((*self)->gone_) (*self)->on_watched();
  });
}

void Stream::on_watched() {
  Outcome outcome = Outcome::want_read;
  while (!closed_ && !input_ended_ && input().size() < max_watched_bytes) {
    outcome = read_into_input(record_bytes);
    if (outcome != Outcome::done) break;
  }
  if (closed_ || input_ended_ || outcome == Outcome::failed) {
    if (auto gone = std::exchange(gone_, nullptr)) gone();
    return;
  }
  // A client that sends on while it waits is read again when its turn comes.
  if (outcome == Outcome::want_read || outcome == Outcome::want_write) arm_watch();
}

sys::Async<void> Stream::finish() {
  if (closed_) co_return;
  if (tls_) {
    ERR_clear_error();
    SSL_shutdown(tls_.get());
  }
  ::shutdown(socket_.native_handle(), SHUT_WR);
  std::array<char, 4096> nothing{};
  while (!closed_) {
    ssize_t count = ::recv(socket_.native_handle(), nothing.data(), nothing.size(), MSG_DONTWAIT);
    if (count == 0 || (count < 0 && errno != EAGAIN && errno != EINTR)) break;
    if (count < 0) co_await wait_readable();
  }
  close();
}

void Stream::close() {
  if (std::exchange(closed_, true)) return;
  boost::system::error_code ignored;  // the client may have reset it already
  socket_.cancel(ignored);
  ::shutdown(socket_.native_handle(), SHUT_RDWR);
  if (auto gone = std::exchange(gone_, nullptr)) gone();
}

void Stream::sweep(sys::BootTime now) {
  if (waiting_ == 0 || progress_ != seen_progress_ || last_progress_ == sys::BootTime{0}) {
    seen_progress_ = progress_;
    last_progress_ = now;
  }
  bool late = deadline_ != sys::BootTime{0} && now > deadline_;
  if (late || now - last_progress_ > idle_time) {
    timed_out_ = true;
    close();
  }
}

}  // namespace posada::front
