// Power operations (machine_state.h).
#include "guest/power.h"

#include "access/permissions.h"
#include "base/error.h"
#include "guest/destroy.h"
#include "sys/host.h"
#include "sys/log.h"
#include "task/journal.h"
#include "vm/machine_state.h"

namespace posada::vm {

namespace {

// A button that nobody listened to yet leaves no trace in the machine.
sys::Async<void> press_again(std::shared_ptr<Running> run) {
  if (run->told_agent || !run->qmp || run->qmp->closed()) co_return;
  try {
    co_await run->qmp->execute("system_powerdown");
  } catch (const Error& error) {
    // It may be gone before it answers.
    sys::log_debug("machine {}: system_powerdown: {}", run->guest.text(), error.what());
  }
}

}  // namespace

sys::Async<void> Machines::State::kill(std::shared_ptr<Running> run, sys::Milliseconds patience) {
  run->end_wanted = true;
  if (patience.count() > 0 && run->qmp && !run->qmp->closed()) {
    try {
      co_await run->qmp->execute("quit", {}, patience);
    } catch (const Error& error) {
      // It may be gone before it answers, or hang; both end below.
      sys::log_debug("machine {}: quit: {}", run->record.guest.text(), error.what());
    }
    if (co_await run->ended.wait_for(patience)) co_return;
  }
  if (run->child) run->child->signal(9);
  co_await run->ended.wait();
}

sys::Async<void> Machines::State::launch_guest(task::Context& context, GuestId id) {
  co_await launch(shared(), context, id, StartOptions());
}

sys::Async<void> Machines::State::end_hard(std::shared_ptr<guest::Run> run,
                                           sys::Milliseconds patience) {
  co_await kill(std::static_pointer_cast<Running>(run), patience);
}

sys::Async<void> Machines::State::ask_to_end(task::Context& context,
                                             std::shared_ptr<guest::Run> ended, bool again) {
  const auto run = std::static_pointer_cast<Running>(ended);
  if (again) co_return co_await press_again(run);
  if (!run->qmp || run->qmp->closed()) throw not_running(run->guest);
  // A paused guest hears no button.
  if (run->state == "paused") co_await run->qmp->execute("cont");
  run->told_agent = false;
  if (agent_enabled(run->record.config)) {
    try {
      co_await run->agent->tell("guest-shutdown", {{"mode", "powerdown"}});
      run->told_agent = true;
      co_return;
    } catch (const Error& error) {
      context.log(std::string("guest agent: ") + error.what() + " - using ACPI instead");
    }
  }
  co_await run->qmp->execute("system_powerdown");
}

sys::Async<void> Machines::State::power_on(std::shared_ptr<State> self, task::Context& context,
                                           GuestId id, StartOptions options) {
  const auto claim = co_await guest::claim_start(self, context, id, options.skip_lock);
  co_await guest::run_start(self, context, id, launch(self, context, id, options));
}

namespace {

// `restarts` lasts over the gap between the two runs.
//
// Not by telling QEMU to end at a reset: a guest that resets itself while there is no daemon to
// start it anew would stay off. So it only resets, and the changes wait on.
sys::Async<void> start_anew(std::shared_ptr<Machines::State> self, task::Context& context,
                            std::shared_ptr<Running> run,
                            std::shared_ptr<guest::Starting> /*restarts*/) {
  const GuestId id = run->guest;
  const auto claim =
      co_await guest::claim_power(self, context, id, "reboot", guest::Strength::shutdown, true);
  // Whoever held power may have ended it, or taken the changes back.
  if (self->find(id) != run || run->gone || run->end_wanted) co_return;
  if (!self->config(self->require(id)).config.has_pending()) co_return;
  // A daemon that dies leaves the start to the next one: by the record while that is there, by the
  // journal afterwards.
  co_await context.journal().will("vm.restart", {{"guest", id.number}, {"boot", sys::boot_id()}});
  run->record.restart = true;
  co_await self->save(run);
  co_await guest::end_run(self, context, run, sys::Milliseconds(10'000));
  context.cancel().check();
  co_await Machines::State::launch(self, context, id, StartOptions());
}

}  // namespace

void Machines::State::bring_changes_in(std::shared_ptr<Running> run) {
  const GuestId id = run->guest;
  const auto record = parts.registry.find(id);
  // Where one is starting already, the changes wait for the next reset.
  if (!record || run->end_wanted || starting.contains(id)) return;
  if (!config(*record).config.has_pending()) return;
  const auto restarts = std::make_shared<guest::Starting>(shared(), id);
  try {
    start_task({Identity{"root@pam", ""}, ""}, id, "reboot",
               [self = shared(), run, restarts](task::Context& context) {
                 return start_anew(self, context, run, restarts);
               });
  } catch (const Error& error) {
    sys::log_warning("machine {}: its changes wait on: {}", id.text(), error.what());
  }
}

namespace {

sys::Async<void> send_reset(std::shared_ptr<Machines::State> self, task::Context& context,
                            GuestId id, bool skip_lock) {
  const auto claim =
      co_await guest::claim_power(self, context, id, "reset", guest::Strength::reset, skip_lock);
  const auto run = self->require_running(id);
  // This reset is a reset, whatever waits for the next one by the guest.
  co_await run->qmp->execute("system_reset");
}

sys::Async<void> pause(std::shared_ptr<Machines::State> self, task::Context& context, GuestId id,
                       bool skip_lock) {
  const auto claim =
      co_await guest::claim_power(self, context, id, "suspend", guest::Strength::normal, skip_lock);
  const auto run = self->require_running(id);
  co_await run->qmp->execute("stop");
}

sys::Async<void> go_on(std::shared_ptr<Machines::State> self, task::Context& context, GuestId id,
                       bool skip_lock) {
  const auto claim =
      co_await guest::claim_power(self, context, id, "resume", guest::Strength::normal, skip_lock);
  const auto run = self->require_running(id);
  const json::value status = co_await run->qmp->execute("query-status");
  if (text_member(status.as_object(), "status") == "suspended") {
    co_await run->qmp->execute("system_wakeup");
  } else {
    co_await run->qmp->execute("cont");
  }
}

}  // namespace

task::Upid Machines::power_on(Caller caller, GuestId id, StartOptions options) {
  state_->require(id);
  state_->check(caller, id, access::Privilege::vm_power);
  if ((!options.machine.empty() || !options.cpu.empty()) && !caller.user.is_root()) {
    throw Error::parameter(options.machine.empty() ? "force-cpu" : "machine",
                           "Only root may use this option.");
  }
  const auto self = state_;
  return state_->start_task(caller, id, "start", [self, id, options](task::Context& context) {
    return State::power_on(self, context, id, options);
  });
}

task::Upid Machines::power_off(Caller caller, GuestId id, StopOptions options) {
  return guest::power_off(state_, std::move(caller), id, options);
}

task::Upid Machines::shut_down(Caller caller, GuestId id, StopOptions options) {
  return guest::shut_down(state_, std::move(caller), id, options);
}

task::Upid Machines::reset(Caller caller, GuestId id, bool skip_lock) {
  state_->require(id);
  state_->check(caller, id, access::Privilege::vm_power);
  state_->require_running(id);
  const auto self = state_;
  return state_->start_task(caller, id, "reset", [self, id, skip_lock](task::Context& context) {
    return send_reset(self, context, id, skip_lock);
  });
}

task::Upid Machines::reboot(Caller caller, GuestId id, std::chrono::seconds timeout) {
  return guest::reboot(state_, std::move(caller), id, timeout);
}

task::Upid Machines::destroy(Caller caller, GuestId id, Deletion deletion) {
  return guest::destroy(state_, std::move(caller), id, deletion);
}

task::Upid Machines::suspend(Caller caller, GuestId id, bool to_disk, bool skip_lock) {
  state_->require(id);
  state_->check(caller, id, access::Privilege::vm_power);
  state_->require_running(id);
  if (to_disk) throw Error::not_implemented("suspend to disk", "status/suspend");
  const auto self = state_;
  return state_->start_task(caller, id, "pause", [self, id, skip_lock](task::Context& context) {
    return pause(self, context, id, skip_lock);
  });
}

task::Upid Machines::resume(Caller caller, GuestId id, bool skip_lock, bool no_check) {
  state_->require(id);
  state_->check(caller, id, access::Privilege::vm_power);
  if (!no_check) state_->require_running(id);
  const auto self = state_;
  return state_->start_task(caller, id, "resume", [self, id, skip_lock](task::Context& context) {
    return go_on(self, context, id, skip_lock);
  });
}

}  // namespace posada::vm
