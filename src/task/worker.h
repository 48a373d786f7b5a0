// Workers: programs of ours that do one long or dangerous piece of a task (an upload, a copy, the
// unpacking of an archive) and outlive the daemon.
//
// A worker has a folder inside its task's folder:
//   request.json  what to do, written by the daemon (0600; nothing secret stands in argv)
//   lock          held by the worker while it lives: liveness without pids
//   pid           its pid and start time, for the last resort of a signal
//   log           one line each: `I text`, `W text`, `P 0.42 text`; appended by the worker
//   result.json   {"result": …} or {"error": …}, by rename, before it ends
//   control       a socket: a frame `cancel` to the worker, a frame `hello` from it when the log
//                 grew; the end of the stream is the end of the worker
// The daemon that started it holds a control socket from the start; a later one connects.
// argv is `posada-worker job PROTOCOL WORK FOLDER`; a daemon adopts workers of its own protocol and
// the one before.
//
// Descriptors of a worker: 3 the lock, 4 the first control socket, 5 and up those of the order.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "sys/async.h"
#include "sys/fd.h"
#include "task/tasks.h"

namespace posada::task {

constexpr int worker_protocol = 1;
constexpr int worker_lock = 3;
constexpr int worker_control = 4;
constexpr int worker_first_descriptor = 5;

struct WorkerOrder {
  std::string work;  // "upload", "download", "copy", "unpack", …
  json::object parameters;
  std::vector<sys::Fd> descriptors;
  std::optional<unsigned> uid, gid;  // who it runs as; nothing: as the daemon
};

class Workers {
 public:
  // `program` is the path of posada-worker.
  Workers(std::string program, sys::Executor executor);
  ~Workers();
  Workers(const Workers&) = delete;
  Workers& operator=(const Workers&) = delete;

  // Starts a worker and follows it to its end: its lines go to the task's log, its progress to the
  // task, a cancelled task cancels it. Throws the worker's Error.
  sys::Async<json::object> run(Context& task, WorkerOrder order);

  // Whether a worker of this task is alive.
  static bool lives(const std::string& task_folder);
  // Ends the task's worker that nobody follows: asks it to, then kills it.
  static sys::Async<void> end(std::string task_folder, sys::Executor executor, sys::Pool& disk);
  // Follows the newest worker of a task that an earlier daemon started, from the beginning of its
  // log. Throws when there is none of a protocol that we know.
  sys::Async<json::object> follow(Context& task);

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace posada::task
