// Watching a task from the command line (client.h).
#include <algorithm>
#include <csignal>

#include "app/cli/client.h"
#include "base/text.h"

namespace posada::app {
namespace {

constexpr sys::Milliseconds shortest_pause(10), longest_pause(250);

struct Interrupts {
  explicit Interrupts(const sys::Executor& executor) : happened(executor) {}
  int count = 0;
  sys::Event happened;
};

sys::Async<void> count_interrupts(sys::Loop& loop, Interrupts& interrupts) {
  for (;;) {
    co_await loop.wait_signal({SIGINT});
    ++interrupts.count;
    interrupts.happened.set();
  }
}

// Prints the lines that are new; "TASK …" and "no content" are the log's own way to say nothing.
void print_lines(const json::value& lines, std::size_t& printed, std::FILE* log) {
  for (const json::value& line : lines.as_array()) {
    const std::string text = text_of(line.at("t"));
    if (text == "no content") continue;
    ++printed;
    if (!text.starts_with("TASK ")) std::fprintf(log, "%s\n", text.c_str());
  }
  std::fflush(log);
}

sys::Async<void> follow(Client& client, std::string upid, std::FILE* log, TaskEnd& end) {
  const std::vector<std::string> parts = split(upid, ':');
  const std::vector<std::string> task = {"nodes", parts.size() > 1 ? parts[1] : client.node(),
                                         "tasks", upid};
  std::vector<std::string> status_path = task, log_path = task;
  status_path.emplace_back("status");
  log_path.emplace_back("log");
  const sys::Executor executor = client.loop().executor();
  Interrupts interrupts(executor);
  sys::Scope scope(executor);
  scope.spawn("interrupts", count_interrupts(client.loop(), interrupts));
  std::size_t printed = 0;
  sys::Milliseconds pause = shortest_pause;
  bool asked_to_stop = false;
  for (bool ended = false; !ended;) {
    CallResult status = co_await client.call_async(api::Verb::get, status_path, {});
    CallResult lines =
        co_await client.call_async(api::Verb::get, log_path, {{"start", printed}, {"limit", 0}});
    const std::size_t before = printed;
    print_lines(lines.data(), printed, log);
    ended = status.data().at("status").as_string() == "stopped";
    if (ended) {
      const std::string outcome = text_of(status.data().at("exitstatus"));
      const bool well = outcome == "OK" || outcome.starts_with("WARNINGS: ");
      if (!well) std::fprintf(stderr, "%s\n", outcome.c_str());
      end = well ? TaskEnd::ok : TaskEnd::failed;
      break;
    }
    pause = printed > before ? shortest_pause : std::min(pause * 2, longest_pause);
    if (!co_await interrupts.happened.wait_for(pause)) continue;
    interrupts.happened.reset();
    if (asked_to_stop || interrupts.count > 1) {
      std::fprintf(stderr, "not waiting any longer; the task goes on: %s\n", upid.c_str());
      end = TaskEnd::left;
      break;
    }
    asked_to_stop = true;
    std::fputs("stopping the task; press Ctrl-C again to leave it to itself\n", stderr);
    co_await client.call_async(api::Verb::remove, task, {});
  }
  scope.stop();
  co_await scope.join();
}

}  // namespace

TaskEnd Client::follow_task(const std::string& upid, std::FILE* log) {
  TaskEnd end = TaskEnd::failed;
  loop_.run_until(follow(*this, upid, log, end));
  return end;
}

}  // namespace posada::app
