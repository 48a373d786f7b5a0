// Power operations (machine_state.h).
#include "access/permissions.h"
#include "base/error.h"
#include "base/failpoint.h"
#include "sys/log.h"
#include "vm/machine_state.h"

namespace posada::vm {

namespace {

constexpr sys::Milliseconds quit_patience(10000);
constexpr std::chrono::seconds shutdown_patience(60);
constexpr sys::Milliseconds look_again(200);

const std::vector<guest::Wanted> power_claim = {{guest::Aspect::power, "", false}};

// False when the time is over first; a cancel throws.
sys::Async<bool> ended_within(std::shared_ptr<Running> run, task::Context& context,
                              sys::Milliseconds time, sys::Clock& clock) {
  const auto until = clock.boot_time() + time;
  while (!run->ended.is_set()) {
    context.cancel().check();
    if (clock.boot_time() >= until) co_return false;
    co_await run->ended.wait_for(look_again);
  }
  co_return true;
}

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

sys::Async<void> Machines::State::power_on(std::shared_ptr<State> self, task::Context& context,
                                           GuestId id, StartOptions options) {
  const auto claim =
      co_await self->parts.claims.acquire(id, power_claim, self->holder(context, "start"));
  const auto record = self->require(id);
  const auto& config = self->config(record).config;
  self->check_lock(config, options.skip_lock);
  if (flag(config.main, "template", false)) {
    throw Error::failed("vm.template", "you can't start a vm if it's a template");
  }
  if (self->find(id)) {
    throw Error::failed("vm.already-running", "VM " + id.text() + " already running");
  }
  co_await launch(self, context, id, options);
}

sys::Async<void> Machines::State::power_off(std::shared_ptr<State> self, task::Context& context,
                                            GuestId id, StopOptions options) {
  const auto claim = co_await self->parts.claims.acquire(
      id, power_claim, self->holder(context, "stop", guest::Strength::stop));
  self->check_lock(self->config(self->require(id)).config, options.skip_lock);
  const auto run = self->find(id);
  if (!run) co_return;
  const sys::Milliseconds patience =
      options.timeout.count() > 0 ? sys::Milliseconds(options.timeout) : quit_patience;
  co_await kill(self, run, patience);
}

sys::Async<bool> Machines::State::ask_to_shut_down(std::shared_ptr<State> self,
                                                   task::Context& context,
                                                   std::shared_ptr<Running> run,
                                                   std::chrono::seconds timeout) {
  if (!run->qmp || run->qmp->closed()) throw not_running(run->record.guest);
  // A paused guest hears no button.
  if (run->state == "paused") co_await run->qmp->execute("cont");
  bool told = false;
  if (agent_enabled(run->record.config)) {
    try {
      co_await run->agent->tell("guest-shutdown", {{"mode", "powerdown"}});
      told = true;
    } catch (const Error& error) {
      context.log(std::string("guest agent: ") + error.what() + " - using ACPI instead");
    }
  }
  run->end_wanted = true;
  if (!told) co_await run->qmp->execute("system_powerdown");
  run->end_wanted =
      co_await ended_within(run, context, sys::Milliseconds(timeout), self->parts.clock);
  co_return run->end_wanted;
}

sys::Async<void> Machines::State::shut_down(std::shared_ptr<State> self, task::Context& context,
                                            GuestId id, StopOptions options) {
  const auto claim = co_await self->parts.claims.acquire(
      id, power_claim, self->holder(context, "shutdown", guest::Strength::shutdown));
  const auto& config = self->config(self->require(id)).config;
  self->check_lock(config, options.skip_lock);
  const auto run = self->find(id);
  if (!run) co_return;
  auto timeout = options.timeout;
  if (timeout.count() == 0) {
    const auto startup = startup_format().parse(config.main.get("startup"));
    timeout =
        std::chrono::seconds(guest::property_integer(startup, "down", shutdown_patience.count()));
  }
  if (co_await ask_to_shut_down(self, context, run, timeout)) co_return;
  if (!options.force) {
    throw Error::failed("vm.shutdown-timeout", "VM quit/powerdown failed - got timeout")
        .with_hint("The guest did not react. Stop it, or shut it down with forceStop.");
  }
  // What was asked for, so no warning: clients take any end but OK as a failure.
  context.log("VM still running - terminating now");
  co_await kill(self, run, quit_patience);
}

sys::Async<void> Machines::State::reboot(std::shared_ptr<State> self, task::Context& context,
                                         GuestId id, std::chrono::seconds timeout) {
  const auto claim = co_await self->parts.claims.acquire(
      id, power_claim, self->holder(context, "reboot", guest::Strength::shutdown));
  self->check_lock(self->config(self->require(id)).config, false);
  const auto run = self->find(id);
  if (!run) throw not_running(id);
  const auto time = timeout.count() > 0 ? timeout : shutdown_patience;
  if (!co_await ask_to_shut_down(self, context, run, time)) {
    throw Error::failed("vm.shutdown-timeout", "VM quit/powerdown failed - got timeout");
  }
  co_await launch(self, context, id, StartOptions());
}

namespace {

sys::Async<void> send_reset(std::shared_ptr<Machines::State> self, task::Context& context,
                            GuestId id, bool skip_lock) {
  const auto claim = co_await self->parts.claims.acquire(
      id, power_claim, self->holder(context, "reset", guest::Strength::reset));
  self->check_lock(self->config(self->require(id)).config, skip_lock);
  const auto run = self->require_running(id);
  if (!run->ends_at_reset.value_or(false)) {
    co_await run->qmp->execute("system_reset");
    co_return;
  }
  // This reset is a reset, whatever waits for the next one by the guest.
  const auto resets = run->qmp->send("set-action", {{"reboot", "reset"}});
  const auto reset = run->qmp->send("system_reset");
  const auto ends = run->qmp->send("set-action", {{"reboot", "shutdown"}});
  co_await run->qmp->answer(resets);
  co_await run->qmp->answer(reset);
  co_await run->qmp->answer(ends);
}

sys::Async<void> pause(std::shared_ptr<Machines::State> self, task::Context& context, GuestId id,
                       bool skip_lock) {
  const auto claim =
      co_await self->parts.claims.acquire(id, power_claim, self->holder(context, "suspend"));
  self->check_lock(self->config(self->require(id)).config, skip_lock);
  const auto run = self->require_running(id);
  co_await run->qmp->execute("stop");
}

sys::Async<void> go_on(std::shared_ptr<Machines::State> self, task::Context& context, GuestId id,
                       bool skip_lock) {
  const auto claim =
      co_await self->parts.claims.acquire(id, power_claim, self->holder(context, "resume"));
  self->check_lock(self->config(self->require(id)).config, skip_lock);
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
  return state_->parts.tasks.start({"qmstart", id.text(), caller.user, caller.request},
                                   [self, id, options](task::Context& context) {
                                     return State::power_on(self, context, id, options);
                                   });
}

task::Upid Machines::power_off(Caller caller, GuestId id, StopOptions options) {
  state_->require(id);
  state_->check(caller, id, access::Privilege::vm_power);
  const auto self = state_;
  return state_->parts.tasks.start({"qmstop", id.text(), caller.user, caller.request},
                                   [self, id, options](task::Context& context) {
                                     return State::power_off(self, context, id, options);
                                   });
}

task::Upid Machines::shut_down(Caller caller, GuestId id, StopOptions options) {
  state_->require(id);
  state_->check(caller, id, access::Privilege::vm_power);
  const auto self = state_;
  return state_->parts.tasks.start({"qmshutdown", id.text(), caller.user, caller.request},
                                   [self, id, options](task::Context& context) {
                                     return State::shut_down(self, context, id, options);
                                   });
}

task::Upid Machines::reset(Caller caller, GuestId id, bool skip_lock) {
  state_->require(id);
  state_->check(caller, id, access::Privilege::vm_power);
  state_->require_running(id);
  const auto self = state_;
  return state_->parts.tasks.start({"qmreset", id.text(), caller.user, caller.request},
                                   [self, id, skip_lock](task::Context& context) {
                                     return send_reset(self, context, id, skip_lock);
                                   });
}

task::Upid Machines::reboot(Caller caller, GuestId id, std::chrono::seconds timeout) {
  state_->require(id);
  state_->check(caller, id, access::Privilege::vm_power);
  state_->require_running(id);
  const auto self = state_;
  return state_->parts.tasks.start({"qmreboot", id.text(), caller.user, caller.request},
                                   [self, id, timeout](task::Context& context) {
                                     return State::reboot(self, context, id, timeout);
                                   });
}

task::Upid Machines::suspend(Caller caller, GuestId id, bool to_disk, bool skip_lock) {
  state_->require(id);
  state_->check(caller, id, access::Privilege::vm_power);
  state_->require_running(id);
  if (to_disk) throw Error::not_implemented("suspend to disk", "status/suspend");
  const auto self = state_;
  return state_->parts.tasks.start({"qmpause", id.text(), caller.user, caller.request},
                                   [self, id, skip_lock](task::Context& context) {
                                     return pause(self, context, id, skip_lock);
                                   });
}

task::Upid Machines::resume(Caller caller, GuestId id, bool skip_lock, bool no_check) {
  state_->require(id);
  state_->check(caller, id, access::Privilege::vm_power);
  if (!no_check) state_->require_running(id);
  const auto self = state_;
  return state_->parts.tasks.start({"qmresume", id.text(), caller.user, caller.request},
                                   [self, id, skip_lock](task::Context& context) {
                                     return go_on(self, context, id, skip_lock);
                                   });
}

}  // namespace posada::vm
