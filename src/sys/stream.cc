#include "sys/stream.h"

#include <array>
#include <cerrno>
#include <cstring>
#include <deque>

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <fcntl.h>
#include <unistd.h>

namespace posada::sys {

namespace asio = boost::asio;

namespace {

using Descriptor = asio::posix::stream_descriptor;
constexpr std::size_t max_unread_bytes = 16 * 1024 * 1024;
constexpr std::size_t max_descriptors = 8;

struct Outgoing {
  std::string bytes;
  std::size_t sent = 0;
  std::vector<Fd> descriptors;
};

ssize_t send_with_descriptors(int socket, const Outgoing& part) {
  iovec range{const_cast<char*>(part.bytes.data()) + part.sent, part.bytes.size() - part.sent};
  union {
    cmsghdr aligned;
    std::array<char, CMSG_SPACE(max_descriptors * sizeof(int))> bytes;
  } control{};
  msghdr message{};
  message.msg_iov = &range;
  message.msg_iovlen = 1;
  const std::size_t length = part.descriptors.size() * sizeof(int);
  message.msg_control = control.bytes.data();
  message.msg_controllen = CMSG_SPACE(length);
  cmsghdr* head = CMSG_FIRSTHDR(&message);
  head->cmsg_level = SOL_SOCKET;
  head->cmsg_type = SCM_RIGHTS;
  head->cmsg_len = CMSG_LEN(length);
  for (std::size_t i = 0; i < part.descriptors.size(); ++i) {
    const int number = part.descriptors[i].get();
    std::memcpy(CMSG_DATA(head) + i * sizeof(int), &number, sizeof(int));
  }
  return ::sendmsg(socket, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
}

}  // namespace

struct Stream::State : std::enable_shared_from_this<Stream::State> {
  State(const Executor& executor, Fd fd) : descriptor(executor) {
    const int flags = ::fcntl(fd.get(), F_GETFL);
    if (flags < 0 || ::fcntl(fd.get(), F_SETFL, flags | O_NONBLOCK) < 0) {
      throw_errno("making a stream non-blocking");
    }
    struct stat status{};
    is_socket = ::fstat(fd.get(), &status) == 0 && S_ISSOCK(status.st_mode);
    descriptor.assign(fd.release());
  }

  ssize_t send_some(const Outgoing& part) {
    if (!part.descriptors.empty()) return send_with_descriptors(descriptor.native_handle(), part);
    const char* start = part.bytes.data() + part.sent;
    const std::size_t count = part.bytes.size() - part.sent;
    return is_socket ? ::send(descriptor.native_handle(), start, count, MSG_NOSIGNAL | MSG_DONTWAIT)
                     : ::write(descriptor.native_handle(), start, count);
  }

  void flush() {
    while (!ended && !queue.empty()) {
      Outgoing& part = queue.front();
      const ssize_t count = send_some(part);
      if (count < 0 && errno == EINTR) continue;
      if (count < 0 && errno == EAGAIN) return wait_writable();
      if (count < 0) return end();
      part.descriptors.clear();
      part.sent += static_cast<std::size_t>(count);
      unread -= static_cast<std::size_t>(count);
      if (part.sent == part.bytes.size()) queue.pop_front();
    }
  }

  void wait_writable() {
    if (waiting) return;
    waiting = true;
    descriptor.async_wait(Descriptor::wait_write,
                          [self = shared_from_this()](boost::system::error_code error) {
                            self->waiting = false;
                            if (error) return self->end();
                            self->flush();
                          });
  }

  void end() {
    if (ended) return;
    ended = true;
    queue.clear();
    // The number stays taken until the last user has gone, so that nobody reads from another
    // descriptor that got the same number.
    if (is_socket) ::shutdown(descriptor.native_handle(), SHUT_RDWR);
    descriptor.cancel();
  }

  Descriptor descriptor;
  bool is_socket = false;
  bool ended = false;
  bool waiting = false;
  std::deque<Outgoing> queue;
  std::size_t unread = 0;
};

Stream::Stream(Executor executor, Fd descriptor)
    : state_(std::make_shared<State>(executor, std::move(descriptor))) {}
Stream::~Stream() {
  state_->end();
}

Async<std::string> Stream::read(std::size_t limit) {
  const std::shared_ptr<State> state = state_;  // the stream may go while somebody reads
  std::string bytes(limit, '\0');
  while (!state->ended) {
    const ssize_t count = ::read(state->descriptor.native_handle(), bytes.data(), bytes.size());
    if (count > 0) {
      bytes.resize(static_cast<std::size_t>(count));
      co_return bytes;
    }
    // A pty whose other side has gone says EIO.
    if (count == 0 || (errno != EAGAIN && errno != EINTR)) break;
    boost::system::error_code error;
    co_await state->descriptor.async_wait(Descriptor::wait_read,
                                          asio::redirect_error(asio::use_awaitable, error));
  }
  state->end();
  co_return std::string();
}

bool Stream::write(std::string bytes, std::vector<Fd> descriptors) {
  if (state_->ended || bytes.empty()) return !state_->ended;
  state_->unread += bytes.size();
  if (state_->unread > max_unread_bytes || descriptors.size() > max_descriptors) {
    state_->end();
    return false;
  }
  state_->queue.push_back({std::move(bytes), 0, std::move(descriptors)});
  state_->flush();
  return !state_->ended;
}

void Stream::close() {
  state_->end();
}
bool Stream::closed() const {
  return state_->ended;
}

Fd listen_unix(const std::string& path, unsigned mode, int backlog) {
  const std::size_t slash = path.rfind('/');
  const std::string folder_path = slash == std::string::npos ? "." : path.substr(0, slash);
  const std::string name = slash == std::string::npos ? path : path.substr(slash + 1);
  const Fd folder(::open(folder_path.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!folder) throw_errno("opening folder of socket " + path);
  // Through the folder's descriptor, because an address holds at most 107 bytes.
  const std::string address_text = "/proc/self/fd/" + std::to_string(folder.get()) + "/" + name;
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (address_text.size() >= sizeof(address.sun_path))
    throw system_error("socket " + path, ENAMETOOLONG);
  std::memcpy(address.sun_path, address_text.c_str(), address_text.size() + 1);
  if (::unlinkat(folder.get(), name.c_str(), 0) != 0 && errno != ENOENT) {
    throw_errno("replacing socket " + path);
  }
  Fd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!socket) throw_errno("making a socket");
  if (::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) {
    throw_errno("binding socket " + path);
  }
  if (::fchmodat(folder.get(), name.c_str(), mode, 0) != 0) throw_errno("mode of socket " + path);
  if (::listen(socket.get(), backlog) != 0) throw_errno("listening on socket " + path);
  return socket;
}

}  // namespace posada::sys
