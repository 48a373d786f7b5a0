#include "sys/channel.h"

#include <array>
#include <cerrno>
#include <cstring>
#include <deque>

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <fcntl.h>
#include <unistd.h>

#include "base/packed.h"

namespace posada::sys {
namespace {

namespace asio = boost::asio;
using Descriptor = asio::posix::stream_descriptor;

// length u32, kind u8, number of descriptors u8
constexpr std::size_t header_bytes = 6;
constexpr std::size_t max_descriptors = 4;
// What a peer that does not read may leave in our memory before the channel ends.
constexpr std::size_t max_queued_bytes = 64 * 1024 * 1024;
constexpr std::size_t read_bytes = 64 * 1024;
constexpr int frames_at_once = 8;

struct Outgoing {
  std::string bytes;
  std::size_t sent = 0;
  std::vector<Fd> descriptors;
};

std::string framed(FrameKind kind, const std::string& bytes, std::size_t descriptors) {
  std::string text;
  text.reserve(header_bytes + bytes.size());
  for (int i = 0; i < 4; ++i) text.push_back(static_cast<char>((bytes.size() >> (8 * i)) & 0xff));
  text.push_back(static_cast<char>(kind));
  text.push_back(static_cast<char>(descriptors));
  text += bytes;
  return text;
}

union ControlBuffer {
  cmsghdr aligned;
  std::array<char, CMSG_SPACE(max_descriptors * sizeof(int))> bytes;
};

ssize_t send_some(int socket, const Outgoing& frame) {
  iovec part{const_cast<char*>(frame.bytes.data()) + frame.sent, frame.bytes.size() - frame.sent};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  ControlBuffer control{};
  // They ride on the frame's first byte, so the reader has them when it has the header.
  if (frame.sent == 0 && !frame.descriptors.empty()) {
    std::size_t length = frame.descriptors.size() * sizeof(int);
    message.msg_control = control.bytes.data();
    message.msg_controllen = CMSG_SPACE(length);
    cmsghdr* head = CMSG_FIRSTHDR(&message);
    head->cmsg_level = SOL_SOCKET;
    head->cmsg_type = SCM_RIGHTS;
    head->cmsg_len = CMSG_LEN(length);
    std::vector<int> numbers;
    for (const Fd& descriptor : frame.descriptors) numbers.push_back(descriptor.get());
    std::memcpy(CMSG_DATA(head), numbers.data(), length);
  }
  return ::sendmsg(socket, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
}

// Binding and connecting take at most 107 bytes of path; a longer one is reached through the
// descriptor of its folder.
class SocketAddress {
 public:
  explicit SocketAddress(const std::string& path) {
    std::string name = path;
    if (path.size() >= sizeof(address_.sun_path)) {
      std::size_t slash = path.rfind('/');
      if (slash == std::string::npos) throw system_error("socket " + path, ENAMETOOLONG);
      folder_ = Fd(::open(path.substr(0, slash).c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
      if (!folder_) throw_errno("opening folder of socket " + path);
      name = "/proc/self/fd/" + std::to_string(folder_.get()) + path.substr(slash);
      if (name.size() >= sizeof(address_.sun_path)) {
        throw system_error("socket " + path, ENAMETOOLONG);
      }
    }
    address_.sun_family = AF_UNIX;
    std::memcpy(address_.sun_path, name.c_str(), name.size() + 1);
  }
  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&address_); }
  const char* path() const { return address_.sun_path; }
  static constexpr socklen_t size() { return sizeof(sockaddr_un); }

 private:
  Fd folder_;
  sockaddr_un address_{};
};

Fd unix_socket() {
  Fd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!socket) throw_errno("making a Unix socket");
  return socket;
}

void set_nonblocking(int socket) {
  int flags = ::fcntl(socket, F_GETFL);
  if (flags < 0 || ::fcntl(socket, F_SETFL, flags | O_NONBLOCK) < 0) {
    throw_errno("making a socket non-blocking");
  }
}

}  // namespace

struct Channel::State : std::enable_shared_from_this<Channel::State> {
  State(Executor executor, Fd socket) : descriptor(executor) {
    set_nonblocking(socket.get());
    descriptor.assign(socket.release());
  }

  void end() {
    if (closed) return;
    closed = true;
    queue.clear();
    queued = 0;
    arrived.clear();
    // Wakes the reader and the writer. The number stays taken until the last user of the state
    // has gone, so nobody can read from a newer descriptor of the same number.
    ::shutdown(descriptor.native_handle(), SHUT_RDWR);
    descriptor.cancel();
  }

