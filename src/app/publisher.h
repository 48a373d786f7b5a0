// Brings the state of this node's guests, storages, pools and of the node itself to the board:
// at every change that a part tells of, and every two seconds for the figures that move by
// themselves.
#pragma once

#include <set>

#include "access/directory.h"
#include "api/call.h"
#include "sys/clock.h"
#include "telemetry/board.h"

namespace posada::app {

class Publisher {
 public:
  Publisher(const api::Services& services, sys::Clock& clock, sys::Executor executor);
  void start();
  sys::Async<void> stop();
  // Soon: something has changed.
  void touch() { wake_.set(); }
  // Now, if something has changed: for readers that must find what they have just made.
  void settle();

 private:
  sys::Async<void> publish_loop();
  void publish();
  void put(const std::string& id, json::object fields);
  void publish_node();
  void publish_guests();
  void publish_storages();
  void publish_pools();
  void record();
  void record_node(std::int64_t now);

  const api::Services& services_;
  sys::Clock& clock_;
  std::set<std::string, std::less<>> published_;  // in this round
  std::int64_t recorded_ = 0;  // wall time of the last sample
  sys::Event wake_;
  sys::Scope scope_;
};

}  // namespace posada::app
