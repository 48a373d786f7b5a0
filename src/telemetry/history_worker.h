// The connection to `posada-worker rrd`: starts it, starts it again, and asks it.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "base/json.h"
#include "sys/async.h"

namespace posada::telemetry {

class HistoryWorker {
 public:
  HistoryWorker(sys::Executor executor, std::string program, std::string folder);
  ~HistoryWorker();

  void start();
  sys::Async<void> stop();

  // The worker's answer. Throws Error `history.unavailable` when there is none within the deadline
  // (a worker that hangs is then ended), `history.failed` with the worker's reason.
  sys::Async<json::object> ask(json::object request, sys::Milliseconds deadline);

  struct State;

 private:
  std::shared_ptr<State> state_;
};

}  // namespace posada::telemetry
