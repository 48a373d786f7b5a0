#include "guest/power.h"

#include "base/property_formats.h"
#include "guest/change.h"
#include "guest/hook.h"
#include "guest/properties.h"

namespace posada::guest {

namespace {

constexpr sys::Milliseconds end_patience(10000);
constexpr std::chrono::seconds default_patience(60);
constexpr sys::Milliseconds look_again(200);
// A guest that boots has not yet begun to listen when it is told for the first time.
constexpr sys::BootTime ask_again = std::chrono::seconds(5);

// False when the time is over first; a cancel throws.
sys::Async<bool> ended_within(std::shared_ptr<Guests> guests, task::Context& context,
                              std::shared_ptr<Run> run, sys::Milliseconds time) {
  const sys::Clock& clock = guests->parts.clock;
  const auto until = clock.boot_time() + time;
  auto next_call = clock.boot_time() + ask_again;
  while (!run->ended.is_set()) {
    if (run->gone) {
      // What is left is its hook script, which has its own time.
      co_await end_run(guests, context, run, end_patience);
      break;
    }
    context.cancel().check();
    if (clock.boot_time() >= until) co_return false;
    if (clock.boot_time() >= next_call) {
      co_await guests->ask_to_end(context, run, true);
      next_call = clock.boot_time() + ask_again;
    }
    co_await run->ended.wait_for(look_again);
  }
  co_return true;
}

// False when the guest has not ended in time.
sys::Async<bool> ask_and_wait(std::shared_ptr<Guests> guests, task::Context& context,
                              std::shared_ptr<Run> run, std::chrono::seconds timeout) {
  run->end_wanted = true;
  try {
    if (!run->gone) co_await guests->ask_to_end(context, run, false);
    run->end_wanted = co_await ended_within(guests, context, run, sys::Milliseconds(timeout));
  } catch (...) {
    run->end_wanted = false;  // whatever ends it later was not asked for
    throw;
  }
  co_return run->end_wanted;
}

sys::Async<void> run_pre_stop(std::shared_ptr<Guests> guests, task::Context& context,
                              std::shared_ptr<Run> run) {
  if (!run->gone) co_await run_hook(guests, context, run->guest, Phase::pre_stop);
}

sys::Async<void> end_script_at(sys::CancelToken cancel, std::shared_ptr<Run> run) {
  co_await cancel.wait();
  run->script.cancel(cancel.reason());
}

// The guest has ended: copies and snapshots made of it now hold what it will start with. Its end
// was asked for and has come, so what fails here is a warning; the next start tries again.
sys::Async<void> settle(std::shared_ptr<Guests> guests, task::Context& context, GuestId id) {
  try {
    co_await apply_waiting(guests, context, id);
  } catch (const Error& error) {
    if (std::string_view(error.what()).starts_with("failpoint")) throw;
    context.warn("waiting changes come in at the next start: " + error.wire());
  }
}

Error shutdown_failed(const Guests& guests) {
  return Error::failed(guests.words.code + ".shutdown-timeout", guests.words.shutdown_failed)
      .with_hint("The guest did not react. Stop it, or shut it down with forceStop.");
}

}  // namespace

std::chrono::seconds shutdown_patience(const ConfigSection& config, std::chrono::seconds asked) {
  if (asked.count() > 0) return asked;
  const auto startup = PropertyFormat(formats::pve_startup_order).parse(config.get("startup"));
  return std::chrono::seconds(property_integer(startup, "down", default_patience.count()));
}

sys::Async<void> end_run(std::shared_ptr<Guests> guests, task::Context& context,
                         std::shared_ptr<Run> run, sys::Milliseconds patience) {
  sys::Scope watch(guests->parts.executor);
  watch.spawn("hook script", end_script_at(context.cancel(), run));
  co_await guests->end_hard(run, patience);
  watch.stop();
  co_await watch.join();
}

sys::Async<std::shared_ptr<Starting>> begin_start(std::shared_ptr<Guests> guests,
                                                  task::Context& context, GuestId id) {
  auto starting = std::make_shared<Starting>(guests, id);
  // Whatever was being written before the mark was made is in the text after this.
  co_await guests->parts.registry.edit(guests->require(id), "",
                                       [](const std::string& text) { return text; });
  co_await apply_waiting(guests, context, id);
  co_return starting;
}

sys::Async<void> run_start(std::shared_ptr<Guests> guests, task::Context& context, GuestId id,
                           sys::Async<void> launch) {
  std::exception_ptr stopped;
  try {
    co_await std::move(launch);
  } catch (const Cancelled&) {
    stopped = std::current_exception();
  }
  if (!stopped) co_return;
  if (const auto run = guests->run_of(id)) co_await end_run(guests, context, run, end_patience);
  std::rethrow_exception(stopped);
}

sys::Async<Claim> claim_power(std::shared_ptr<Guests> guests, task::Context& context, GuestId id,
                              std::string operation, Strength strength, bool skip_lock) {
  auto claim = co_await guests->parts.claims.acquire(
      id, {{Aspect::power, "", false}}, guests->holder(context, std::move(operation), strength));
  guests->check_lock(guests->config(guests->require(id)).config, skip_lock);
  co_return claim;
}

sys::Async<Claim> claim_start(std::shared_ptr<Guests> guests, task::Context& context, GuestId id,
                              bool skip_lock) {
  auto claim = co_await claim_power(guests, context, id, "start", Strength::normal, skip_lock);
  const Words& words = guests->words;
  const auto& config = guests->config(guests->require(id)).config.main;
  if (to_boolean(config.get("template")).value_or(false))
    throw Error::failed(words.code + ".template", words.template_refusal);
  if (guests->run_of(id))
    throw Error::failed(words.code + ".already-running",
                        words.noun + " " + id.text() + " already running");
  co_return claim;
}

sys::Async<void> run_power_off(std::shared_ptr<Guests> guests, task::Context& context, GuestId id,
                               StopOptions options) {
  const auto claim =
      co_await claim_power(guests, context, id, "stop", Strength::stop, options.skip_lock);
  const auto run = guests->run_of(id);
  if (!run) co_return;
  co_await run_pre_stop(guests, context, run);
  const auto asked = sys::Milliseconds(options.timeout);
  co_await end_run(guests, context, run, asked.count() > 0 ? asked : end_patience);
  co_await settle(guests, context, id);
  context.cancel().check();
}

sys::Async<void> run_shut_down(std::shared_ptr<Guests> guests, task::Context& context, GuestId id,
                               StopOptions options) {
  const auto claim =
      co_await claim_power(guests, context, id, "shutdown", Strength::shutdown, options.skip_lock);
  const auto run = guests->run_of(id);
  if (!run) co_return;
  const auto& config = guests->config(guests->require(id)).config.main;
  const auto patience = shutdown_patience(config, options.timeout);
  co_await run_pre_stop(guests, context, run);
  if (!co_await ask_and_wait(guests, context, run, patience)) {
    if (!options.force) throw shutdown_failed(*guests);
    // What was asked for, so no warning: clients take any end but OK as a failure.
    context.log(guests->words.stops_now);
    co_await end_run(guests, context, run, end_patience);
  }
  co_await settle(guests, context, id);
  context.cancel().check();
}

sys::Async<void> run_reboot(std::shared_ptr<Guests> guests, task::Context& context, GuestId id,
                            std::chrono::seconds timeout) {
  const auto claim = co_await claim_power(guests, context, id, "reboot", Strength::shutdown, false);
  const auto run = guests->run_of(id);
  if (!run) throw guests->not_running(id);
  const auto patience = shutdown_patience(guests->config(guests->require(id)).config.main, timeout);
  co_await run_pre_stop(guests, context, run);
  const Starting restarts(guests, id);
  if (!co_await ask_and_wait(guests, context, run, patience)) throw shutdown_failed(*guests);
  context.cancel().check();
  co_await guests->launch_guest(context, id);
}

task::Upid power_off(std::shared_ptr<Guests> guests, Caller caller, GuestId id,
                     StopOptions options) {
  guests->require(id);
  guests->check(caller, id, access::Privilege::vm_power);
  return guests->start_task(caller, id, "stop", [guests, id, options](task::Context& context) {
    return run_power_off(guests, context, id, options);
  });
}

task::Upid shut_down(std::shared_ptr<Guests> guests, Caller caller, GuestId id,
                     StopOptions options) {
  guests->require(id);
  guests->check(caller, id, access::Privilege::vm_power);
  return guests->start_task(caller, id, "shutdown", [guests, id, options](task::Context& context) {
    return run_shut_down(guests, context, id, options);
  });
}

task::Upid reboot(std::shared_ptr<Guests> guests, Caller caller, GuestId id,
                  std::chrono::seconds timeout) {
  guests->require(id);
  guests->check(caller, id, access::Privilege::vm_power);
  if (!guests->run_of(id)) throw guests->not_running(id);
  return guests->start_task(caller, id, "reboot", [guests, id, timeout](task::Context& context) {
    return run_reboot(guests, context, id, timeout);
  });
}

}  // namespace posada::guest
