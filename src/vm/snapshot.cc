// Snapshots of machines (machine_state.h). Each step is committed to the config by itself
// (guest/snapshots.h). A snapshot that was not finished is taken back; a removal or a rollback that
// has begun can only go forward, and is finished by the journal.
#include "access/permissions.h"
#include "base/error.h"
#include "base/failpoint.h"
#include "guest/power.h"
#include "guest/snapshots.h"
#include "sys/log.h"
#include "vm/config_edit.h"
#include "vm/disk_snapshots.h"
#include "vm/machine_state.h"

namespace posada::vm {

using access::Privilege;

namespace {

const std::vector<guest::Wanted> whole_guest = {{guest::Aspect::snapshot, "", false},
                                                {guest::Aspect::power, "", false}};

sys::Async<void> edit(std::shared_ptr<Machines::State> self, guest::Record record,
                      std::function<void(guest::GuestConfig&)> change) {
  co_await self->parts.registry.edit(record, "", [&](const std::string& text) {
    return self->changed_text(text, record.id, change);
  });
}

// Keeps the guest's file systems quiet while its disks are snapshotted. Best effort, as an agent
// is: without it the snapshot is what a power cut would leave, which is no warning (clients take
// one for a failure).
sys::Async<bool> freeze(std::shared_ptr<Running> run, task::Context& context) {
  const auto agent = agent_of(run->record.config);
  if (!guest::property_flag(agent, "enabled") || !guest::property_flag(agent, "freeze-fs", true)) {
    co_return false;
  }
  try {
    co_await run->agent->execute("guest-fsfreeze-freeze", {}, sys::Milliseconds(60'000));
    co_return true;
  } catch (const Error& error) {
    context.log(std::string("the guest's file systems are not frozen: ") + error.what());
  }
  co_return false;
}

sys::Async<void> thaw(std::shared_ptr<Running> run, task::Context& context) {
  try {
    co_await run->agent->execute("guest-fsfreeze-thaw", {}, sys::Milliseconds(60'000));
  } catch (const Error& error) {
    context.warn(std::string("the guest's file systems may still be frozen: ") + error.what());
  }
}

json::object details_of(const guest::Record& record, const std::string& name) {
  return {{"guest", record.id.number}, {"uuid", record.uuid}, {"name", name}};
}

std::vector<std::string> disk_volumes(const guest::ConfigSection& section) {
  std::vector<std::string> result;
  for (const Drive& disk : drives(section)) {
    if (disk.names_volume() && !disk.is_cdrom()) result.emplace_back(disk.file());
  }
  return result;
}

void settle_rollback(guest::GuestConfig& config, const std::string& name) {
  guest::finish_rollback(config, name, disk_volumes, guest::keep_unused);
}

}  // namespace

sys::Async<void> Machines::State::snapshot(std::shared_ptr<State> self, task::Context& context,
                                           GuestId id, SnapshotOptions options) {
  const auto claim =
      co_await self->parts.claims.acquire(id, whole_guest, self->holder(context, "snapshot"));
  const auto record = self->require(id);
  self->check_lock(self->config(record).config, false);
  const auto disks = snapshot_disks(self->config(record).config.main);
  const std::int64_t now = self->parts.clock.wall_seconds();
  co_await context.journal().will("vm.snapshot", details_of(record, options.name));
  failpoint("vm.snapshot.journalled");
  co_await edit(self, record, [&](guest::GuestConfig& config) {
    guest::begin_snapshot(config, options.name, options.description, now);
  });
  failpoint("vm.snapshot.begun");
  const auto run = self->find(id);
  const bool frozen = run && run->agent && co_await freeze(run, context);
  std::exception_ptr failure;
  try {
    co_await snapshot_step(self, id, SnapshotStep::create, options.name, disks);
  } catch (const Error&) {
    failure = std::current_exception();
  }
  if (frozen) co_await thaw(run, context);
  if (failure) std::rethrow_exception(failure);
  failpoint("vm.snapshot.made");
  co_await edit(self, record,
                [&](guest::GuestConfig& config) { guest::finish_snapshot(config, options.name); });
  for (const Drive& disk : disks) context.log("snapshotted '" + disk.key + "'");
  failpoint("vm.snapshot.finished");
}

namespace {

// The steps of a removal that has begun.
sys::Async<void> remove_rest(std::shared_ptr<Machines::State> self, guest::Record record,
                             std::string name, bool force) {
  const auto& config = self->config(record).config;
  const auto found = config.snapshots.find(name);
  if (found != config.snapshots.end()) {
    const auto disks = snapshot_disks(found->second);
    try {
      co_await snapshot_step(self, record.id, SnapshotStep::remove, name, disks);
    } catch (const Error& error) {
      if (!force) throw;
      sys::log_warning("machine {}: snapshot '{}' stays in its images: {}", record.id.text(), name,
                       error.what());
    }
  }
  failpoint("vm.snapshot-removal.removed");
  co_await edit(self, record,
                [&](guest::GuestConfig& now) { guest::finish_snapshot_removal(now, name); });
}

sys::Async<void> go_back_rest(std::shared_ptr<Machines::State> self, guest::Record record,
                              std::string name) {
  const auto disks = snapshot_disks(guest::rollback_target(self->config(record).config, name));
  co_await snapshot_step(self, record.id, SnapshotStep::go_back, name, disks);
  failpoint("vm.rollback.disks");
  co_await edit(self, record, [&](guest::GuestConfig& now) { settle_rollback(now, name); });
}

}  // namespace

sys::Async<void> Machines::State::remove_snapshot(std::shared_ptr<State> self,
                                                  task::Context& context, GuestId id,
                                                  std::string name, bool force) {
  const auto claim = co_await self->parts.claims.acquire(id, whole_guest,
                                                         self->holder(context, "snapshot-delete"));
  const auto record = self->require(id);
  const auto& config = self->config(record).config;
  // A removal that did not come to its end may be asked for again.
  if (config.main.get("lock") != "snapshot-delete") self->check_lock(config, false);
  auto details = details_of(record, name);
  details["work"] = "remove";
  details["force"] = force;
  const auto entry = co_await context.journal().will("vm.snapshot-work", std::move(details));
  failpoint("vm.snapshot-removal.journalled");
  co_await edit(self, record,
                [&](guest::GuestConfig& now) { guest::begin_snapshot_removal(now, name); });
  failpoint("vm.snapshot-removal.begun");
  std::exception_ptr failure;
  try {
    co_await remove_rest(self, record, name, force);
  } catch (const Error&) {
    failure = std::current_exception();
  }
  if (failure) {
    // Told to whoever asked; doing it once more would only fail once more.
    co_await context.journal().keep(entry);
    std::rethrow_exception(failure);
  }
}

sys::Async<void> Machines::State::roll_back(std::shared_ptr<State> self, task::Context& context,
                                            GuestId id, std::string name, bool start) {
  const auto claim = co_await self->parts.claims.acquire(
      id, whole_guest, self->holder(context, "rollback", guest::Strength::stop));
  const auto record = self->require(id);
  const auto& config = self->config(record).config;
  if (config.main.get("lock") != "rollback") self->check_lock(config, false);
  (void)snapshot_disks(guest::rollback_target(config, name));
  if (const auto run = self->find(id)) {
    context.log("stopping the machine");
    co_await guest::end_run(self, context, run, sys::Milliseconds(10'000));
    context.cancel().check();
  }
  failpoint("vm.rollback.stopped");
  auto details = details_of(record, name);
  details["work"] = "go-back";
  const auto entry = co_await context.journal().will("vm.snapshot-work", std::move(details));
  failpoint("vm.rollback.journalled");
  co_await edit(self, record, [&](guest::GuestConfig& now) { guest::begin_rollback(now, name); });
  failpoint("vm.rollback.begun");
  std::exception_ptr failure;
  try {
    co_await go_back_rest(self, record, name);
  } catch (const Error&) {
    failure = std::current_exception();
  }
  if (failure) {
    co_await context.journal().keep(entry);
    std::rethrow_exception(failure);
  }
  failpoint("vm.rollback.finished");
  co_await context.journal().keep(entry);
  if (start) co_await launch(self, context, id, StartOptions());
}

namespace {

std::optional<guest::Record> same_guest(Machines::State& state, const json::object& details) {
  const GuestId id{static_cast<std::uint32_t>(integer_member(details, "guest").value_or(0))};
  const auto record = state.parts.registry.find(id);
  if (!record || record->uuid != text_member(details, "uuid").value_or("")) return std::nullopt;
  return record;
}

}  // namespace

sys::Async<std::string> undo_snapshot(std::shared_ptr<Machines::State> state,
                                      json::object details) {
  if (!state) co_return std::string();
  const auto record = same_guest(*state, details);
  if (!record) co_return std::string();
  const std::string name = text_member(details, "name").value_or("");
  const auto& config = state->config(*record).config;
  const auto found = config.snapshots.find(name);
  // Another task made one of that name, or it was finished.
  if (found == config.snapshots.end() || found->second.get("snapstate") != "prepare") {
    co_return std::string();
  }
  const auto disks = snapshot_disks(found->second);
  co_await snapshot_step(state, record->id, SnapshotStep::remove, name, disks);
  co_await edit(state, *record,
                [&](guest::GuestConfig& now) { guest::forget_snapshot(now, name); });
  co_return "removed the unfinished snapshot '" + name + "' of machine " + record->id.text();
}

sys::Async<std::string> finish_snapshot_work(std::shared_ptr<Machines::State> state,
                                             json::object details) {
  if (!state) co_return std::string();
  const auto record = same_guest(*state, details);
  if (!record) co_return std::string();
  const std::string name = text_member(details, "name").value_or("");
  const std::string lock(state->config(*record).config.main.get("lock"));
  if (text_member(details, "work") == "remove") {
    if (lock != "snapshot-delete") co_return std::string();
    const auto* force = details.if_contains("force");
    co_await remove_rest(state, *record, name, force != nullptr && *force == json::value(true));
    co_return "finished removing snapshot '" + name + "' of machine " + record->id.text();
  }
  if (lock != "rollback") co_return std::string();
  co_await go_back_rest(state, *record, name);
  co_return "finished the rollback of machine " + record->id.text() + " to '" + name + "'";
}

task::Upid Machines::snapshot(Caller caller, GuestId id, SnapshotOptions options) {
  const auto self = state_;
  const auto record = self->require(id);
  self->check(caller, id, Privilege::vm_snapshot);
  const auto& config = self->config(record).config;
  if (options.memory) {
    throw Error::parameter("vmstate", "saving the memory in a snapshot is not supported yet");
  }
  if (options.name == "current" || options.name == "pending") {
    throw Error::parameter("snapname",
                           "unable to use snapshot name '" + options.name + "' (reserved name)");
  }
  if (!guest::is_config_id(options.name)) {
    throw Error::parameter("snapname", "invalid configuration ID '" + options.name + "'");
  }
  if (flag(config.main, "template", false)) {
    throw Error::failed("vm.template", "unable to create snapshot, because VM is a template");
  }
  (void)snapshot_disks(config.main);
  return self->parts.tasks.start({"qmsnapshot", id.text(), caller.user, caller.request},
                                 [self, id, options](task::Context& context) {
                                   return State::snapshot(self, context, id, options);
                                 });
}

task::Upid Machines::remove_snapshot(Caller caller, GuestId id, std::string name, bool force) {
  const auto self = state_;
  self->require(id);
  self->check(caller, id, Privilege::vm_snapshot);
  return self->parts.tasks.start({"qmdelsnapshot", id.text(), caller.user, caller.request},
                                 [self, id, name, force](task::Context& context) {
                                   return State::remove_snapshot(self, context, id, name, force);
                                 });
}

task::Upid Machines::roll_back(Caller caller, GuestId id, std::string name, bool start) {
  const auto self = state_;
  self->require(id);
  const std::string path = "/vms/" + id.text();
  self->parts.permissions.check(caller.user, path,
                                {Privilege::vm_snapshot, Privilege::vm_snapshot_rollback}, true);
  if (start) self->check(caller, id, Privilege::vm_power);
  return self->parts.tasks.start({"qmrollback", id.text(), caller.user, caller.request},
                                 [self, id, name, start](task::Context& context) {
                                   return State::roll_back(self, context, id, name, start);
                                 });
}

sys::Async<void> Machines::describe_snapshot(Caller caller, GuestId id, std::string name,
                                             std::string description) {
  const auto self = state_;
  const auto record = self->require(id);
  self->check(caller, id, Privilege::vm_snapshot);
  self->check_lock(self->config(record).config, false);
  co_await edit(self, record, [&](guest::GuestConfig& config) {
    const auto found = config.snapshots.find(name);
    if (found == config.snapshots.end()) {
      throw Error::failed("guest.no-snapshot", "snapshot '" + name + "' does not exist");
    }
    found->second.description =
        description.empty() ? std::nullopt : std::optional<std::string>(description);
  });
}

}  // namespace posada::vm