  // Sends until the queue is empty or the socket is full; then the loop calls again.
  void flush() {
    while (!closed && !queue.empty()) {
      Outgoing& frame = queue.front();
      ssize_t count = send_some(descriptor.native_handle(), frame);
      if (count < 0 && errno == EINTR) continue;
      if (count < 0 && errno == EAGAIN) return wait_writable();
      if (count < 0) return end();
      frame.sent += static_cast<std::size_t>(count);
      queued -= static_cast<std::size_t>(count);
      frame.descriptors.clear();
      if (frame.sent == frame.bytes.size()) queue.pop_front();
    }
  }

  void wait_writable() {
    if (writing) return;
    writing = true;
    descriptor.async_wait(Descriptor::wait_write,
                          [self = shared_from_this()](boost::system::error_code error) {
                            self->writing = false;
                            if (error) return self->end();
                            self->flush();
                          });
  }

  // Reads once into the buffer. False at the end of the stream.
  enum class Read { some, none_yet, end };
  Read read_some() {
    std::size_t before = buffer.size();
    buffer.resize(before + read_bytes);
    iovec part{buffer.data() + before, read_bytes};
    ControlBuffer control{};
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = control.bytes.data();
    message.msg_controllen = control.bytes.size();
    ssize_t count =
        ::recvmsg(descriptor.native_handle(), &message, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
    int number = errno;
    buffer.resize(before + static_cast<std::size_t>(std::max<ssize_t>(count, 0)));
    if (count < 0 && (number == EAGAIN || number == EINTR)) return Read::none_yet;
    if (count < 0 && number == ECONNRESET) return Read::end;
    if (count < 0) throw system_error("reading frames", number);
    keep_descriptors(message);
    return count == 0 ? Read::end : Read::some;
  }

  void keep_descriptors(msghdr& message) {
    for (cmsghdr* head = CMSG_FIRSTHDR(&message); head; head = CMSG_NXTHDR(&message, head)) {
      if (head->cmsg_level != SOL_SOCKET || head->cmsg_type != SCM_RIGHTS) continue;
      std::size_t count = (head->cmsg_len - CMSG_LEN(0)) / sizeof(int);
      for (std::size_t i = 0; i < count; ++i) {
        int number = -1;
        std::memcpy(&number, CMSG_DATA(head) + i * sizeof(int), sizeof(int));
        arrived.emplace_back(number);
      }
    }
    if (message.msg_flags & MSG_CTRUNC) throw malformed_frame("too many descriptors");
  }

  // Takes the next whole frame out of the buffer, if it is there.
  std::optional<Received> next_frame() {
    std::string_view rest = std::string_view(buffer).substr(consumed);
    if (rest.size() < header_bytes) return std::nullopt;
    Unpacker header(rest.substr(0, header_bytes));
    std::size_t length = header.u32();
    std::uint8_t kind = header.u8();
    std::size_t descriptors = header.u8();
    if (length > max_frame_bytes) throw malformed_frame("it is too large");
    if (kind < 1 || kind > static_cast<std::uint8_t>(FrameKind::cancel)) {
      throw malformed_frame("unknown kind");
    }
    if (descriptors > max_descriptors) throw malformed_frame("too many descriptors");
    if (rest.size() < header_bytes + length) return std::nullopt;
    if (descriptors > arrived.size()) throw malformed_frame("a descriptor is missing");
    Received received{
        static_cast<FrameKind>(kind), std::string(rest.substr(header_bytes, length)), {}};
    for (std::size_t i = 0; i < descriptors; ++i) {
      received.descriptors.push_back(std::move(arrived.front()));
      arrived.pop_front();
    }
    consumed += header_bytes + length;
    if (consumed == buffer.size()) {
      buffer.clear();
      consumed = 0;
    }
    return received;
  }

  void forget_consumed() {
    buffer.erase(0, consumed);
    consumed = 0;
  }

  Descriptor descriptor;
  bool closed = false;
  bool writing = false;
  std::deque<Outgoing> queue;
  std::size_t queued = 0;
  int taken_at_once = 0;  // frames, since the reader last waited
  std::string buffer;
  std::size_t consumed = 0;
  std::deque<Fd> arrived;
};

Channel::Channel(Executor executor, Fd socket)
    : state_(std::make_shared<State>(std::move(executor), std::move(socket))) {}

Channel::~Channel() {
  close();
}

Async<std::optional<Received>> Channel::receive() {
  std::shared_ptr<State> state = state_;
  try {
    while (!state->closed) {
      if (auto frame = state->next_frame()) {
        // A peer that always has another one ready must not keep all else from its turn.
        if (++state->taken_at_once >= frames_at_once) {
          state->taken_at_once = 0;
          co_await yield_to_loop();
        }
        co_return frame;
      }
      state->forget_consumed();
      State::Read read = state->read_some();
      if (read == State::Read::end) {
        if (!state->buffer.empty()) throw malformed_frame("the peer closed inside it");
        break;
      }
      if (read == State::Read::some) continue;
      state->taken_at_once = 0;
      auto [error] = co_await state->descriptor.async_wait(Descriptor::wait_read,
                                                           asio::as_tuple(asio::use_awaitable));
      if (error && !state->closed) throw Cancelled{"the channel's reader was stopped"};
    }
  } catch (const Error&) {
    state->end();
    throw;
  }
  state->end();
  co_return std::nullopt;
}

Async<void> Channel::send(FrameKind kind, std::string bytes, std::vector<Fd> descriptors) {
  std::shared_ptr<State> state = state_;
  if (state->closed) throw Error::failed("channel.closed", "the other process has gone");
  if (bytes.size() > max_frame_bytes || descriptors.size() > max_descriptors) {
    throw Error::failed("frame.too_large", "a frame of " + std::to_string(bytes.size()) +
                                               " bytes does not fit the channel");
  }
  if (state->queued + bytes.size() > max_queued_bytes) {
    state->end();
    throw Error::failed("channel.stalled", "the other process does not read");
  }
  std::string text = framed(kind, bytes, descriptors.size());
  state->queued += text.size();
  state->queue.push_back({std::move(text), 0, std::move(descriptors)});
  if (!state->writing) state->flush();
  co_return;
}

void Channel::close() {
  state_->end();
}

PeerCredentials Channel::peer() const {
  ucred credentials{};
  socklen_t length = sizeof(credentials);
  if (::getsockopt(state_->descriptor.native_handle(), SOL_SOCKET, SO_PEERCRED, &credentials,
                   &length) < 0) {
    throw_errno("asking who is at the other end of a socket");
  }
  return {credentials.pid, credentials.uid, credentials.gid};
}

struct ChannelListener::State {
  State(Executor executor, Fd listening) : descriptor(executor, listening.release()) {
    descriptor.native_non_blocking(true);
  }
  State(Executor executor, const std::string& socket_path, unsigned mode) : descriptor(executor) {
    SocketAddress address(socket_path);
    Fd socket = unix_socket();
    remove_stale(address.path(), socket_path);
    if (::bind(socket.get(), address.get(), SocketAddress::size()) < 0) {
      throw_errno("binding socket " + socket_path);
    }
    // Nobody can connect before listen.
    if (::chmod(address.path(), mode) < 0) throw_errno("setting the mode of " + socket_path);
    if (::listen(socket.get(), SOMAXCONN) < 0) throw_errno("listening on " + socket_path);
    descriptor.assign(socket.release());
  }

