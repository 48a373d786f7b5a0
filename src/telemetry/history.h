// The history of figures: what the charts show. Kept in round-robin files by `posada-worker rrd`
// (worker/rrd.h), which this starts, feeds, and starts again when it dies.
//
// `update` never waits and never fails: samples wait in memory (a few minutes' worth) and go to the
// worker together once a minute, and before a fetch of the same resource. What waits when the
// daemon dies is lost; history is not configuration.
// Names of resources are the callers' and should be the uuid where a number is used again; they are
// one path segment after encoding, whatever they hold.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/json.h"
#include "sys/async.h"
#include "sys/clock.h"
#include "telemetry/layout.h"

namespace posada::telemetry {

class History {
 public:
  struct Options {
    std::string worker;  // path of posada-worker
    std::string folder;  // of the files
    sys::Milliseconds flush_every{60'000};
    // A fetch that takes longer fails, and a worker that hangs this long is ended.
    sys::Milliseconds deadline{4000};
  };

  // The clock must outlive the loop's last turn.
  History(sys::Executor executor, sys::Clock& clock, Options options);
  ~History();

  void start();
  // Hands over what waits and ends the worker.
  sys::Async<void> stop();

  // One sample. `values` by the names of layout.h; counters as they stand (integers), others as
  // they are; what is missing is unknown. `time` is Unix time; older than the last one is ignored.
  void update(HistoryKind kind, const std::string& name, const json::object& values,
              std::int64_t time);

  // The rows of rrddata, oldest first: {"time": …, "cpu": …}, unknown values left out; as many rows
  // as the timeframe has, whatever is known. Throws Error::parameter for a timeframe or cf
  // (AVERAGE, MAX; empty: AVERAGE) that does not exist, Error `history.unavailable`.
  sys::Async<json::array> fetch(HistoryKind kind, std::string name, std::string timeframe,
                                std::string cf);

  sys::Async<void> remove(HistoryKind kind, std::string name);
  sys::Async<void> rename(HistoryKind kind, std::string name, std::string to);

  struct State;

 private:
  std::shared_ptr<State> state_;
};

}  // namespace posada::telemetry
