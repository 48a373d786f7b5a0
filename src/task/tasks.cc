#include "task/tasks.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/failpoint.h"
#include "base/text.h"
#include "sys/file.h"
#include "sys/log.h"
#include "task/archive.h"
#include "task/worker.h"

namespace posada::task {
namespace {

constexpr std::uint32_t first_pid = 0x01000000;  // above pid_max of every kernel (2^22)
constexpr std::size_t max_running = 1000;
constexpr std::size_t max_log_lines = 100'000;
constexpr std::size_t kept_ended = 5000;  // in memory; older ones stay on disk until pruned

std::string status_class(const Info& info) {
  if (info.exit_status == "OK") return "ok";
  if (info.exit_status.starts_with("WARNINGS: ")) return "warning";
  if (info.exit_status == "unexpected status") return "unknown";
  return "error";
}

// One line for each text, without control bytes that would confuse a terminal.
std::string clean_line(std::string_view text) {
  std::string line(text);
  for (char& c : line) {
    if (static_cast<unsigned char>(c) < 0x20 && c != '\t') c = ' ';
  }
  return line;
}

bool matches(const Filter& filter, const Info& info) {
  if (filter.source == "archive" && info.running) return false;
  if (filter.source == "active" && !info.running) return false;
  if (filter.since && info.upid.start_time < *filter.since) return false;
  if (filter.until && info.upid.start_time > *filter.until) return false;
  if (!filter.type.empty() && info.upid.type != filter.type) return false;
  if (!filter.guest.empty() && info.upid.id != filter.guest) return false;
  if (!filter.user_contains.empty() &&
      lower(info.upid.user.text()).find(lower(filter.user_contains)) == std::string::npos) {
    return false;
  }
  if (filter.errors && (info.running || status_class(info) == "ok")) return false;
  if (!filter.statuses.empty()) {
    const std::string kind = info.running ? "" : status_class(info);
    if (std::find(filter.statuses.begin(), filter.statuses.end(), kind) == filter.statuses.end()) {
      return false;
    }
  }
  return true;
}

}  // namespace

struct Running;

struct Tasks::State : std::enable_shared_from_this<Tasks::State> {
  State(std::string folder, std::string node, sys::Clock& clock, sys::Executor executor)
      : archive(std::move(folder)), node(std::move(node)), clock(clock), executor(executor),
        disk("tasks", 2, 10'000), scope(executor) {}

  Archive archive;
  std::string node;
  sys::Clock& clock;
  sys::Executor executor;
  sys::Pool disk;
  sys::Scope scope;
  UndoHandlers handlers;
  std::uint32_t next_pid = first_pid;
  std::uint64_t pstart = 0;
  // All tasks by the order in which they began (oldest first), and by UPID.
  std::deque<std::shared_ptr<Info>> order;
  std::map<std::string, std::shared_ptr<Info>, std::less<>> all;
  std::map<std::string, std::shared_ptr<Running>, std::less<>> running;
  std::map<std::uint64_t, Listener> listeners;
  std::uint64_t next_listener = 1;

  void notify(const Info& info) {
    const auto copy = listeners;  // a listener may end subscriptions
    for (const auto& [number, listener] : copy) listener(info);
  }
  void remember(const std::shared_ptr<Info>& info) {
    all[info->upid.text()] = info;
    order.push_back(info);
    while (order.size() > kept_ended && !order.front()->running) {
      all.erase(order.front()->upid.text());
      order.pop_front();
    }
  }
  Upid next_upid(const Start& what) {
    Upid upid;
    upid.node = node;
    upid.pid = next_pid++;
    upid.pstart = pstart;
    upid.start_time = static_cast<std::uint32_t>(clock.wall_seconds());
    upid.type = what.type;
    upid.id = what.id;
    upid.user = what.user;
    return upid;
  }
  const Info& find(const std::string& text) const {
    const auto found = all.find(text);
    if (found != all.end()) return *found->second;
    if (!Upid::parse(text)) throw Error::parameter("upid", "unable to parse worker upid");
    throw Error::parameter("upid", "no such task");
  }
  // `begin` writes them again and is the one that reports a disk that refuses.
  void announce(const Info& info) const {
    try {
      archive.announce(info);
    } catch (const Error& error) {
      sys::log_warning("cannot announce {}: {}", info.upid.text(), error.what());
    }
  }
};

// A running task: the context its work sees, and the buffer of its log.
struct Running final : Context {
  Running(Tasks::State& owner, std::shared_ptr<Info> info)
      : owner(owner), info(std::move(info)), own_folder(owner.archive.folder_of(this->info->upid)),
        undo_journal(own_folder + "/journal", owner.disk), token(owner.executor),
        ended(owner.executor) {}

