// Power operations (container_state.h).
#include "guest/power.h"

#include "access/permissions.h"
#include "base/error.h"
#include "base/failpoint.h"
#include "base/text.h"
#include "ct/container_state.h"
#include "ct/guest_files.h"
#include "ct/options.h"
#include "guest/destroy.h"
#include "guest/hook.h"
#include "storage/volume_id.h"
#include "sys/file.h"

namespace posada::ct {

namespace {

constexpr sys::Milliseconds start_patience(60000);

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
                 const std::string& network, std::int64_t now) {
  const std::string place = state.folder(id);
  sys::remove_tree(place);
  sys::make_directories(place, 0700);
  json::array mount_list;
  for (const MountPoint& mount : mounts(config)) mount_list.push_back(mount_order(state, mount));
  guest::GuestConfig whole;
  whole.main = config;
  const bool unprivileged = flag(config, "unprivileged", false);
  const json::object order{{"instance", state.settings.instance},
                           {"network", network},
                           {"id_first", unprivileged ? state.settings.first_id : 0},
                           {"id_count", unprivileged ? state.settings.id_count : 0},
                           {"mounts", std::move(mount_list)},
                           {"started", now},
                           {"setup", rootfs::to_json(setup_of(id, config, names_of_host()))},
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

}  // namespace

sys::Async<void> Containers::State::launch(std::shared_ptr<State> self, task::Context& context,
                                           GuestId id) {
  const auto starting = co_await guest::begin_start(self, context, id);
  const guest::ConfigSection config = self->config(self->require(id)).config.main;
  if (!config.has("rootfs")) throw Error::failed("ct.no-rootfs", "the container has no rootfs");
  guest::refuse_unsupported(config, unsupported, "ct");
  co_await guest::run_hook(self, context, id, guest::Phase::pre_start);
  const std::string network = co_await self->network_namespace();
  const auto entry = co_await context.journal().will("ct.run", {{"guest", id.number}});
  failpoint("ct.start.journalled");
  const std::int64_t now = self->parts.clock.wall_seconds();
  co_await self->files.run(
      [self, id, config, network, now] { write_order(*self, id, config, network, now); });
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
  co_await context.journal().keep(entry);
  co_await guest::run_hook(self, context, id, guest::Phase::post_start);
}

sys::Async<void> Containers::State::launch_guest(task::Context& context, GuestId id) {
  co_await launch(shared(), context, id);
}

sys::Async<void> Containers::State::freeze(std::shared_ptr<State> self,
                                           std::shared_ptr<Running> run, bool frozen) {
  const std::string group = guest_group(self->group(run->guest));
  const bool done = co_await self->files.run(
      [self, group, frozen] { return self->cgroups.freeze(group, frozen); });
  if (!done && frozen)
    throw Error::failed("ct.freeze", "this host's kernel cannot freeze control groups");
  run->frozen = done && frozen;
}

sys::Async<void> Containers::State::ask_to_end(task::Context&, std::shared_ptr<guest::Run> ended,
                                               bool) {
  const auto run = std::static_pointer_cast<Running>(ended);
  if (run->frozen) co_await freeze(shared(), run, false);  // it hears nothing
  co_await sample(shared(), run);  // finds process 1 after a reboot from inside
  const auto init = sys::adopt(parts.executor, run->init, sys::start_ticks(run->init));
  if (init) init->signal(halt_signal(run->init));
}

sys::Async<void> Containers::State::end_hard(std::shared_ptr<guest::Run> ended,
                                             sys::Milliseconds patience) {
  const auto run = std::static_pointer_cast<Running>(ended);
  // Until its monitor has gone, the number of its process 1 is nobody else's.
  const auto init =
      run->gone ? std::nullopt : sys::adopt(parts.executor, run->init, sys::start_ticks(run->init));
  if (init) init->signal(kill_signal);
  if (run->frozen) co_await freeze(shared(), run, false);  // version 1 kills nothing frozen
  if (!co_await run->ended.wait_for(patience)) co_await release(shared(), run->guest);
}

sys::Async<void> Containers::State::power_on(std::shared_ptr<State> self, task::Context& context,
                                             GuestId id, bool skip_lock) {
  const auto claim = co_await guest::claim_start(self, context, id, skip_lock);
  co_await guest::run_start(self, context, id, launch(self, context, id));
}

task::Upid Containers::power_on(Caller caller, GuestId id, bool skip_lock) {
  state_->require(id);
  state_->check(caller, id, access::Privilege::vm_power);
  const auto self = state_;
  return state_->start_task(caller, id, "start", [self, id, skip_lock](task::Context& context) {
    return State::power_on(self, context, id, skip_lock);
  });
}

namespace {

sys::Async<void> freeze_now(std::shared_ptr<Containers::State> self, task::Context& context,
                            GuestId id, bool frozen) {
  const auto claim = co_await guest::claim_power(self, context, id, frozen ? "suspend" : "resume",
                                                 guest::Strength::normal, false);
  co_await Containers::State::freeze(self, self->require_running(id), frozen);
}

task::Upid start_freeze(std::shared_ptr<Containers::State> self, const Caller& caller, GuestId id,
                        bool frozen) {
  self->require(id);
  self->check(caller, id, access::Privilege::vm_power);
  self->require_running(id);
  return self->start_task(
      caller, id, frozen ? "suspend" : "resume",
      [self, id, frozen](task::Context& context) { return freeze_now(self, context, id, frozen); });
}

}  // namespace

task::Upid Containers::suspend(Caller caller, GuestId id) {
  return start_freeze(state_, caller, id, true);
}

task::Upid Containers::resume(Caller caller, GuestId id) {
  return start_freeze(state_, caller, id, false);
}

task::Upid Containers::power_off(Caller caller, GuestId id, StopOptions options) {
  return guest::power_off(state_, std::move(caller), id, options);
}

task::Upid Containers::shut_down(Caller caller, GuestId id, StopOptions options) {
  return guest::shut_down(state_, std::move(caller), id, options);
}

task::Upid Containers::reboot(Caller caller, GuestId id, std::chrono::seconds timeout) {
  return guest::reboot(state_, std::move(caller), id, timeout);
}

task::Upid Containers::destroy(Caller caller, GuestId id, Deletion deletion) {
  return guest::destroy(state_, std::move(caller), id, deletion);
}

}  // namespace posada::ct