  static void remove_stale(const char* reachable, const std::string& socket_path) {
    struct stat status{};
    if (::lstat(reachable, &status) < 0) {
      if (errno == ENOENT) return;
      throw_errno("looking at " + socket_path);
    }
    if (!S_ISSOCK(status.st_mode)) throw system_error("socket " + socket_path, EEXIST);
    if (::unlink(reachable) < 0) throw_errno("removing the old socket " + socket_path);
  }

  Descriptor descriptor;
  bool closed = false;
};

ChannelListener::ChannelListener(Executor executor, const std::string& path, unsigned mode)
    : state_(std::make_shared<State>(std::move(executor), path, mode)) {}

ChannelListener::ChannelListener(Executor executor, Fd listening)
    : state_(std::make_shared<State>(std::move(executor), std::move(listening))) {}

ChannelListener::~ChannelListener() {
  close();
}

Async<Fd> ChannelListener::accept() {
  std::shared_ptr<State> state = state_;
  while (!state->closed) {
    Fd socket(::accept4(state->descriptor.native_handle(), nullptr, nullptr,
                        SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (socket) co_return socket;
    if (errno == EINTR || errno == ECONNABORTED) continue;
    if (errno != EAGAIN) throw_errno("accepting a connection");
    auto [error] = co_await state->descriptor.async_wait(Descriptor::wait_read,
                                                         asio::as_tuple(asio::use_awaitable));
    if (error) break;
  }
  throw Cancelled{"the listener was closed"};
}

void ChannelListener::close() {
  if (std::exchange(state_->closed, true)) return;
  ::shutdown(state_->descriptor.native_handle(), SHUT_RDWR);
  state_->descriptor.cancel();
}

Async<Fd> connect_unix(Executor executor, std::string path) {
  SocketAddress address(path);
  Fd socket = unix_socket();
  // A Unix socket connects at once or, when the listener's queue is full, says EAGAIN.
  while (::connect(socket.get(), address.get(), SocketAddress::size()) < 0) {
    if (errno != EINTR) throw_errno("connecting to " + path);
  }
  (void)executor;
  co_return socket;
}

std::pair<Fd, Fd> socket_pair() {
  std::array<int, 2> numbers{};
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, numbers.data()) < 0) {
    throw_errno("making a pair of sockets");
  }
  return {Fd(numbers[0]), Fd(numbers[1])};
}

}  // namespace posada::sys
