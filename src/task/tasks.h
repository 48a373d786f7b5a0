// Tasks: work that a user started and can watch, with a UPID, a log, progress and an end.
//
// Everything about a task lies in <folder>/<last hex digit of starttime>/<UPID>/ : `log`,
// `state.json` (by rename), `journal`. A task of a daemon that died is found at the next start:
// if a worker of it lives it is adopted by whoever registered `adopt` for its type, otherwise its
// journal is undone and it ends as failed, with what was undone in its log.
//
// One thread: everything runs on the loop; file writes go through a pool.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/ids.h"
#include "base/json.h"
#include "sys/async.h"
#include "sys/clock.h"
#include "task/journal.h"
#include "task/upid.h"

namespace posada::task {

enum class Level { info, warning, error };

struct Info {
  Upid upid;
  bool running = true;
  std::int64_t end_time = 0;
  std::string exit_status;        // "OK", "WARNINGS: n", the error's text; empty while running
  double progress = -1;           // 0 … 1; negative: not known
  std::string message;            // what it does now, or for whom it waits
  std::string request;            // id of the request that started it
  std::size_t lines = 0;          // of its log, while it runs
};

// What the work of one task gets. Lives until the work has ended.
class Context {
 public:
  virtual ~Context() = default;
  virtual const Upid& upid() const = 0;
  virtual const Identity& user() const = 0;
  virtual void log(std::string text) = 0;
  virtual void warn(std::string text) = 0;
  virtual void progress(double fraction, std::string message) = 0;
  // Shown while the task stands in a queue ("waits for UPID… (backup)"); empty: it runs.
  virtual void waits_for(std::string text) = 0;
  virtual sys::CancelToken cancel() const = 0;
  virtual Journal& journal() = 0;
  // A folder of this task's own, for workers.
  virtual const std::string& folder() const = 0;
};

using Work = std::function<sys::Async<void>(Context&)>;

struct Start {
  std::string type;  // "qmstart"
  std::string id;    // "100"
  Identity user;
  std::string request;
};

struct Filter {
  std::string source = "archive";  // archive (ended), active, all
  std::optional<std::int64_t> since, until;
  std::string type, user_contains, guest;
  std::vector<std::string> statuses;  // ok error warning unknown
  bool errors = false;
  std::size_t start = 0, limit = 50;
};

struct Page {
  std::vector<Info> tasks;
  std::size_t total = 0;
};

struct LogPage {
  std::vector<std::string> lines;
  std::size_t total = 0;
};

class Tasks {
 public:
  Tasks(std::string folder, std::string node, sys::Clock& clock, sys::Executor executor);
  ~Tasks();

  UndoHandlers& undo_handlers();
  // Finds what an earlier daemon left; call after all undo handlers are registered.
  sys::Async<void> recover();

  // The task is visible when this returns. Too many running tasks: Error::overloaded.
  Upid start(Start what, Work work);
  // Starts and waits for the end; rethrows the work's error. For synchronous API calls that need
  // a journal, with `visible` false: no UPID appears in lists.
  sys::Async<void> run(Start what, Work work);

  // Throws Error::parameter("upid", …) when it is no UPID or unknown.
  Info info(const std::string& upid) const;
  Page list(const Filter& filter, const std::function<bool(const Info&)>& visible) const;
  sys::Async<LogPage> log(std::string upid, std::size_t start, std::size_t limit) const;
  void stop(const std::string& upid, const std::string& by);
  // Resumes when the task has ended.
  sys::Async<Info> wait(std::string upid);
  std::size_t running() const;

  // Every start, progress, line of the log and end.
  using Listener = std::function<void(const Info&)>;
  [[nodiscard]] std::shared_ptr<void> subscribe(Listener listener);

  // Cancels nothing; waits until the logs are on disk.
  sys::Async<void> shut_down();

  struct State;  // of tasks.cc

 private:
  std::shared_ptr<State> state_;
};

}  // namespace posada::task