  Tasks::State& owner;
  std::shared_ptr<Info> info;
  std::string own_folder;
  Journal undo_journal;
  sys::CancelToken token;
  sys::Event ended;
  std::vector<std::string> lines;
  std::size_t written = 0;   // lines already on disk
  std::size_t warnings = 0;
  std::exception_ptr failure;

  const Upid& upid() const override { return info->upid; }
  const Identity& user() const override { return info->upid.user; }
  void log(std::string text) override {
    for (const std::string& line : split(text, '\n')) {
      if (lines.size() < max_log_lines) lines.push_back(clean_line(line));
    }
    info->lines = lines.size();
    flush();
    tell();
  }
  void warn(std::string text) override {
    ++warnings;
    log("WARN: " + text);
  }
  void progress(double fraction, std::string message) override {
    info->progress = std::clamp(fraction, 0.0, 1.0);
    info->message = std::move(message);
    tell();
  }
  void waits_for(std::string text) override {
    if (!text.empty()) log(text);
    info->message = std::move(text);
    tell();
  }
  sys::CancelToken cancel() const override { return token; }
  Journal& journal() override { return undo_journal; }
  const std::string& folder() const override { return own_folder; }

  // Work of Tasks::run is nobody's to see.
  void tell() const {
    if (owner.running.contains(info->upid.text())) owner.notify(*info);
  }
  // Lines reach the disk soon and in order; readers of a running task see the memory.
  void flush() {
    if (!has_folder || flushing || written == lines.size()) return;
    flushing = true;
    const auto self = owner.running.find(info->upid.text());
    if (self != owner.running.end()) owner.scope.spawn("task log", write_lines(self->second));
  }
  static sys::Async<void> write_lines(std::shared_ptr<Running> self) {
    while (self->written < self->lines.size()) {
      std::string text;
      const std::size_t until = self->lines.size();
      for (std::size_t i = self->written; i < until; ++i) text += self->lines[i] + "\n";
      try {
        co_await self->owner.disk.run([file = self->own_folder + "/log", text = std::move(text)] {
          sys::append_file(file, text, 0600);
        });
      } catch (const std::exception& error) {
        sys::log_error("cannot write the log of {}: {}", self->info->upid.text(), error.what());
      }
      self->written = until;
    }
    self->flushing = false;
  }
  bool has_folder = false;
  bool flushing = false;
};

namespace {

// The error's text as a task's end shows it: parameter errors with their details.
std::string end_text(const Error& error) {
  std::string text = error.wire();
  for (const auto& [name, reason] : error.parameters()) text += " " + name + ": " + reason;
  return clean_line(text);
}

sys::Async<void> undo(std::shared_ptr<Running> task) {
  if (task->undo_journal.empty()) co_return;
  for (const std::string& text : co_await task->undo_journal.undo(task->owner.handlers)) {
    task->log("undone: " + text);
  }
}

// Runs the work and turns its outcome into the task's exit status.
sys::Async<std::string> outcome_of(std::shared_ptr<Running> task, const Work& work) {
  std::string status;
  try {
    co_await work(*task);
    co_await task->undo_journal.close();
    failpoint("task.work-done");
    if (task->warnings > 0) co_return fmt::format("WARNINGS: {}", task->warnings);
    co_return "OK";
  } catch (const Error& error) {
    task->failure = std::current_exception();
    status = end_text(error);
  } catch (const std::exception& error) {
    task->failure = std::current_exception();
    sys::log_error("{}: {}", task->info->upid.text(), error.what());
    status = clean_line(error.what());
  } catch (const Cancelled& cancelled) {
    task->failure = std::make_exception_ptr(
        Error::failed("task.cancelled", cancelled.reason.empty() ? "interrupted" : cancelled.reason));
    status = clean_line(cancelled.reason.empty() ? "interrupted" : cancelled.reason);
  }
  co_await undo(task);
  co_return status;
}

// The task's folder with its first state; the error's text when the disk refuses.
sys::Async<std::string> make_folder(std::shared_ptr<Tasks::State> state,
                                    std::shared_ptr<Running> task) {
  try {
    co_await state->disk.run([archive = state->archive, info = *task->info] { archive.begin(info); });
    task->has_folder = true;
    task->flush();
  } catch (const Error& error) {
    task->failure = std::current_exception();
    co_return end_text(error);
  }
  co_return "";
}

sys::Async<void> end_task(std::shared_ptr<Tasks::State> state, std::shared_ptr<Running> task,
                          std::string status) {
  Info& info = *task->info;
  if (status == "OK" || status.starts_with("WARNINGS: ")) {
    task->log("TASK " + status);
  } else {
    task->log("TASK ERROR: " + status);
  }
  info.running = false;
  info.exit_status = status;
  info.end_time = state->clock.wall_seconds();
  info.message.clear();
  try {
    co_await state->disk.run([archive = state->archive, copy = info, leaves_undo = !task->undo_journal.empty()] {
      archive.end(copy, leaves_undo);
    });
  } catch (const std::exception& error) {
    sys::log_error("cannot write the end of {}: {}", info.upid.text(), error.what());
  }
  state->running.erase(info.upid.text());
  state->notify(info);
  task->ended.set();
  // Whoever waits has been told; the disk may take its time.
  try {
    co_await state->disk.run([archive = state->archive, upid = info.upid] { archive.sync(upid); });
  } catch (const std::exception& error) {
    sys::log_error("cannot sync the end of {}: {}", info.upid.text(), error.what());
  }
}

sys::Async<void> run_task(std::shared_ptr<Tasks::State> state, std::shared_ptr<Running> task,
                          Work work) {
  std::string status = co_await make_folder(state, task);
  if (status.empty()) status = co_await outcome_of(task, work);
  co_await end_task(state, task, std::move(status));
}

// A task of an earlier daemon, with its journal and log as they lie on disk.
sys::Async<std::shared_ptr<Running>> load_task(std::shared_ptr<Tasks::State> state, Info found) {
  auto task = std::make_shared<Running>(*state, std::make_shared<Info>(std::move(found)));
  task->undo_journal = co_await state->disk.run([state, file = task->own_folder + "/journal"] {
    return Journal::load(file, state->disk);
  });
  const std::optional<std::string> text = co_await state->disk.run(
      [file = task->own_folder + "/log"] { return sys::read_file_if_exists(file); });
  if (text) task->lines = split(*text, '\n');
  if (!task->lines.empty() && task->lines.back().empty()) task->lines.pop_back();
  task->written = task->lines.size();
  task->has_folder = true;
  co_return task;
}

constexpr std::string_view daemon_died = "the daemon ended while this task was running";

// Undoes what the task left, or tries again what could not be undone before.
sys::Async<void> settle_task(std::shared_ptr<Tasks::State> state, std::shared_ptr<Running> task) {
  const bool interrupted = task->info->running;
  if (interrupted) task->log(std::string(daemon_died));
  // A worker that nobody follows would go on writing into what is being removed.
  co_await Workers::end(task->own_folder, state->executor, state->disk);
  co_await undo(task);
  if (interrupted) {
    co_return co_await end_task(state, task, "interrupted: " + std::string(daemon_died));
  }
  co_await state->disk.run(
      [archive = state->archive, copy = *task->info, leaves_undo = !task->undo_journal.empty()] {
        archive.end(copy, leaves_undo);
      });
  state->running.erase(task->info->upid.text());
}

}  // namespace

Tasks::Tasks(std::string folder, std::string node, sys::Clock& clock, sys::Executor executor)
    : state_(std::make_shared<State>(std::move(folder), std::move(node), clock, executor)) {
  // Boot time in ticks, as a process's start would be: differs from any daemon before.
  state_->pstart = static_cast<std::uint64_t>(clock.boot_time().count() / 10'000'000) & 0xffffffff;
}

Tasks::~Tasks() = default;

UndoHandlers& Tasks::undo_handlers() { return state_->handlers; }

Upid Tasks::start(Start what, Work work) {
  if (state_->running.size() >= max_running) {
    throw Error::overloaded("too many tasks are running on this node, try again later");
  }
  auto info = std::make_shared<Info>();
  info->upid = state_->next_upid(what);
  info->request = std::move(what.request);
  auto task = std::make_shared<Running>(*state_, info);
  state_->remember(info);
  state_->announce(*info);
  state_->running[info->upid.text()] = task;
  state_->notify(*info);
  state_->scope.spawn(info->upid.text(), run_task(state_, task, std::move(work)));
  return info->upid;
}

sys::Async<void> Tasks::run(Start what, Work work) {
  auto info = std::make_shared<Info>();
  info->upid = state_->next_upid(what);
  auto task = std::make_shared<Running>(*state_, info);
  const std::shared_ptr<State> state = state_;
  const std::string refused = co_await make_folder(state, task);
  if (refused.empty()) co_await outcome_of(task, work);
  // An undo that failed leaves its journal for the next start; otherwise no trace remains.
  if (task->undo_journal.empty()) {
    co_await state->disk.run([archive = state->archive, upid = info->upid] { archive.forget(upid); });
  }
  if (task->failure) std::rethrow_exception(task->failure);
}

Info Tasks::info(const std::string& upid) const { return state_->find(upid); }

Page Tasks::list(const Filter& filter, const std::function<bool(const Info&)>& visible) const {
  Page page;
  for (auto at = state_->order.rbegin(); at != state_->order.rend(); ++at) {
    if (!matches(filter, **at) || !visible(**at)) continue;
    const std::size_t place = page.total++;
    if (place < filter.start || (filter.limit && page.tasks.size() >= filter.limit)) continue;
    page.tasks.push_back(**at);
  }
  return page;
}

sys::Async<LogPage> Tasks::log(std::string upid, std::size_t start, std::size_t limit) const {
  const Upid name = state_->find(upid).upid;
  std::vector<std::string> lines;
  const auto running = state_->running.find(upid);
  if (running != state_->running.end()) {
    lines = running->second->lines;
  } else {
    const std::shared_ptr<State> state = state_;
    const std::optional<std::string> text = co_await state->disk.run(
        [file = state->archive.folder_of(name) + "/log"] { return sys::read_file_if_exists(file); });
    if (text) lines = split(*text, '\n');
    if (!lines.empty() && lines.back().empty()) lines.pop_back();
  }
  LogPage page;
  page.total = lines.size();
  for (std::size_t i = start; i < lines.size() && (limit == 0 || page.lines.size() < limit); ++i) {
    page.lines.push_back(std::move(lines[i]));
  }
  co_return page;
}

void Tasks::stop(const std::string& upid, const std::string& by) {
  state_->find(upid);
  const auto running = state_->running.find(upid);
  if (running == state_->running.end()) return;
  running->second->log("received a request to stop from " + by);
  running->second->token.cancel("interrupted by " + by);
}

sys::Async<Info> Tasks::wait(std::string upid) {
  state_->find(upid);
  const auto running = state_->running.find(upid);
  if (running != state_->running.end()) {
    const std::shared_ptr<Running> task = running->second;
    co_await task->ended.wait();
  }
  co_return state_->find(upid);
}

std::size_t Tasks::running() const { return state_->running.size(); }

std::shared_ptr<void> Tasks::subscribe(Listener listener) {
  const std::uint64_t number = state_->next_listener++;
  state_->listeners[number] = std::move(listener);
  return {nullptr, [state = std::weak_ptr<State>(state_), number](void*) {
            if (const auto alive = state.lock()) alive->listeners.erase(number);
          }};
}

sys::Async<void> Tasks::shut_down() {
  co_await state_->disk.run([] {});
}

sys::Async<void> Tasks::recover() {
  const std::shared_ptr<State> state = state_;
  Archive::Content found =
      co_await state->disk.run([archive = state->archive] { return archive.read(kept_ended); });
  for (Info& info : found.ended) state->remember(std::make_shared<Info>(std::move(info)));
  for (Info& info : found.unfinished) {
    const std::shared_ptr<Running> task = co_await load_task(state, std::move(info));
    state->remember(task->info);
    state->running[task->info->upid.text()] = task;
    co_await settle_task(state, task);
  }
}

}  // namespace posada::task
