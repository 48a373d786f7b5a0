// Writes to a stream socket whose reader may be slow or gone.
#pragma once

#include <memory>
#include <string>

#include "sys/async.h"
#include "sys/fd.h"

namespace posada::sys {

class StreamWriter {
 public:
  StreamWriter(Executor executor, Fd socket);
  // Waits until all is written; false when the reader has gone.
  Async<bool> write(std::string bytes);

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace posada::sys
