// Power operations, the same for machines and containers: who may, what is refused, who waits for
// whom, and how long a guest may take. What "start", "ask" and "end it" mean is the kind's
// (guest/guests.h).
#pragma once

#include <chrono>
#include <memory>

#include "guest/guests.h"

namespace posada::guest {

// How long the guest may take to power off: as asked, as its config's `startup` says, or a minute.
std::chrono::seconds shutdown_patience(const ConfigSection& config, std::chrono::seconds asked);

// Ends the run whatever the guest does. A cancel of the task ends the hook script that comes after.
sys::Async<void> end_run(std::shared_ptr<Guests> guests, task::Context& context,
                         std::shared_ptr<Run> run, sys::Milliseconds patience);
// The beginning of the kind's start: changes that wait come in, later ones wait for its end.
sys::Async<std::shared_ptr<Starting>> begin_start(std::shared_ptr<Guests> guests,
                                                  task::Context& context, GuestId id);
// `launch` is the kind's start; when it is stopped on its way the guest is off again.
sys::Async<void> run_start(std::shared_ptr<Guests> guests, task::Context& context, GuestId id,
                           sys::Async<void> launch);

// Work of tasks. `claim_power` is held for the whole operation.
sys::Async<Claim> claim_power(std::shared_ptr<Guests> guests, task::Context& context, GuestId id,
                              std::string operation, Strength strength, bool skip_lock);
// Also refuses what cannot start: a template, a guest that runs.
sys::Async<Claim> claim_start(std::shared_ptr<Guests> guests, task::Context& context, GuestId id,
                              bool skip_lock);
sys::Async<void> run_power_off(std::shared_ptr<Guests> guests, task::Context& context, GuestId id,
                               StopOptions options);
sys::Async<void> run_shut_down(std::shared_ptr<Guests> guests, task::Context& context, GuestId id,
                               StopOptions options);
sys::Async<void> run_reboot(std::shared_ptr<Guests> guests, task::Context& context, GuestId id,
                            std::chrono::seconds timeout);

// What the API calls: the caller's right is checked at once, the rest is a task.
task::Upid power_off(std::shared_ptr<Guests> guests, Caller caller, GuestId id,
                     StopOptions options);
task::Upid shut_down(std::shared_ptr<Guests> guests, Caller caller, GuestId id,
                     StopOptions options);
task::Upid reboot(std::shared_ptr<Guests> guests, Caller caller, GuestId id,
                  std::chrono::seconds timeout);

}  // namespace posada::guest
