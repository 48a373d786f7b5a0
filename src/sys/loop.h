// The event loop of a process: one thread runs all coroutines.
#pragma once

#include <memory>

#include "sys/async.h"

namespace posada::sys {

class Loop {
 public:
  Loop();
  ~Loop();
  Executor executor() const;
  // Runs `main` and everything it spawned in scopes; its exception leaves here.
  void run(Async<void> main);
  // As `run`, but the loop may run again afterwards: for programs that do one thing at a time.
  void run_until(Async<void> work);
  // Waits for one of the signals (SIGTERM, SIGINT, …) and gives its number.
  Async<int> wait_signal(std::vector<int> numbers);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace posada::sys
