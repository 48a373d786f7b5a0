// Power operations (container_state.h).
#include "access/permissions.h"
#include "base/error.h"
#include "base/failpoint.h"
#include "base/text.h"
#include "ct/container_state.h"
#include "storage/volume_id.h"
#include "sys/file.h"

namespace posada::ct {

namespace {

constexpr int kill_signal = 9;
constexpr std::chrono::seconds shutdown_patience(60);
constexpr sys::Milliseconds start_patience(60000);
constexpr sys::Milliseconds kill_patience(10000);
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

// The signal on which this process 1 powers off.
int halt_signal(int init) {
  constexpr int user2 = 12, power = 30, systemd_halt = 34 + 3;
  const auto maps =
      sys::read_file_if_exists("/proc/" + std::to_string(init) + "/maps").value_or("");
  if (maps.find("busybox") != std::string::npos) return user2;
  if (maps.find("systemd") != std::string::npos) return systemd_halt;
  return power;
}

json::object mount_order(Containers::State& state, const MountPoint& mount) {
  json::object result{{"name", mount.key}, {"read_only", mount.flag("ro")}};
  if (mount.names_volume()) {
    const auto volume = storage::parse_volume_id(mount.source());
    const auto name = storage::parse_volume_name(volume.name);
    result["source"] = state.parts.storages.path(volume);
    result["image"] = name.format != "subvol";
  } else {
    result["source"] = mount.source();
    result["image"] = false;
  }
  std::string data;
  const auto options = mount.options.find("mountoptions");
  for (const std::string& option :
       split_list(options == mount.options.end() ? "" : options->second, ";")) {
    if (option == "discard" || option == "lazytime")
      data += (data.empty() ? "" : ",") + option;
    else
      result[option] = true;
  }
  if (result.at("image").as_bool()) result["data"] = data;
  return result;
}

// Writes the run folder of a start.
void write_order(Containers::State& state, GuestId id, const guest::ConfigSection& config,
                 std::int64_t now) {
  const std::string place = state.folder(id);
  sys::remove_tree(place);
  sys::make_directories(place, 0700);
  json::array mount_list;
  for (const MountPoint& mount : mounts(config)) mount_list.push_back(mount_order(state, mount));
  guest::GuestConfig whole;
  whole.main = config;
  const bool unprivileged = flag(config, "unprivileged", false);
  const json::object order{{"instance", state.settings.instance},
                           {"network", state.parts.network_namespace()},
                           {"id_first", unprivileged ? state.settings.first_id : 0},
                           {"id_count", unprivileged ? state.settings.id_count : 0},
                           {"mounts", std::move(mount_list)},
                           {"started", now},
                           {"config", guest::write_config(std::move(whole), grammar())}};
  Places places;
  places.group = state.group(id);
  places.log = place + "/lxc.log";
  places.mount_root = "/run/posada-lxc";
  places.first_id = state.settings.first_id;
  places.id_count = state.settings.id_count;
  sys::write_file(place + "/config", lxc_config(id, config, state.host(), places), 0600);
  sys::write_file(place + "/order.json", json::serialize(order), 0600);
}

sys::Async<bool> ask_to_shut_down(std::shared_ptr<Containers::State> self, task::Context& context,
                                  std::shared_ptr<Running> run, std::chrono::seconds timeout) {
  co_await Containers::State::sample(self, run);  // finds process 1 after a reboot from inside
  const auto init = sys::adopt(self->parts.executor, run->init, sys::start_ticks(run->init));
  if (init) init->signal(halt_signal(run->init));
  co_return co_await ended_within(run, context, sys::Milliseconds(timeout), self->parts.clock);
}

std::chrono::seconds patience_of(const guest::ConfigSection& config, std::chrono::seconds asked) {
  if (asked.count() > 0) return asked;
  for (const std::string& part : split(config.get("startup"), ',')) {
    if (!part.starts_with("down=")) continue;
    if (const auto seconds = to_integer(part.substr(5))) return std::chrono::seconds(*seconds);
  }
  return shutdown_patience;
}

}  // namespace

sys::Async<void> Containers::State::launch(std::shared_ptr<State> self, task::Context& context,
                                           GuestId id) {
  co_await apply_pending(self, context, self->require(id));
  const guest::ConfigSection config = self->config(self->require(id)).config.main;
  if (!config.has("rootfs")) throw Error::failed("ct.no-rootfs", "the container has no rootfs");
  co_await context.journal().will("ct.run", {{"guest", id.number}});
  failpoint("ct.start.journalled");
  const std::int64_t now = self->parts.clock.wall_seconds();
  co_await self->files.run([self, id, config, now] { write_order(*self, id, config, now); });
  failpoint("ct.start.ordered");
  sys::Command command;
  command.arguments = {self->settings.program, "start", self->folder(id)};
  // The guest's own set-user-id programs must work.
  command.no_new_privileges = false;
  const auto finished = co_await sys::run(std::move(command), {}, start_patience);
  if (finished.status != 0) {
    const std::string reason(trim(finished.errors));
    throw Error::failed("ct.start", "unable to start container: " +
                                        (reason.empty() ? "posada-lxc ended with status " +
                                                              std::to_string(finished.status)
                                                        : reason));
  }
  failpoint("ct.start.started");
  co_await adopt(self, id);
  if (!self->find(id))
    throw Error::failed("ct.ended", "the container ended as soon as it had started");
}

sys::Async<void> Containers::State::power_on(std::shared_ptr<State> self, task::Context& context,
                                             GuestId id, bool skip_lock) {
  const auto claim =
      co_await self->parts.claims.acquire(id, power_claim, self->holder(context, "start"));
  const auto& config = self->config(self->require(id)).config;
  self->check_lock(config, skip_lock);
  if (flag(config.main, "template", false))
    throw Error::failed("ct.template", "you can't start a CT if it's a template");
  if (self->find(id))
    throw Error::failed("ct.already-running", "CT " + id.text() + " already running");
  co_await launch(self, context, id);
}

sys::Async<void> Containers::State::kill(std::shared_ptr<State> self,
                                         std::shared_ptr<Running> run) {
  const auto init = sys::adopt(self->parts.executor, run->init, sys::start_ticks(run->init));
  if (init) init->signal(kill_signal);
  if (co_await run->ended.wait_for(kill_patience)) co_return;
  co_await release(self, run->guest);
}

namespace {

sys::Async<void> stop_now(std::shared_ptr<Containers::State> self, task::Context& context,
                          GuestId id, bool skip_lock) {
  const auto claim = co_await self->parts.claims.acquire(
      id, power_claim, self->holder(context, "stop", guest::Strength::stop));
  self->check_lock(self->config(self->require(id)).config, skip_lock);
  if (const auto run = self->find(id)) co_await Containers::State::kill(self, run);
}

sys::Async<void> shut_down_now(std::shared_ptr<Containers::State> self, task::Context& context,
                               GuestId id, StopOptions options) {
  const auto claim = co_await self->parts.claims.acquire(
      id, power_claim, self->holder(context, "shutdown", guest::Strength::shutdown));
  const auto& config = self->config(self->require(id)).config;
  self->check_lock(config, options.skip_lock);
  const auto run = self->find(id);
  if (!run) co_return;
  const auto patience = patience_of(config.main, options.timeout);
  if (co_await ask_to_shut_down(self, context, run, patience)) co_return;
  if (!options.force)
    throw Error::failed("ct.shutdown-timeout", "container did not stop")
        .with_hint("The guest did not react. Stop it, or shut it down with forceStop.");
  // What was asked for, so no warning: clients take any end but OK as a failure.
  context.log("container still running - terminating now");
  co_await Containers::State::kill(self, run);
}

sys::Async<void> reboot_now(std::shared_ptr<Containers::State> self, task::Context& context,
                            GuestId id, std::chrono::seconds timeout) {
  const auto claim = co_await self->parts.claims.acquire(
      id, power_claim, self->holder(context, "reboot", guest::Strength::shutdown));
  const auto& config = self->config(self->require(id)).config;
  self->check_lock(config, false);
  const auto run = self->require_running(id);
  if (!co_await ask_to_shut_down(self, context, run, patience_of(config.main, timeout)))
    throw Error::failed("ct.shutdown-timeout", "container did not stop");
  co_await Containers::State::launch(self, context, id);
}

}  // namespace

task::Upid Containers::power_on(Caller caller, GuestId id, bool skip_lock) {
  state_->require(id);
  state_->check(caller, id, access::Privilege::vm_power);
  const auto self = state_;
  return state_->parts.tasks.start({"vzstart", id.text(), caller.user, caller.request},
                                   [self, id, skip_lock](task::Context& context) {
                                     return State::power_on(self, context, id, skip_lock);
                                   });
}

task::Upid Containers::power_off(Caller caller, GuestId id, bool skip_lock) {
  state_->require(id);
  state_->check(caller, id, access::Privilege::vm_power);
  const auto self = state_;
  return state_->parts.tasks.start({"vzstop", id.text(), caller.user, caller.request},
                                   [self, id, skip_lock](task::Context& context) {
                                     return stop_now(self, context, id, skip_lock);
                                   });
}

task::Upid Containers::shut_down(Caller caller, GuestId id, StopOptions options) {
  state_->require(id);
  state_->check(caller, id, access::Privilege::vm_power);
  const auto self = state_;
  return state_->parts.tasks.start({"vzshutdown", id.text(), caller.user, caller.request},
                                   [self, id, options](task::Context& context) {
                                     return shut_down_now(self, context, id, options);
                                   });
}

task::Upid Containers::reboot(Caller caller, GuestId id, std::chrono::seconds timeout) {
  state_->require(id);
  state_->check(caller, id, access::Privilege::vm_power);
  state_->require_running(id);
  const auto self = state_;
  return state_->parts.tasks.start({"vzreboot", id.text(), caller.user, caller.request},
                                   [self, id, timeout](task::Context& context) {
                                     return reboot_now(self, context, id, timeout);
                                   });
}

}  // namespace posada::ct
