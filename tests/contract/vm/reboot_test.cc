// What a guest does to itself: resets and stops. Its system is a boot sector of a few bytes.
#include "contract/vm/machine_fixture.h"
#include "sys/channel.h"
#include "sys/folder.h"
#include "vm/qmp.h"

namespace posada::vm {
namespace {

using posada::testing::Node;
using posada::testing::with_node;

const GuestId id{100};

// Waits for a key, then asks the keyboard controller for a reset.
std::string resetting_sector() {
  const unsigned char code[] = {0x31, 0xc0,         // xor ax, ax
                                0xcd, 0x16,         // int 16h: waits for a key
                                0xb0, 0xfe,         // mov al, 0feh
                                0xe6, 0x64,         // out 64h, al
                                0xf4, 0xeb, 0xfd};  // hlt, again
  std::string sector(512, '\0');
  for (std::size_t i = 0; i < sizeof code; ++i) sector[i] = static_cast<char>(code[i]);
  sector[510] = '\x55';
  sector[511] = '\xaa';
  return sector;
}

sys::Async<void> create_resetting(Node& node, guest::Values more) {
  guest::Values values = {{"memory", "32"},
                          {"ostype", "l26"},
                          {"scsihw", "virtio-scsi-pci"},
                          {"scsi0", "local:1,format=raw"}};
  values.merge(more);
  co_await node.create(100, std::move(values));
  const auto volume = storage::parse_volume_id(node.config(100).get("scsi0").substr(0, 27));
  const auto opened = co_await node.storages.open(volume, storage::Access::read_write);
  sys::write_at(opened.read_write, resetting_sector(), 0);
  co_await node.power_on(100);
}

sys::Async<int> pid_of(Node& node) {
  if (!node.machines.running(id)) co_return 0;
  const json::object status = co_await node.machines.status(id);
  co_return status.at("pid").to_number<int>();
}

// Keys until the machine is another process, or none.
sys::Async<bool> leaves(Node& node, int pid) {
  for (int i = 0; i < 300; ++i) {
    const int now = co_await pid_of(node);
    if (now != pid) co_return true;
    try {
      co_await node.machines.send_key(id, "a");
    } catch (const Error&) {
      // It may end in this moment.
    }
    co_await node.clock.sleep(sys::Milliseconds(200));
  }
  co_return false;
}

sys::Async<void> takes_effect(Node& node) {
  co_await create_resetting(node, {});
  const int before = co_await pid_of(node);
  ConfigChange change;
  change.set = {{"memory", "48"}};
  co_await node.machines.set_config(node.root, id, change);
  EXPECT_EQ(node.config(100).get("memory"), "32");
  const bool left = co_await leaves(node, before);
  EXPECT_TRUE(left);
  for (int i = 0; i < 300 && node.config(100).get("memory") != "48"; ++i) {
    co_await node.clock.sleep(sys::Milliseconds(200));
  }
  EXPECT_EQ(node.config(100).get("memory"), "48");
  int after = 0;
  for (int i = 0; i < 300 && after == 0; ++i) {
    after = co_await pid_of(node);
    if (after == 0) co_await node.clock.sleep(sys::Milliseconds(200));
  }
  EXPECT_NE(after, 0);
  EXPECT_NE(after, before);
}

TEST(Reboot, ByTheGuestBringsWaitingChangesInAndTheMachineRunsAgain) {
  NEEDS_QEMU();
  with_node(takes_effect);
}

int process_before = 0;

// The firmware resets a machine that has nothing to boot from after a second. It is paused while
// there is a daemon that would see that.
sys::Async<void> pauses_with_changes(Node& node) {
  co_await node.create(100, {{"memory", "32"}, {"ostype", "l26"}});
  co_await node.power_on(100);
  process_before = co_await pid_of(node);
  const std::string paused =
      co_await node.ended(node.machines.suspend(node.root, id, false, false));
  EXPECT_EQ(paused, "OK");
  ConfigChange change;
  change.set = {{"memory", "48"}};
  co_await node.machines.set_config(node.root, id, change);
}

// Over the monitor that is the workers'.
sys::Async<void> resets_itself(sys::Executor executor, std::string socket) {
  sys::Event reset(executor);
  Qmp qmp(executor, co_await sys::connect_unix(executor, socket), [&reset](const QmpEvent& event) {
    if (event.name == "RESET" && text_member(event.data, "reason") == "guest-reset") reset.set();
  });
  co_await qmp.greet(sys::Milliseconds(30000));
  co_await qmp.execute("cont");
  const bool in_time = co_await reset.wait_for(sys::Milliseconds(60000));
  EXPECT_TRUE(in_time);
  co_await qmp.execute("stop");
}

sys::Async<void> runs_on(Node& node) {
  for (int i = 0; i < 100 && !node.machines.running(id); ++i) {
    co_await node.clock.sleep(sys::Milliseconds(100));
  }
  const int now = co_await pid_of(node);
  EXPECT_EQ(now, process_before);
  EXPECT_EQ(node.config(100).get("memory"), "32");  // it waits for the next reset
}

TEST(Reboot, ByTheGuestWhileThereIsNoDaemonLeavesTheMachineRunning) {
  NEEDS_QEMU();
  const posada::testing::TemporaryFolder folder;
  with_node(folder.path(), pauses_with_changes, true);
  {
    sys::Loop loop;
    loop.run(resets_itself(loop.executor(),
                           Node::settings(folder.path()).run_folder + "/100/qmp-worker"));
  }
  with_node(folder.path(), runs_on);
}

sys::Async<void> stays_off(Node& node) {
  co_await create_resetting(node, {{"reboot", "0"}});
  const int before = co_await pid_of(node);
  ConfigChange change;
  change.set = {{"memory", "48"}};
  co_await node.machines.set_config(node.root, id, change);
  const bool left = co_await leaves(node, before);
  EXPECT_TRUE(left);
  const auto list = node.tasks.list(
      {.source = "all"}, [](const task::Info& info) { return info.upid.type == "qmstart"; });
  EXPECT_EQ(list.total, 1U);  // the first start, and no other
}

TEST(Reboot, EndsAMachineThatMayNotReboot) {
  NEEDS_QEMU();
  with_node(stays_off);
}

sys::Async<void> is_seen(Node& node) {
  co_await node.create(100, {{"memory", "32"}, {"ostype", "l26"}});
  co_await node.power_on(100);
  const int pid = co_await pid_of(node);
  auto process = sys::adopt(node.executor, pid, sys::start_ticks(pid));
  EXPECT_TRUE(process.has_value());
  if (process) process->signal(11);
  for (int i = 0; i < 300 && node.machines.running(id); ++i) {
    co_await node.clock.sleep(sys::Milliseconds(100));
  }
  EXPECT_FALSE(node.machines.running(id));
  co_await node.power_on(100);  // nothing is in the way of the next start
}

TEST(Reboot, AQemuThatCrashesIsSeenAndCanBeStartedAnew) {
  NEEDS_QEMU();
  with_node(is_seen);
}

}  // namespace
}  // namespace posada::vm
