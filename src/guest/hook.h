// Hook scripts: the program that a guest's option `hookscript` names (a snippet of a storage) is
// run as root with the guest's number and the phase, and its words go into the task's log. Only
// root@pam may set the option.
#pragma once

#include <string>

#include "guest/guests.h"

namespace posada::guest {

enum class Phase {
  pre_start,   // what fails here ends the start
  post_start,  // what fails in these three is a warning: the guest is as it is
  pre_stop,    // before a stop, shutdown or reboot that was asked for
  post_stop,   // whatever has ended the guest
};

// Throws Error::parameter("hookscript", …) when the value names no snippet that is there.
sys::Async<void> check_hook(storage::Storages& storages, std::string value);

// Nothing when the guest has no script. A cancel of the task ends the script and throws Cancelled.
sys::Async<void> run_hook(std::shared_ptr<Guests> guests, task::Context& context, GuestId id,
                          Phase phase);
// The phase post_stop, which may have no task: `run->script` ends it, and warnings go into the
// daemon's log. The guest counts as off after it.
sys::Async<void> run_post_stop(std::shared_ptr<Guests> guests, std::shared_ptr<Run> run);

}  // namespace posada::guest
