// Brings the state of this node's guests, storages, pools and of the node itself to the board:
// what a part tells of soon after it has changed, or at once when somebody asks for the board, and
// every two seconds the figures that move by themselves. While no guest runs and none
// changes, guests cost nothing.
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
  // Told of changes, which it publishes soon.
  void guests_changed();
  void storages_changed();
  void pools_changed();
  // What it was told of is on the board when this returns.
  void publish_changes();

 private:
  sys::Async<void> publish_loop();
  void publish_moving();
  void put(const std::string& id, json::object fields);
  void withdraw_others(std::string_view prefix, const std::set<std::string, std::less<>>& ids);
  void publish_node();
  void publish_guests();
  void publish_storages();
  void publish_pools();
  void record();
  void record_node(std::int64_t now);

  const api::Services& services_;
  sys::Clock& clock_;
  bool guests_changed_ = true;
  bool guests_run_ = false;
  bool storages_changed_ = true;
  bool pools_changed_ = true;
  std::int64_t recorded_ = 0;  // wall time of the last sample
  sys::Event wake_;
  sys::Scope scope_;
};

}  // namespace posada::app
