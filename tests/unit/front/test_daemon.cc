#include "unit/front/test_daemon.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>

namespace posada::front {

namespace asio = boost::asio;

namespace {

constexpr std::chrono::seconds patience{20};

// The test's end of a coroutine: a channel that broke is what some tests are about.
void ignore_end(std::exception_ptr) {}

}  // namespace

TestDaemon::TestDaemon(std::string socket_path, Handler handler)
    : handler_(std::move(handler)),
      listener_(std::make_shared<sys::ChannelListener>(context_.get_executor(), socket_path, 0666)),
      thread_([this] {
        auto work = asio::make_work_guard(context_);
        context_.run();
      }) {
  post([this] { asio::co_spawn(context_, accept(listener_), ignore_end); });
}

TestDaemon::~TestDaemon() {
  post([this] {
    listener_->close();
    if (channel_) channel_->close();
    context_.stop();
  });
  thread_.join();
  channel_.reset();
}

void TestDaemon::post(std::function<void()> work) {
  asio::post(context_, std::move(work));
}

sys::Async<void> TestDaemon::accept(std::shared_ptr<sys::ChannelListener> listener) {
  for (;;) {
    sys::Fd socket = co_await listener->accept();
    channel_ = std::make_shared<sys::Channel>(context_.get_executor(), std::move(socket));
    asio::co_spawn(context_, serve(channel_), ignore_end);
  }
}

sys::Async<void> TestDaemon::serve(std::shared_ptr<sys::Channel> channel) {
  co_await channel->send(FrameKind::hello, pack(Hello{frame_protocol, "daemon", "test"}));
  {
    std::lock_guard lock(mutex_);
    connected_ = true;
  }
  changed_.notify_all();
  while (std::optional<sys::Received> received = co_await channel->receive()) {
    if (received->kind == FrameKind::request) {
      handler_(*this, {unpack_request(received->bytes), std::move(received->descriptors)});
    } else if (received->kind == FrameKind::cancel) {
      std::lock_guard lock(mutex_);
      cancelled_.insert(unpack_cancel(received->bytes).id);
    }
    changed_.notify_all();
  }
}

void TestDaemon::answer(ResponseFrame frame, sys::Fd descriptor) {
  auto shared = std::make_shared<sys::Fd>(std::move(descriptor));
  post([this, frame = std::move(frame), shared] {
    std::vector<sys::Fd> descriptors;
    if (*shared) descriptors.push_back(std::move(*shared));
    asio::co_spawn(context_,
                   channel_->send(FrameKind::response, pack(frame), std::move(descriptors)),
                   ignore_end);
  });
}

void TestDaemon::send_raw(FrameKind kind, std::string bytes) {
  post([this, kind, bytes = std::move(bytes)] {
    asio::co_spawn(context_, channel_->send(kind, bytes), ignore_end);
  });
}

bool TestDaemon::wait_cancelled(std::uint64_t id) {
  std::unique_lock lock(mutex_);
  return changed_.wait_for(lock, patience, [&] { return cancelled_.count(id) > 0; });
}

bool TestDaemon::wait_connected() {
  std::unique_lock lock(mutex_);
  return changed_.wait_for(lock, patience, [&] { return connected_; });
}

ResponseFrame json_answer(std::uint64_t id, const std::string& data) {
  ResponseFrame frame;
  frame.id = id;
  frame.content_type = "application/json;charset=UTF-8";
  frame.body = BodyKind::inline_bytes;
  frame.bytes = "{\"data\":" + data + "}";
  return frame;
}

void answer_one(TestDaemon& daemon, Question question) {
  daemon.answer(json_answer(question.frame.id, "1"));
}

ResponseFrame json_error(std::uint64_t id, int status, const std::string& reason) {
  ResponseFrame frame = json_answer(id, "null");
  frame.status = status;
  frame.reason = reason;
  frame.bytes = json::serialize(json::object{{"data", nullptr}, {"message", reason + "\n"}});
  return frame;
}

}  // namespace posada::front
