// Moving a disk to another storage or format (machine_state.h).
//
// Of a machine that runs, QEMU mirrors the disk. Once both sides are the same, every write goes to
// both, so it does not matter which of the two the config names; it is changed then, and only then
// does QEMU let go of the old side. Whatever dies on the way, the config names a whole disk.
#include "access/permissions.h"
#include "base/error.h"
#include "base/failpoint.h"
#include "base/text.h"
#include "guest/change.h"
#include "storage/volume_id.h"
#include "vm/block_nodes.h"
#include "vm/config_edit.h"
#include "vm/machine_state.h"

namespace posada::vm {

using access::Privilege;

namespace {

constexpr sys::Milliseconds look_again(200);

struct Move {
  guest::Record record;
  Drive before, after;
  storage::Volume target;
  std::shared_ptr<Running> run;
  std::string job, old_node, new_node;
  int new_set = 0;
  std::int64_t rate = 0;  // bytes a second; 0: no limit
};

std::optional<json::object> job_of(const json::value& jobs, std::string_view id) {
  for (const json::value& job : jobs.as_array()) {
    if (text_member(job.as_object(), "id") == id) return job.as_object();
  }
  return std::nullopt;
}

// From QEMU 8.2 on it says so; before, a mirror that blocks writes is the same once it is ready.
bool is_synced(const json::value& jobs, std::string_view id) {
  for (const json::value& job : jobs.as_array()) {
    const json::object& facts = job.as_object();
    if (text_member(facts, "device") != id) continue;
    const auto* synced = facts.if_contains("actively-synced");
    return synced == nullptr || (synced->is_bool() && synced->as_bool());
  }
  return false;
}

// Waits until the job has ended and takes it out of QEMU's list; why it failed, if it did.
sys::Async<std::string> bury(std::shared_ptr<Machines::State> self, std::shared_ptr<Running> run,
                             std::string id) {
  for (;;) {
    const json::value jobs = co_await run->qmp->execute("query-jobs");
    const auto job = job_of(jobs, id);
    if (!job) co_return std::string();
    if (text_member(*job, "status") == "concluded") {
      co_await run->qmp->execute("job-dismiss", {{"id", id}});
      co_return text_member(*job, "error").value_or("");
    }
    co_await self->parts.clock.sleep(look_again);
  }
}

// Ends a job that an earlier, interrupted move has left.
sys::Async<void> clear_job(std::shared_ptr<Machines::State> self, std::shared_ptr<Running> run,
                           std::string id) {
  const json::value jobs = co_await run->qmp->execute("query-jobs");
  const auto job = job_of(jobs, id);
  if (!job) co_return;
  if (text_member(*job, "status") != "concluded") {
    co_await run->qmp->execute("job-cancel", {{"id", id}});
  }
  co_await bury(self, run, id);
}

// The node goes and its file is closed.
sys::Async<void> drop_node(std::shared_ptr<Running> run, std::string node, std::optional<int> set) {
  co_await run->qmp->execute("blockdev-del", {{"node-name", node}});
  co_await take_set(run, set);
}

sys::Async<void> begin_mirror(std::shared_ptr<Machines::State> self, Move& move) {
  co_await clear_job(self, move.run, move.job);
  const auto nodes = co_await block_nodes(*move.run->qmp);
  const auto found = nodes.find(move.before.key);
  if (found == nodes.end()) {
    throw Error::failed("vm.disk-absent",
                        "the running machine has no disk '" + move.before.key + "'");
  }
  move.old_node = found->second;
  const auto old_sets = move.run->record.sets;
  const DiskSource source = co_await hand_disk(self, move.run, move.after);
  move.new_set = move.run->record.sets.at(move.after.key);
  move.run->record.sets = old_sets;
  const std::string name = "drive-" + move.after.key + "-" + std::to_string(move.new_set);
  const HostFacts host = co_await self->host();
  json::object node = block_node(move.after, source, host.default_aio);
  node["node-name"] = name;
  co_await move.run->qmp->execute("blockdev-add", std::move(node));
  move.new_node = name;
  failpoint("vm.move.node");
  co_await move.run->qmp->execute("blockdev-mirror", {{"job-id", move.job},
                                                      {"device", move.old_node},
                                                      {"target", move.new_node},
                                                      {"sync", "full"},
                                                      {"copy-mode", "write-blocking"},
                                                      {"speed", move.rate},
                                                      {"auto-dismiss", false}});
}

// Until both sides are the same and stay so.
sys::Async<void> mirror(std::shared_ptr<Machines::State> self, task::Context& context,
                        const Move& move) {
  for (;;) {
    context.cancel().check();
    const json::value jobs = co_await move.run->qmp->execute("query-jobs");
    const auto job = job_of(jobs, move.job);
    if (!job || text_member(*job, "status") == "concluded") {
      throw Error::failed("vm.mirror",
                          "mirroring '" + move.before.key + "' failed: " +
                              (job ? text_member(*job, "error").value_or("") : "the job is gone"));
    }
    const auto done = integer_member(*job, "current-progress").value_or(0);
    const auto all = integer_member(*job, "total-progress").value_or(0);
    if (all > 0) {
      context.progress(static_cast<double>(done) / static_cast<double>(all),
                       "mirrored " + guest::print_size(static_cast<std::uint64_t>(done)));
    }
    const json::value blocks = co_await move.run->qmp->execute("query-block-jobs");
    if (text_member(*job, "status") == "ready" && is_synced(blocks, move.job)) co_return;
    co_await self->parts.clock.sleep(look_again);
  }
}

// The guest's disk stays where it was; the new side goes.
sys::Async<void> give_up(std::shared_ptr<Machines::State> self, const Move& move) {
  if (move.run->qmp->closed()) co_return;
  const json::value jobs = co_await move.run->qmp->execute("query-jobs");
  const auto job = job_of(jobs, move.job);
  if (job && text_member(*job, "status") != "concluded") {
    co_await move.run->qmp->execute("block-job-cancel", {{"device", move.job}, {"force", true}});
  }
  co_await bury(self, move.run, move.job);
  if (!move.new_node.empty()) {
    co_await drop_node(move.run, move.new_node, move.new_set);
  } else if (move.new_set > 0) {
    co_await take_set(move.run, move.new_set);
  }
}

void name_new(guest::GuestConfig& config, const Move& move) {
  config.main.values[move.after.key] = print_drive(move.after);
  guest::keep_unused(config.main, std::string(move.before.file()));
}

void name_old(guest::GuestConfig& config, const Move& move) {
  std::erase_if(config.main.values, [&](const auto& item) {
    return is_unused_key(item.first) && item.second == move.before.file();
  });
  config.main.values[move.before.key] = print_drive(move.before);
  guest::keep_unused(config.main, std::string(move.after.file()));
}

sys::Async<void> commit(std::shared_ptr<Machines::State> self, const Move& move,
                        std::string digest) {
  store::Transaction extra;
  self->parts.storages.adopt(move.target, extra);
  co_await self->parts.registry.edit(
      move.record, digest,
      [&](const std::string& text) {
        return self->changed_text(text, move.record.id, [&](guest::GuestConfig& config) {
          const auto now = drive(config.main, move.before.key);
          if (!now || now->file() != move.before.file()) {
            throw Error::failed("vm.disk-changed",
                                "disk '" + move.before.key + "' changed meanwhile");
          }
          name_new(config, move);
        });
      },
      std::move(extra));
  failpoint("vm.move.committed");
}

// QEMU lets go of the old side.
sys::Async<void> finish_mirror(std::shared_ptr<Machines::State> self, const Move& move) {
  co_await move.run->qmp->execute("job-complete", {{"id", move.job}});
  const std::string failure = co_await bury(self, move.run, move.job);
  if (!failure.empty()) {
    co_await self->parts.registry.edit(move.record, "", [&](const std::string& text) {
      return self->changed_text(text, move.record.id,
                                [&](guest::GuestConfig& config) { name_old(config, move); });
    });
    throw Error::failed("vm.mirror", "mirroring '" + move.before.key + "' failed: " + failure);
  }
  const auto old_set = move.run->record.sets.find(move.before.key);
  const auto number =
      old_set == move.run->record.sets.end() ? std::nullopt : std::optional(old_set->second);
  co_await drop_node(move.run, move.old_node, number);
  move.run->record.sets[move.after.key] = move.new_set;
  move.run->record.config.values[move.after.key] = print_drive(move.after);
  co_await self->save(move.run);
}

sys::Async<void> move_running(std::shared_ptr<Machines::State> self, task::Context& context,
                              Move& move, std::string digest) {
  std::exception_ptr failure;
  try {
    co_await begin_mirror(self, move);
    co_await mirror(self, context, move);
    co_await commit(self, move, digest);
  } catch (const Cancelled&) {
    failure = std::current_exception();
  } catch (const Error& error) {
    if (std::string_view(error.what()).starts_with("failpoint")) throw;
    failure = std::current_exception();
  }
  if (failure) {
    co_await give_up(self, move);
    std::rethrow_exception(failure);
  }
  co_await finish_mirror(self, move);
}

storage::Allocation target_of(const Move& move, const MoveOptions& options,
                              const std::string& task) {
  storage::Allocation allocation;
  const auto name = storage::parse_volume_name(storage::parse_volume_id(move.before.file()).name);
  allocation.storage = options.storage;
  allocation.owner = move.record.id;
  allocation.task = task;
  allocation.format = storage::format_from(options.format.empty() ? name.format : options.format);
  if (move.before.is_cloudinit()) allocation.stem = "cloudinit";
  return allocation;
}

void check_move(Machines::State& state, const Caller& caller, GuestId id,
                const MoveOptions& options) {
  const auto& config = state.config(state.require(id)).config;
  state.check(caller, id, Privilege::vm_config_disk);
  state.parts.permissions.check(caller.user, "/storage/" + options.storage,
                                Privilege::datastore_allocate_space);
  state.parts.storages.usable(options.storage, storage::Content::images);
  state.check_lock(config, false);
  const auto disk = is_drive_key(options.disk) ? drive(config.main, options.disk) : std::nullopt;
  if (!disk) throw Error::failed("vm.no-such-disk", "disk '" + options.disk + "' does not exist");
  if (!disk->names_volume() || disk->is_cdrom()) {
    throw Error::failed("vm.cdrom", "you can't move a cdrom");
  }
  const auto volume = storage::parse_volume_id(disk->file());
  const std::string format = storage::parse_volume_name(volume.name).format;
  if (volume.storage == options.storage && (options.format.empty() || options.format == format)) {
    throw Error::failed("vm.same-place", "you can't move to the same storage with same format");
  }
  for (const auto& [name, section] : config.snapshots) {
    const auto old = drive(section, options.disk);
    if (options.remove && old && old->file() == disk->file()) {
      throw Error::failed("vm.move-snapshot",
                          "you can't move a disk with snapshots and delete the source");
    }
  }
}

}  // namespace

sys::Async<void> Machines::State::move_disk(std::shared_ptr<State> self, task::Context& context,
                                            GuestId id, MoveOptions options) {
  const auto claim = co_await self->parts.claims.acquire(
      id, {{guest::Aspect::disk, options.disk, false}}, self->holder(context, "move"));
  // A machine that is off stays so: the copy is of a disk that nobody writes.
  guest::Claim stays_off;
  if (!self->find(id)) {
    stays_off = co_await self->parts.claims.acquire(id, {{guest::Aspect::power, "", true}},
                                                    self->holder(context, "move"));
  }
  Move move;
  move.record = self->require(id);
  const auto disk = drive(self->config(move.record).config.main, options.disk);
  if (!disk) throw Error::failed("vm.no-such-disk", "disk '" + options.disk + "' does not exist");
  move.before = move.after = *disk;
  move.job = "move-" + options.disk;
  move.rate = options.kib_per_second * 1024;
  move.run = self->find(id);
  const auto source = storage::parse_volume_id(disk->file());
  auto allocation = target_of(move, options, context.upid().text());
  const bool live = move.run && move.run->qmp && !move.run->qmp->closed();
  if (live && (disk->bus == "efidisk" || disk->bus == "tpmstate")) {
    throw Error::failed("vm.move-running",
                        "'" + options.disk + "' is moved while the machine is off")
        .with_hint("Shut the machine down first.");
  }
  if (live) {
    allocation.bytes = (co_await self->parts.storages.info(source)).bytes;
    move.target = co_await self->parts.storages.allocate(std::move(allocation), &context.journal());
  } else {
    move.target = co_await self->parts.storages.copy(context, source, std::move(allocation));
  }
  failpoint("vm.move.target");
  move.after.options["file"] = move.target.id.text();
  move.after.options["size"] = guest::print_size(move.target.bytes);
  move.after.options.erase("format");
  if (live) {
    co_await move_running(self, context, move, options.digest);
  } else {
    co_await commit(self, move, options.digest);
  }
  context.log(options.disk + ": " + source.text() + " -> " + move.target.id.text());
  if (!options.remove) co_return;
  std::vector<std::string> unused;
  const guest::ConfigSection now = self->config(move.record).config.main;
  for (const auto& [key, value] : now.values) {
    if (is_unused_key(key) && value == source.text()) unused.push_back(key);
  }
  auto removed =
      co_await guest::change_config(self, context, move.record, [&](guest::ConfigChanger& changer) {
        for (const std::string& key : unused) changer.unset(key, true);
      });
  co_await guest::drop_volumes(self, context, move.record, std::move(removed));
}

task::Upid Machines::move_disk(Caller caller, GuestId id, MoveOptions options) {
  const auto self = state_;
  check_move(*self, caller, id, options);
  return self->parts.tasks.start({"qmmove", id.text(), caller.user, caller.request},
                                 [self, id, options](task::Context& context) {
                                   return State::move_disk(self, context, id, options);
                                 });
}

}  // namespace posada::vm
