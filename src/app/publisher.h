// Brings the state of this node's guests, storages, pools and of the node itself to the board:
// what a part tells of soon after it has changed, or at once when somebody asks for the board, and
// every two seconds the figures that move by themselves. A guest that neither runs nor has changed
// costs a look at its config's revision.
#pragma once

#include <map>
#include <set>

#include "access/directory.h"
#include "api/call.h"
#include "guest/registry.h"
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
  void begin_guests();
  void publish_guests(std::size_t most);
  void publish_guest(const guest::Record& record);
  void publish_storages();
  void publish_pools();
  void record();
  void record_node(std::int64_t now);

  const api::Services& services_;
  sys::Clock& clock_;
  // What a guest's row was made of; it holds while that stays and the guest does not run.
  struct Shown {
    bool operator==(const Shown&) const = default;
    std::uint64_t revision = 0;
    std::string pool;
    bool ran = false;
  };

  bool guests_changed_ = true;
  bool guests_run_ = false;
  std::vector<guest::Record> guests_due_;  // of the round under way, the next one last
  std::map<std::string, Shown, std::less<>> guests_shown_;  // by the row's id
  bool storages_changed_ = true;
  bool pools_changed_ = true;
  std::int64_t recorded_ = 0;  // wall time of the last sample
  sys::Event wake_;
  sys::Scope scope_;
};

}  // namespace posada::app
