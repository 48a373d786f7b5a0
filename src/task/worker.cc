#include "task/worker.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/error.h"
#include "base/failpoint.h"
#include "base/text.h"
#include "sys/channel.h"
#include "sys/file.h"
#include "sys/folder.h"
#include "sys/process.h"

namespace posada::task {
namespace {

constexpr sys::Milliseconds patience{10'000};  // between a cancel and a kill
constexpr int kill_signal = 9;
constexpr std::size_t largest_read = 1024 * 1024;

Error error_from(const json::object& object) {
  const std::string kind = text_member(object, "kind").value_or("failed");
  const std::string text = text_member(object, "text").value_or("the worker failed");
  if (kind == "parameter") {
    Error::Texts texts;
    if (const json::value* parameters = object.if_contains("parameters")) {
      for (const auto& entry : parameters->as_object())
        texts[std::string(entry.key())] = text_of(entry.value());
    }
    return Error::parameters(std::move(texts));
  }
  return Error::failed(text_member(object, "code").value_or("worker.failed"), text);
}

// The folders "worker-1", "worker-2", … of a task; the newest one's number, or 0.
int newest_worker(const std::string& task_folder) {
  int newest = 0;
  for (const std::string& name : sys::list_directory(task_folder)) {
    if (!name.starts_with("worker-")) continue;
    newest = std::max(newest, static_cast<int>(to_integer(name.substr(7)).value_or(0)));
  }
  return newest;
}

std::string worker_folder(const std::string& task_folder, int number) {
  return fmt::format("{}/worker-{}", task_folder, number);
}

}  // namespace

struct Workers::State {
  State(std::string program_, sys::Executor executor_)
      : program(std::move(program_)), executor(executor_), disk("workers", 2, 1000) {}
  std::string program;
  sys::Executor executor;
  sys::Pool disk;
};

namespace {

// Follows one worker.
struct Following {
  Following(sys::Pool& disk_, Context& task_, std::string folder_, sys::Fd control,
            sys::Executor executor_)
      : disk(disk_),
        task(task_),
        folder(std::move(folder_)),
        channel(executor_, std::move(control)),
        executor(executor_),
        ended(executor_) {}

  sys::Pool& disk;
  Context& task;
  std::string folder;
  sys::Channel channel;
  sys::Executor executor;
  sys::Event ended;
  std::uint64_t offset = 0;
  std::string rest;  // an incomplete line

  void line(const std::string& text) {
    if (text.size() < 2) return;
    const std::string body = text.substr(2);
    if (text[0] == 'I') task.log(body);
    if (text[0] == 'W') task.warn(body);
    if (text[0] != 'P') return;
    const std::size_t space = body.find(' ');
    try {
      task.progress(std::stod(body.substr(0, space)),
                    space == std::string::npos ? "" : body.substr(space + 1));
    } catch (const std::logic_error&) {
      // A worker of another version may write what we cannot read; its progress is not vital.
    }
  }

