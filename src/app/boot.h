// Starts the guests with `onboot` when the machine has booted, in the order of `startup`, as the
// task "startall"; a daemon that only starts anew starts none.
//
// The runtime folder keeps the id of the boot whose guests were started, and the guests that were
// still to be tried: when the daemon dies in between, the next one goes on with those and leaves
// alone what a person has stopped meanwhile. A person who stops the task ends it for this boot.
#pragma once

#include <string>
#include <vector>

#include "api/call.h"
#include "host/options.h"
#include "task/tasks.h"

namespace posada::app {

class BootStart {
 public:
  // `file` keeps what was done; `boot` is the id of the machine's present boot.
  BootStart(std::string file, std::string boot, const api::Services& services,
            const host::Options& node_options);
  // Call once the node serves; returns at once.
  void begin();

 private:
  sys::Async<void> start_guests(task::Context& context);
  sys::Async<void> wait_for_leftovers();
  void remember() const;
  void done_with(GuestId guest);
  // Nothing when this boot is not known yet.
  std::optional<std::vector<GuestId>> remembered() const;

  std::string file_;
  std::string boot_;
  const api::Services& services_;
  const host::Options& node_options_;
  std::vector<GuestId> waiting_;
  bool booted_ = false;  // this daemon is the first one of the boot
};

}  // namespace posada::app
