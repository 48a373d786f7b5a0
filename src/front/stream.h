// A client's connection: TLS (or, for the redirect, plain TCP) with the bytes that have arrived and
// nobody has taken yet. One reader and one writer at a time; both may wait at once.
//
// Owned by its session. Everything that waits here ends with ClientGone when the connection
// breaks, when `close` is called or when the sweeper finds a limit passed.
#pragma once

#include <exception>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include <boost/asio/posix/stream_descriptor.hpp>

#include "front/limits.h"
#include "front/tls.h"
#include "sys/async.h"
#include "sys/clock.h"
#include "sys/fd.h"

namespace posada::front {

class ClientGone : public std::exception {
 public:
  const char* what() const noexcept override { return "the client has gone"; }
};

class Stream {
 public:
  Stream(sys::Executor executor, sys::Fd socket);
  ~Stream();
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;

  // Looks at the first byte and shakes hands when it begins TLS.
  sys::Async<void> open(const TlsContext& tls);
  bool encrypted() const { return tls_ != nullptr; }

  std::string_view input() const { return std::string_view(input_).substr(taken_); }
  void consume(std::size_t count);
  // Waits until there is more input. False when the client has closed its side.
  sys::Async<bool> fill(std::size_t most = 16 * 1024);
  sys::Async<void> write(std::string_view bytes);

  class Watch {
   public:
    explicit Watch(Stream& stream) : stream_(stream) {}
    Watch(const Watch&) = delete;
    Watch& operator=(const Watch&) = delete;
    ~Watch() { stream_.gone_ = nullptr; }

   private:
    Stream& stream_;
  };
  // While nobody reads: keeps what arrives (a bounded amount) and calls `gone` when the client
  // closes, which may be at once. Ends with the object.
  [[nodiscard]] Watch watch(std::function<void()> gone);

  // Says goodbye and reads on for a moment, so that the last answer is not lost in a reset.
  sys::Async<void> finish();
  void close();
  bool closed() const { return closed_; }

  // Limits, checked by `sweep` twice a second. The first is absolute; zero: none.
  void set_deadline(sys::BootTime deadline) { deadline_ = deadline; }
  // Closes the connection when it is past its deadline or has waited for its client too long.
  void sweep(sys::BootTime now);
  bool timed_out() const { return timed_out_; }

 private:
  enum class Outcome { done, end, want_read, want_write, failed };
  Outcome try_read(char* data, std::size_t size, std::size_t& count);
  Outcome try_write(std::string_view bytes, std::size_t& count);
  Outcome tls_outcome(int result) const;
  Outcome read_into_input(std::size_t most);
  sys::Async<void> wait_readable();
  sys::Async<void> wait_writable();
  sys::Async<void> wait_for(Outcome wanted);
  void arm_watch();
  void on_watched();

  struct FreeTls {
    void operator()(ssl_st* tls) const;
  };
  struct Waiting;

  boost::asio::posix::stream_descriptor socket_;
  std::unique_ptr<ssl_st, FreeTls> tls_;
  std::string input_;
  std::size_t taken_ = 0;
  bool input_ended_ = false;
  bool closed_ = false;
  bool timed_out_ = false;
  std::function<void()> gone_;
  // The watcher's wait may outlive the stream; it then finds this empty.
  std::shared_ptr<Stream*> self_;
  bool watch_armed_ = false;

  sys::BootTime deadline_{0};
  int waiting_ = 0;
  std::uint64_t progress_ = 0;
  std::uint64_t seen_progress_ = 0;
  sys::BootTime last_progress_{0};
};

}  // namespace posada::front
