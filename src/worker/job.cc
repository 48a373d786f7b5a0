#include "worker/job.h"

#include <atomic>
#include <cstdio>
#include <list>
#include <mutex>

#include <boost/asio/post.hpp>
#include <fmt/format.h>

#include "base/error.h"
#include "base/text.h"
#include "sys/channel.h"
#include "sys/clock.h"
#include "sys/file.h"
#include "sys/folder.h"
#include "sys/host.h"
#include "sys/loop.h"
#include "sys/process.h"

namespace posada::worker {
namespace {

constexpr int first_descriptor = 5;
constexpr int control_descriptor = 4;
constexpr std::int64_t progress_interval = 300'000'000;  // ns
constexpr int protocol = 1;

// The daemons that listen, on the loop's thread.
struct Listeners {
  explicit Listeners(sys::Executor executor_) : executor(executor_), scope(executor_) {}
  sys::Executor executor;
  sys::Scope scope;
  std::list<std::shared_ptr<sys::Channel>> channels;
  std::atomic<bool> cancelled{false};
};

sys::Async<void> tell(std::shared_ptr<sys::Channel> channel) {
  try {
    co_await channel->send(FrameKind::hello, "");
  } catch (const Error&) {
    channel->close();  // a daemon that is gone is no reason to stop
  }
}

sys::Async<void> listen_to(std::shared_ptr<Listeners> listeners,
                           std::shared_ptr<sys::Channel> channel) {
  listeners->channels.push_back(channel);
  try {
    while (const auto received = co_await channel->receive()) {
      if (received->kind == FrameKind::cancel) listeners->cancelled = true;
    }
  } catch (const Error&) {
    // As above.
  }
  listeners->channels.remove(channel);
}

sys::Async<void> accept_daemons(std::shared_ptr<Listeners> listeners,
                                std::shared_ptr<sys::ChannelListener> listener) {
  for (;;) {
    auto channel = std::make_shared<sys::Channel>(listeners->executor, co_await listener->accept());
    listeners->scope.spawn("daemon", listen_to(listeners, channel));
  }
}

class RunningJob final : public Job {
 public:
  RunningJob(std::string folder, std::shared_ptr<Listeners> listeners)
      : folder_(std::move(folder)), listeners_(std::move(listeners)) {
    const auto value = json::parse(sys::read_file(folder_ + "/request.json"));
    parameters_ = value.as_object();
  }

  const json::object& parameters() const override { return parameters_; }

  sys::Fd take_descriptor(int number) override {
    // Numbers are taken once, so that two owners never close the same descriptor.
    if (!taken_.emplace(number, true).second)
      throw Error::failed("worker.descriptor", "descriptor taken twice");
    const sys::Fd given(first_descriptor + number);
    sys::Fd own = given.duplicate();
    return own;
  }

  void log(const std::string& text) override { append('I', text); }
  void warn(const std::string& text) override { append('W', text); }
  void progress(double fraction, const std::string& message) override {
    const std::int64_t now = clock_.boot_time().count();
    if (fraction < 1 && now - last_progress_ < progress_interval) return;
    last_progress_ = now;
    append('P', fmt::format("{:.4f} {}", fraction, message));
  }
  bool cancelled() const override { return listeners_->cancelled; }

 private:
  void append(char kind, const std::string& text) {
    std::string lines;
    for (const std::string& line : split(text, '\n')) lines += fmt::format("{} {}\n", kind, line);
    {
      const std::lock_guard lock(mutex_);
      sys::append_file(folder_ + "/log", lines, 0600);
    }
    boost::asio::post(listeners_->executor, [listeners = listeners_] {
      for (const auto& channel : listeners->channels) listeners->scope.spawn("tell", tell(channel));
    });
  }

  std::string folder_;
  std::shared_ptr<Listeners> listeners_;
  json::object parameters_;
  std::map<int, bool> taken_;
  sys::SystemClock clock_;
  std::int64_t last_progress_ = 0;
  std::mutex mutex_;
};

std::string_view kind_text(ErrorKind kind) {
  return kind == ErrorKind::parameter ? "parameter" : "failed";
}

json::object outcome_of(const Work& work, Job& job) {
  try {
    return {{"result", work(job)}};
  } catch (const Error& error) {
    json::object parameters;
    for (const auto& [name, text] : error.parameters()) parameters[name] = text;
    return {{"error", json::object{{"kind", kind_text(error.kind())},
                                   {"code", error.code()},
                                   {"text", error.wire()},
                                   {"parameters", parameters}}}};
  } catch (const Cancelled&) {
    return {{"error", json::object{{"code", "worker.cancelled"}, {"text", "interrupted"}}}};
  } catch (const std::exception& error) {
    return {{"error", json::object{{"code", "worker.failed"}, {"text", error.what()}}}};
  }
}

sys::Async<void> serve(const Work& work, std::string folder, sys::Executor executor, bool& failed) {
  auto listeners = std::make_shared<Listeners>(executor);
  listeners->scope.spawn(
      "daemon",
      listen_to(listeners, std::make_shared<sys::Channel>(executor, sys::Fd(control_descriptor))));
  const sys::Folder place(folder);
  // A socket's path has at most 107 bytes, a task's folder may be deeper.
  auto listener = std::make_shared<sys::ChannelListener>(
      executor, fmt::format("/proc/self/fd/{}/control", place.fd().get()), 0600);
  listeners->scope.spawn("daemons", accept_daemons(listeners, listener));

  sys::Pool pool("work", 1, 1);
  auto job = std::make_shared<RunningJob>(folder, listeners);
  json::object outcome = co_await pool.run([&work, job] { return outcome_of(work, *job); });
  failed = outcome.contains("error");
  sys::write_file(folder + "/result.json", json::serialize(outcome), 0600);
  listener->close();
  listeners->scope.stop();
  co_await listeners->scope.join();
}

}  // namespace

void Job::check_cancelled() const {
  if (cancelled()) throw Cancelled{"interrupted"};
}

std::string parameter(const Job& job, const char* name) {
  if (const auto text = text_member(job.parameters(), name)) return *text;
  throw Error::failed("worker.request", fmt::format("the request lacks '{}'", name));
}

int run_job(const Works& works, int argc, char** argv) {
  if (argc != 5 || to_integer(argv[2]) != protocol) {
    std::fprintf(stderr, "usage: posada-worker job %d WORK FOLDER\n", protocol);
    return 2;
  }
  const auto work = works.find(std::string_view(argv[3]));
  if (work == works.end()) {
    std::fprintf(stderr, "posada-worker: there is no work '%s'\n", argv[3]);
    return 2;
  }
  sys::ignore_broken_pipes();
  const std::string folder = argv[4];
  sys::write_file(folder + "/pid",
                  fmt::format("{} {}", sys::own_pid(), sys::start_ticks(sys::own_pid())), 0600);
  bool failed = false;
  sys::Loop loop;
  loop.run(serve(work->second, folder, loop.executor(), failed));
  return failed ? 1 : 0;
}

}  // namespace posada::worker
