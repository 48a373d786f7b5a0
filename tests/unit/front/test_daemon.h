// A small daemon for the front's tests: real frames over a real channel, answers made by the test.
#pragma once

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include <boost/asio/io_context.hpp>

#include "base/frames.h"
#include "sys/channel.h"

namespace posada::front {

struct Question {
  RequestFrame frame;
  std::vector<sys::Fd> descriptors;
};

class TestDaemon {
 public:
  // Called on the daemon's own thread, for each request. It answers now or later, with `answer`.
  using Handler = std::function<void(TestDaemon&, Question)>;

  TestDaemon(std::string socket_path, Handler handler);
  // Ends as a crash would: every connection is closed, nothing more is answered.
  ~TestDaemon();

  // From any thread.
  void answer(ResponseFrame frame, sys::Fd descriptor = {});
  // Bytes that are no frame, to see what the front makes of them.
  void send_raw(FrameKind kind, std::string bytes);
  bool wait_cancelled(std::uint64_t id);
  bool wait_connected();

 private:
  sys::Async<void> accept(std::shared_ptr<sys::ChannelListener> listener);
  sys::Async<void> serve(std::shared_ptr<sys::Channel> channel);
  void post(std::function<void()> work);

  Handler handler_;
  boost::asio::io_context context_;
  std::shared_ptr<sys::ChannelListener> listener_;
  std::shared_ptr<sys::Channel> channel_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::set<std::uint64_t> cancelled_;
  bool connected_ = false;
  std::thread thread_;
};

// {"data":DATA}
ResponseFrame json_answer(std::uint64_t id, const std::string& data);
void answer_one(TestDaemon& daemon, Question question);  // {"data":1}
ResponseFrame json_error(std::uint64_t id, int status, const std::string& reason);

}  // namespace posada::front
