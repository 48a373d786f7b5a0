// Power operations (machine_state.h).
#include "guest/power.h"

#include "access/permissions.h"
#include "base/error.h"
#include "guest/destroy.h"
#include "sys/log.h"
#include "vm/machine_state.h"

namespace posada::vm {

namespace {

bool agent_enabled(const guest::ConfigSection& config) {
  return config.has("agent") &&
         guest::property_flag(agent_format().parse(config.get("agent")), "enabled");
}

}  // namespace

sys::Async<void> Machines::State::kill(std::shared_ptr<State> self, std::shared_ptr<Running> run,
                                       sys::Milliseconds patience) {
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
  (void)self;
}

sys::Async<void> Machines::State::apply_waiting(task::Context& context, GuestId id) {
  co_await apply_pending(shared(), context, require(id));
}

sys::Async<void> Machines::State::launch_guest(task::Context& context, GuestId id) {
  co_await launch(shared(), context, id, StartOptions());
}

sys::Async<void> Machines::State::end_hard(std::shared_ptr<guest::Run> run,
                                           sys::Milliseconds patience) {
  co_await kill(shared(), std::static_pointer_cast<Running>(run), patience);
}

sys::Async<void> Machines::State::ask_to_end(task::Context& context,
                                             std::shared_ptr<guest::Run> ended) {
  const auto run = std::static_pointer_cast<Running>(ended);
  if (!run->qmp || run->qmp->closed()) throw not_running(run->guest);
  // A paused guest hears no button.
  if (run->state == "paused") co_await run->qmp->execute("cont");
  if (agent_enabled(run->record.config)) {
    try {
      co_await run->agent->tell("guest-shutdown", {{"mode", "powerdown"}});
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
  co_await launch(self, context, id, options);
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
