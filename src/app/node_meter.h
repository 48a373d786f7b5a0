// Measures the node's own CPU load every few seconds.
#pragma once

#include "api/call.h"
#include "sys/clock.h"
#include "sys/host_status.h"

namespace posada::app {

class NodeMeter {
 public:
  NodeMeter(sys::Clock& clock, sys::Executor executor);
  void start();
  sys::Async<void> stop();
  api::NodeLoad load() const { return load_; }

 private:
  sys::Async<void> measure();
  sys::Clock& clock_;
  sys::Scope scope_;
  api::NodeLoad load_;
};

}  // namespace posada::app
