#include "vm/disk_snapshots.h"

#include "base/error.h"
#include "base/failpoint.h"
#include "storage/volume_id.h"
#include "sys/channel.h"
#include "sys/file.h"
#include "sys/process.h"
#include "vm/block_nodes.h"

namespace posada::vm {

namespace {

constexpr int image_descriptor = 9;
constexpr sys::Milliseconds live_patience(60'000);
constexpr sys::Milliseconds tool_patience(600'000);
constexpr sys::Milliseconds end_patience(30'000);

// All disks at one moment: QEMU drains them together.
sys::Async<void> create_live(Qmp& qmp, const std::string& name, const std::vector<Drive>& disks) {
  json::array actions;
  const BlockNodes nodes = co_await block_nodes(qmp);
  for (const Drive& disk : disks) {
    actions.push_back({{"type", "blockdev-snapshot-internal-sync"},
                       {"data", {{"device", node_of(nodes, disk.key)}, {"name", name}}}});
  }
  if (actions.empty()) co_return;
  co_await qmp.execute("transaction", {{"actions", std::move(actions)}}, live_patience);
}

bool is_absent(const Error& error) {
  return std::string_view(error.what()).find("does not exist") != std::string_view::npos;
}

sys::Async<void> remove_live(Qmp& qmp, const std::string& name, const std::vector<Drive>& disks) {
  const BlockNodes nodes = co_await block_nodes(qmp);
  for (const Drive& disk : disks) {
    try {
      co_await qmp.execute("blockdev-snapshot-delete-internal-sync",
                           {{"device", node_of(nodes, disk.key)}, {"name", name}}, live_patience);
    } catch (const Error& error) {
      if (!is_absent(error)) throw;
    }
    failpoint("vm.snapshot.disk-removed");
  }
}

// QEMU follows no name that stands in an image: the layers below are not needed for this.
json::object image_graph() {
  return {
      {"driver", "qcow2"},
      {"file", {{"driver", "file"}, {"filename", "/dev/fd/" + std::to_string(image_descriptor)}}},
      {"backing", nullptr}};
}

sys::Async<sys::Finished> run_tool(const sys::Fd& image, std::vector<std::string> arguments) {
  sys::Command command;
  command.arguments = {"qemu-img", "snapshot"};
  command.arguments.insert(command.arguments.end(), arguments.begin(), arguments.end());
  command.arguments.push_back("json:" + json::serialize(image_graph()));
  command.descriptors[image_descriptor] = image.get();
  co_return co_await sys::run(std::move(command), {}, tool_patience);
}

sys::Async<void> step_offline(std::shared_ptr<Machines::State> self, SnapshotStep step,
                              std::string name, Drive disk) {
  const auto opened = co_await self->parts.storages.open(storage::parse_volume_id(disk.file()),
                                                         storage::Access::read_write);
  const char* option = step == SnapshotStep::create   ? "-c"
                       : step == SnapshotStep::remove ? "-d"
                                                      : "-a";
  const auto finished = co_await run_tool(opened.read_write, {option, name});
  if (finished.status == 0) co_return;
  if (step == SnapshotStep::remove) {
    const auto listed = co_await run_tool(opened.read_write, {"-l"});
    // Its lines hold the name between blanks; one that is not there needs no removal.
    if (listed.status == 0 && listed.output.find(" " + name + " ") == std::string::npos) co_return;
  }
  throw Error::failed(
      "vm.snapshot",
      "snapshot '" + name + "' of " + disk.key + ": " +
          (finished.errors.empty() ? "qemu-img ended with status " + std::to_string(finished.status)
                                   : finished.errors.substr(0, 500)));
}

// A monitor of the machine, when it runs. After a crash of the daemon an undo comes before the
// machine is adopted: then over the second socket, which nobody else holds.
struct Monitor {
  std::shared_ptr<Running> run;
  std::unique_ptr<Qmp> own;
  Qmp* get() const { return own ? own.get() : run ? run->qmp.get() : nullptr; }
};

sys::Async<Monitor> monitor_of(std::shared_ptr<Machines::State> self, GuestId id) {
  Monitor result;
  result.run = self->find(id);
  if (result.run && (!result.run->qmp || result.run->qmp->closed())) {
    // Its process has ended, and what is left of it is being cleared away; then it is off.
    if (!co_await result.run->ended.wait_for(end_patience)) (void)self->require_running(id);
    result.run = self->find(id);
  }
  if (result.run) {
    (void)self->require_running(id);
    co_return result;
  }
  const std::string socket = self->folder(id) + "/qmp-worker";
  if (!sys::exists(socket)) co_return result;
  try {
    result.own = std::make_unique<Qmp>(self->parts.executor,
                                       co_await sys::connect_unix(self->parts.executor, socket));
    co_await result.own->greet();
  } catch (const Error&) {
    result.own.reset();  // nobody listens: what is left of a run that has ended
  }
  co_return result;
}

}  // namespace

std::vector<Drive> snapshot_disks(const guest::ConfigSection& section) {
  std::vector<Drive> result;
  for (Drive& disk : drives(section)) {
    if (!disk.names_volume() || disk.is_cdrom() || disk.is_cloudinit()) continue;
    const auto volume = storage::try_parse_volume_id(disk.file());
    const auto name = volume ? storage::try_parse_volume_name(volume->name) : std::nullopt;
    if (!name || name->format != "qcow2") {
      throw Error::failed("vm.no-snapshots", "snapshot feature is not available",
                          {{"disk", disk.key}})
          .with_hint("Disk " + disk.key + " is not of the format qcow2; move it to that format.");
    }
    result.push_back(std::move(disk));
  }
  return result;
}

sys::Async<void> snapshot_step(std::shared_ptr<Machines::State> self, GuestId id, SnapshotStep step,
                               std::string name, std::vector<Drive> disks) {
  const Monitor monitor = co_await monitor_of(self, id);
  if (Qmp* qmp = monitor.get()) {
    if (step == SnapshotStep::go_back) {
      throw Error::failed("vm.running", "VM " + id.text() + " is running");
    }
    if (step == SnapshotStep::create) {
      co_await create_live(*qmp, name, disks);
    } else {
      co_await remove_live(*qmp, name, disks);
    }
    co_return;
  }
  for (const Drive& disk : disks) {
    co_await step_offline(self, step, name, disk);
    failpoint("vm.snapshot.disk");
  }
}

}  // namespace posada::vm
