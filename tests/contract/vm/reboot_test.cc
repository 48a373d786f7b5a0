// What a guest does to itself: resets and stops. Its system is a boot sector of a few bytes.
#include <algorithm>

#include "contract/vm/machine_fixture.h"
#include "sys/channel.h"
#include "sys/folder.h"
#include "vm/qmp.h"

namespace posada::vm {
namespace {

using posada::testing::guest_id;
using posada::testing::Node;
using posada::testing::with_node;

using Code = std::vector<unsigned char>;

// Waits for a key, then asks the keyboard controller for a reset.
const Code resetting = {0x31, 0xc0,         // xor ax, ax
                        0xcd, 0x16,         // int 16h: waits for a key
                        0xb0, 0xfe,         // mov al, 0feh
                        0xe6, 0x64,         // out 64h, al
                        0xf4, 0xeb, 0xfd};  // hlt, again

// Hears no power button until a key has come; then powers off at it.
const Code late_listener = {0x31, 0xc0, 0xcd, 0x16,  // waits for a key
                            0xba, 0x02, 0x06,        // mov dx, 602h: ACPI's enabled events
                            0xb8, 0x00, 0x01,        // mov ax, 100h: the power button
                            0xef,                    // out dx, ax
                            0xba, 0x00, 0x06,        // mov dx, 600h: what has happened
                            0xed,                    // in ax, dx
                            0xf6, 0xc4, 0x01,        // test ah, 1
                            0x74, 0xfa,              // jz: again
                            0xba, 0x04, 0x06,        // mov dx, 604h: ACPI's control
                            0xb8, 0x00, 0x20,        // mov ax, 2000h: off
                            0xef, 0xf4, 0xeb, 0xfd};

std::string sector_of(const Code& code) {
  std::string sector(512, '\0');
  std::ranges::copy(code, sector.begin());
  sector[510] = '\x55';
  sector[511] = '\xaa';
  return sector;
}

sys::Async<void> create_running(Node& node, Code code, guest::Values more) {
  guest::Values values = {{"memory", "32"},
                          {"ostype", "l26"},
                          {"scsihw", "virtio-scsi-pci"},
                          {"scsi0", "local:1,format=raw"}};
  values.merge(more);
  co_await node.create(100, std::move(values));
  const auto volume = storage::parse_volume_id(node.config(100).get("scsi0").substr(0, 27));
  const auto opened = co_await node.storages.open(volume, storage::Access::read_write);
  sys::write_at(opened.read_write, sector_of(code), 0);
  co_await node.power_on(100);
}

sys::Async<int> pid_of(Node& node) {
  if (!node.machines.running(guest_id)) co_return 0;
  const json::object status = co_await node.machines.status(guest_id);
  co_return status.at("pid").to_number<int>();
}

// Keys until the machine is another process, or none.
sys::Async<bool> leaves(Node& node, int pid) {
  for (int i = 0; i < 300; ++i) {
    const int now = co_await pid_of(node);
    if (now != pid) co_return true;
    try {
      co_await node.machines.send_key(guest_id, "a");
    } catch (const Error&) {
      // It may end in this moment.
    }
    co_await node.clock.sleep(sys::Milliseconds(200));
  }
  co_return false;
}

// Holds the machine between its end and its new start while the file `hold` is there.
void write_holding_script(const Node& node) {
  sys::make_directories(node.folder + "/vz/snippets");
  sys::write_file(node.folder + "/vz/snippets/hook.sh",
                  "#!/bin/sh\ncd " + node.folder +
                      "\n[ \"$2\" = pre-start ] || exit 0\n[ ! -e hold ] || : > held\n"
                      "while [ -e hold ]; do sleep 0.1; done\n",
                  0755);
}

sys::Async<void> is_not_removed_meanwhile(Node& node) {
  const bool held = co_await node.until([&] { return sys::exists(node.folder + "/held"); });
  EXPECT_TRUE(held);
  std::string refusal;
  try {
    node.machines.destroy(node.root, guest_id, {});
  } catch (const Error& error) {
    refusal = error.what();
  }
  EXPECT_EQ(refusal, "VM 100 is running - destroy failed");
  ConfigChange late;
  late.set = {{"cores", "2"}};
  co_await node.machines.set_config(node.root, guest_id, late);
  EXPECT_FALSE(node.config(100).has("cores")) << "the start has read the config";
  sys::remove_file(node.folder + "/hold");
}

sys::Async<void> takes_effect(Node& node) {
  write_holding_script(node);
  co_await create_running(node, resetting, {{"hookscript", "local:snippets/hook.sh"}});
  sys::write_file(node.folder + "/hold", "");
  const int before = co_await pid_of(node);
  ConfigChange change;
  change.set = {{"memory", "48"}};
  co_await node.machines.set_config(node.root, guest_id, change);
  EXPECT_EQ(node.config(100).get("memory"), "32");
  const bool left = co_await leaves(node, before);
  EXPECT_TRUE(left);
  co_await is_not_removed_meanwhile(node);
  const auto restart = node.tasks.list(
      {.source = "all"}, [](const task::Info& info) { return info.upid.type == "qmreboot"; });
  EXPECT_EQ(restart.total, 1U);
  if (restart.total == 0) co_return;
  const std::string status = co_await node.ended(restart.tasks.front().upid);
  EXPECT_EQ(status, "OK");
  EXPECT_EQ(node.config(100).get("memory"), "48");
  const int after = co_await pid_of(node);
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
      co_await node.ended(node.machines.suspend(node.root, guest_id, false, false));
  EXPECT_EQ(paused, "OK");
  ConfigChange change;
  change.set = {{"memory", "48"}};
  co_await node.machines.set_config(node.root, guest_id, change);
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
  for (int i = 0; i < 100 && !node.machines.running(guest_id); ++i) {
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
  co_await create_running(node, resetting, {{"reboot", "0"}});
  const int before = co_await pid_of(node);
  ConfigChange change;
  change.set = {{"memory", "48"}};
  co_await node.machines.set_config(node.root, guest_id, change);
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
  for (int i = 0; i < 300 && node.machines.running(guest_id); ++i) {
    co_await node.clock.sleep(sys::Milliseconds(100));
  }
  EXPECT_FALSE(node.machines.running(guest_id));
  co_await node.power_on(100);  // nothing is in the way of the next start
}

TEST(Reboot, AQemuThatCrashesIsSeenAndCanBeStartedAnew) {
  NEEDS_QEMU();
  with_node(is_seen);
}

// Over the monitor that is the workers', which tells of each press.
sys::Async<void> is_told_again(Node& node) {
  co_await create_running(node, late_listener, {});
  int presses = 0;
  Qmp qmp(node.executor,
          co_await sys::connect_unix(node.executor, node.folder + "/run/100/qmp-worker"),
          [&presses](const QmpEvent& event) { presses += event.name == "POWERDOWN" ? 1 : 0; });
  co_await qmp.greet(sys::Milliseconds(30000));
  StopOptions options;
  options.timeout = std::chrono::seconds(120);
  const auto upid = node.machines.shut_down(node.root, guest_id, options);
  const bool pressed = co_await node.until([&] { return presses > 0; });
  EXPECT_TRUE(pressed);
  // The firmware takes no key before it has set up the keyboard.
  while (node.tasks.info(upid.text()).running) {
    try {
      co_await node.machines.send_key(guest_id, "a");
    } catch (const Error&) {
      // It may end in this moment.
    }
    co_await node.clock.sleep(sys::Milliseconds(200));
  }
  const std::string status = co_await node.ended(upid);
  EXPECT_EQ(status, "OK");
  EXPECT_GT(presses, 1);
}

TEST(Shutdown, OfAGuestThatBootsIsToldAgainUntilItHears) {
  NEEDS_QEMU();
  with_node(is_told_again);
}

}  // namespace
}  // namespace posada::vm