  sys::Async<void> read_log() {
    for (;;) {
      std::string bytes = co_await disk.run([file = folder + "/log", at = offset] {
        if (!sys::exists(file)) return std::string();
        const std::size_t slash = file.rfind('/');
        const sys::Folder place(file.substr(0, slash));
        return sys::read_at(place.open(file.substr(slash + 1), false), largest_read, at);
      });
      if (bytes.empty()) co_return;
      offset += bytes.size();
      rest += bytes;
      std::size_t start = 0;
      for (std::size_t end = rest.find('\n'); end != std::string::npos;
           start = end + 1, end = rest.find('\n', start))
        line(rest.substr(start, end - start));
      rest.erase(0, start);
    }
  }
};

void kill_worker(const std::string& folder, const sys::Executor& executor) {
  const auto text = sys::read_file_if_exists(folder + "/pid");
  const std::vector<std::string> numbers = split(text.value_or(""), ' ');
  if (numbers.size() != 2) return;
  const auto child = sys::adopt(executor, static_cast<int>(to_integer(numbers[0]).value_or(0)),
                                static_cast<std::uint64_t>(to_integer(numbers[1]).value_or(0)));
  if (child) child->signal(kill_signal);
}

// A socket's path has at most 107 bytes, a task's folder may be deeper.
sys::Async<sys::Fd> connect_control(sys::Executor executor, std::string folder) {
  const sys::Folder place(folder);
  co_return co_await sys::connect_unix(
      executor, fmt::format("/proc/self/fd/{}/control", place.fd().get()));
}

sys::Async<void> read_to_end(std::shared_ptr<sys::Channel> channel,
                             std::shared_ptr<sys::Event> ended) {
  try {
    while (co_await channel->receive()) {
    }
  } catch (const Error&) {
    // It broke: an end like another.
  }
  ended->set();
}

// Passes a cancel on; kills a worker that does not listen to it.
sys::Async<void> pass_cancel(std::shared_ptr<Following> following) {
  co_await following->task.cancel().wait();
  if (following->ended.is_set()) co_return;
  try {
    co_await following->channel.send(FrameKind::cancel, "");
  } catch (const Error&) {
    co_return;  // it ended at this very moment
  }
  if (co_await following->ended.wait_for(patience)) co_return;
  kill_worker(following->folder, following->executor);
}

sys::Async<json::object> follow_to_end(std::shared_ptr<Following> following) {
  sys::Scope scope(following->executor);
  scope.spawn("cancel of a worker", pass_cancel(following));
  try {
    co_await following->read_log();
    while (co_await following->channel.receive()) co_await following->read_log();
  } catch (const Error&) {
    // The socket broke as the worker died; what it left behind decides.
  }
  following->ended.set();
  co_await following->read_log();
  scope.stop();
  co_await scope.join();

  const auto text = co_await following->disk.run(
      [file = following->folder + "/result.json"] { return sys::read_file_if_exists(file); });
  if (!text) {
    if (following->task.cancel().cancelled()) following->task.cancel().check();
    throw Error::failed("worker.died", "the worker ended unexpectedly; see the node's log");
  }
  const json::object object = json::parse(*text).as_object();
  if (const json::value* result = object.if_contains("result")) co_return result->as_object();
  if (following->task.cancel().cancelled()) following->task.cancel().check();
  throw error_from(object.at("error").as_object());
}

}  // namespace

Workers::Workers(std::string program, sys::Executor executor)
    : state_(std::make_shared<State>(std::move(program), executor)) {}

Workers::~Workers() = default;

sys::Async<json::object> Workers::run(Context& task, WorkerOrder order) {
  const std::shared_ptr<State> state = state_;
  task.cancel().check();
  struct Prepared {
    std::string folder;
    sys::Fd lock;
  };
  auto prepared = co_await state->disk.run(
      [task_folder = task.folder(), request = json::serialize(order.parameters)] {
        Prepared made;
        made.folder = worker_folder(task_folder, newest_worker(task_folder) + 1);
        sys::make_directories(made.folder, 0700);
        sys::write_file(made.folder + "/request.json", request, 0600);
        made.lock = sys::lock_file(made.folder + "/lock");
        return std::make_shared<Prepared>(std::move(made));
      });
  auto [ours, theirs] = sys::socket_pair();
  sys::Command command;
  command.arguments = {state->program, "job", std::to_string(worker_protocol), order.work,
                       prepared->folder};
  command.descriptors = {{worker_lock, prepared->lock.get()}, {worker_control, theirs.get()}};
  int number = worker_first_descriptor;
  for (const sys::Fd& descriptor : order.descriptors)
    command.descriptors[number++] = descriptor.get();
  command.uid = order.uid;
  command.gid = order.gid;
  failpoint("task.worker.prepared");
  sys::Child child = sys::spawn(state->executor, command);
  failpoint("task.worker.started");
  prepared->lock.reset();
  theirs.reset();
  order.descriptors.clear();
  auto following = std::make_shared<Following>(state->disk, task, prepared->folder, std::move(ours),
                                               state->executor);
  std::exception_ptr failure;
  json::object result;
  try {
    result = co_await follow_to_end(following);
  } catch (const Error&) {
    failure = std::current_exception();
  } catch (const Cancelled&) {
    failure = std::current_exception();
  }
  co_await child.wait();
  if (failure) std::rethrow_exception(failure);
  co_return result;
}

bool Workers::lives(const std::string& task_folder) {
  const int newest = newest_worker(task_folder);
  return newest > 0 && sys::is_locked(worker_folder(task_folder, newest) + "/lock");
}

sys::Async<void> Workers::end(std::string task_folder, sys::Executor executor, sys::Pool& disk) {
  const bool alive = co_await disk.run([task_folder] { return lives(task_folder); });
  if (!alive) co_return;
  const std::string folder = worker_folder(task_folder, newest_worker(task_folder));
  sys::Scope scope(executor);
  const auto ended = std::make_shared<sys::Event>(executor);
  try {
    const auto channel =
        std::make_shared<sys::Channel>(executor, co_await connect_control(executor, folder));
    co_await channel->send(FrameKind::cancel, "");
    scope.spawn("end of a worker", read_to_end(channel, ended));
    co_await ended->wait_for(patience);
  } catch (const Error&) {
    // It does not listen; the signal reaches it all the same.
  }
  if (!ended->is_set()) kill_worker(folder, executor);
  scope.stop();
  co_await scope.join();
}

sys::Async<json::object> Workers::follow(Context& task) {
  const std::shared_ptr<State> state = state_;
  const std::string folder = worker_folder(
      task.folder(),
      co_await state->disk.run([place = task.folder()] { return newest_worker(place); }));
  sys::Fd control;
  try {
    control = co_await connect_control(state->executor, folder);
  } catch (const Error&) {
    // It has ended meanwhile: its result is read all the same.
    control = sys::socket_pair().first;
  }
  auto following =
      std::make_shared<Following>(state->disk, task, folder, std::move(control), state->executor);
  co_return co_await follow_to_end(following);
}

}  // namespace posada::task
