// Machines from creation to removal, with real QEMU (firmware only, so that each takes moments).
#include <filesystem>

#include "base/text.h"
#include "contract/vm/machine_fixture.h"

namespace posada::vm {
namespace {

using posada::testing::failure_of;
using posada::testing::Node;
using posada::testing::small;
using posada::testing::small_with;
using posada::testing::TemporaryFolder;
using posada::testing::with_node;

std::size_t files_below(const std::string& folder) {
  std::size_t count = 0;
  if (!std::filesystem::exists(folder)) return 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    if (entry.is_regular_file()) ++count;
  }
  return count;
}

sys::Async<void> lives_and_goes(Node& node) {
  co_await node.create(100, small_with({{"scsi0", "local:1,format=raw"},
                                        {"net0", "virtio,bridge=vmbr0"},
                                        {"ide2", "none,media=cdrom"}}));
  const auto config = node.config(100);
  EXPECT_EQ(config.get("scsi0"), "local:100/vm-100-disk-0.raw,size=1G");
  EXPECT_EQ(config.get("boot"), "order=scsi0;ide2;net0");
  EXPECT_TRUE(config.get("net0").starts_with("virtio=BC:24:11:")) << config.get("net0");
  EXPECT_TRUE(config.has("vmgenid"));
  EXPECT_TRUE(config.get("meta").starts_with("creation-qemu="));
  co_await node.power_on(100);
  EXPECT_TRUE(node.machines.running(GuestId{100}));
  const json::object status = co_await node.machines.status(GuestId{100});
  EXPECT_EQ(status.at("status"), "running");
  EXPECT_EQ(status.at("qmpstatus"), "running");
  EXPECT_GT(status.at("pid").to_number<int>(), 0);
  co_await node.power_off(100);
  EXPECT_FALSE(node.machines.running(GuestId{100}));
  const auto gone = co_await node.ended(node.machines.destroy(node.root, GuestId{100}, {}));
  EXPECT_EQ(gone, "OK");
  EXPECT_FALSE(node.registry.find(GuestId{100}));
  EXPECT_EQ(files_below(node.storages.definition("local").path()), 0U);
}

TEST(Lifecycle, AMachineIsMadeStartedStoppedAndRemovedWithoutATrace) {
  NEEDS_QEMU();
  with_node(lives_and_goes);
}

sys::Async<void> refuses(Node& node) {
  co_await node.create(100, small);
  Creation again;
  again.id = GuestId{100};
  try {
    node.machines.create(node.root, again);
    ADD_FAILURE();
  } catch (const Error& error) {
    EXPECT_STREQ(error.what(), "unable to create VM 100 - VM 100 already exists on node 'n1'");
  }
  co_await node.power_on(100);
  const auto twice = co_await node.ended(node.machines.power_on(node.root, GuestId{100}, {}));
  EXPECT_EQ(twice, "VM 100 already running");
  try {
    node.machines.destroy(node.root, GuestId{100}, {});
    ADD_FAILURE();
  } catch (const Error& error) {
    EXPECT_STREQ(error.what(), "VM 100 is running - destroy failed");
  }
  try {
    node.machines.reset(node.root, GuestId{101}, false);
    ADD_FAILURE();
  } catch (const Error& error) {
    EXPECT_STREQ(error.what(), "Configuration file 'nodes/n1/qemu-server/101.conf' does not exist");
  }
}

TEST(Lifecycle, WhatCannotBeIsRefusedInTheWordsThatClientsKnow) {
  NEEDS_QEMU();
  with_node(refuses);
}

sys::Async<void> pauses(Node& node) {
  co_await node.create(100, small);
  co_await node.power_on(100);
  const auto paused =
      co_await node.ended(node.machines.suspend(node.root, GuestId{100}, false, false));
  EXPECT_EQ(paused, "OK");
  json::object status = co_await node.machines.status(GuestId{100});
  EXPECT_EQ(status.at("qmpstatus"), "paused");
  EXPECT_EQ(status.at("status"), "running");
  const auto resumed =
      co_await node.ended(node.machines.resume(node.root, GuestId{100}, false, false));
  EXPECT_EQ(resumed, "OK");
  const auto reset = co_await node.ended(node.machines.reset(node.root, GuestId{100}, false));
  EXPECT_EQ(reset, "OK");
  status = co_await node.machines.status(GuestId{100});
  EXPECT_EQ(status.at("qmpstatus"), "running");
}

TEST(Lifecycle, PauseResumeAndResetActOnTheRunningMachine) {
  NEEDS_QEMU();
  with_node(pauses);
}

sys::Async<void> overtakes(Node& node) {
  co_await node.create(100, small);
  co_await node.power_on(100);
  // Firmware without a disk never reacts to the power button.
  const auto shutdown = node.machines.shut_down(node.root, GuestId{100}, {});
  const bool asks = co_await node.until([&node] { return !node.claims.rows().empty(); });
  EXPECT_TRUE(asks);
  const auto stop = node.machines.power_off(node.root, GuestId{100}, {});
  const auto stopped = co_await node.ended(stop);
  EXPECT_EQ(stopped, "OK");
  const auto asked = co_await node.ended(shutdown);
  EXPECT_NE(asked, "OK");
  EXPECT_FALSE(node.machines.running(GuestId{100}));
}

TEST(Lifecycle, AStopOvertakesAShutdownThatWaits) {
  NEEDS_QEMU();
  with_node(overtakes);
}

sys::Async<void> forces(Node& node) {
  co_await node.create(100, small);
  co_await node.power_on(100);
  StopOptions options;
  options.timeout = std::chrono::seconds(1);
  const auto polite =
      co_await node.ended(node.machines.shut_down(node.root, GuestId{100}, options));
  EXPECT_EQ(polite, "VM quit/powerdown failed - got timeout");
  EXPECT_TRUE(node.machines.running(GuestId{100}));
  options.force = true;
  const auto forced =
      co_await node.ended(node.machines.shut_down(node.root, GuestId{100}, options));
  EXPECT_EQ(forced, "OK");
  EXPECT_FALSE(node.machines.running(GuestId{100}));
}

TEST(Lifecycle, AShutdownThatTheGuestIgnoresTimesOutOrForces) {
  NEEDS_QEMU();
  with_node(forces);
}

sys::Async<void> dies(Node& node) {
  co_await node.create(100, small);
  co_await node.power_on(100);
  const json::object status = co_await node.machines.status(GuestId{100});
  const int pid = status.at("pid").to_number<int>();
  sys::Event stopped(node.executor);
  const auto handle = node.machines.subscribe([&](GuestId, const std::string& state) {
    if (state == "stopped") stopped.set();
  });
  auto process = sys::adopt(node.executor, pid, sys::start_ticks(pid));
  EXPECT_TRUE(process.has_value());
  process->signal(9);
  EXPECT_TRUE(co_await stopped.wait_for(sys::Milliseconds(10000)));
  EXPECT_FALSE(node.machines.running(GuestId{100}));
  co_await node.power_on(100);
  EXPECT_TRUE(node.machines.running(GuestId{100}));
}

TEST(Lifecycle, QemuKilledBehindOurBackIsAStoppedMachineThatStartsAgain) {
  NEEDS_QEMU();
  with_node(dies);
}

sys::Async<void> fails_to_start(Node& node) {
  co_await node.create(100, small_with({{"args", "-device no-such-device"}}));
  const auto status = co_await node.ended(node.machines.power_on(node.root, GuestId{100}, {}));
  EXPECT_NE(status.find("'no-such-device' is not a valid device model name"), std::string::npos)
      << status;
  EXPECT_FALSE(node.machines.running(GuestId{100}));
}

TEST(Lifecycle, QemuThatRefusesToStartTellsTheUserWhy) {
  NEEDS_QEMU();
  with_node(fails_to_start);
}

sys::Async<void> starts_for_good(Node& node) {
  co_await node.create(100, small_with({{"scsi0", "local:1"}, {"serial0", "socket"}}));
  co_await node.power_on(100);
}

sys::Async<void> finds_again(Node& node) {
  const GuestId id{100};
  for (int i = 0; i < 200; ++i) {
    const auto status =
        node.machines.running(id) ? co_await node.machines.status(id) : json::object();
    if (status.contains("qmpstatus") && status.at("qmpstatus") == "running") break;
    co_await node.clock.sleep(sys::Milliseconds(20));
  }
  EXPECT_TRUE(node.machines.running(id));
  const std::string answer = co_await node.machines.monitor(id, "info status");
  EXPECT_EQ(answer, "VM status: running\n");
  sys::Fd console = co_await node.machines.serial(id, 0);
  EXPECT_TRUE(static_cast<bool>(console));
  sys::Stream screen(node.executor, co_await node.machines.vnc(id, "secret12"));
  EXPECT_EQ(co_await screen.read(12), "RFB 003.008\n");
  co_await node.power_off(100);
}

TEST(Lifecycle, AMachineOutlivesItsDaemonAndIsFoundAgain) {
  NEEDS_QEMU();
  TemporaryFolder folder;
  with_node(folder.path(), starts_for_good, true);
  with_node(folder.path(), finds_again);
}

sys::Async<void> monitors(Node& node) {
  co_await node.create(100, small);
  co_await node.power_on(100);
  for (const std::string command : {"migrate exec:sh", "quit", "info status; quit", "device_add x",
                                    "screendump /tmp/x", "info status\nquit"}) {
    const auto failure = co_await failure_of(node.machines.monitor(GuestId{100}, command));
    EXPECT_NE(failure.find("is not allowed"), std::string::npos) << command;
  }
  EXPECT_TRUE(node.machines.running(GuestId{100}));
  co_await node.machines.send_key(GuestId{100}, "ctrl-alt-delete");
  const auto no_code = co_await failure_of(node.machines.send_key(GuestId{100}, "ctrl-0xzz"));
  EXPECT_EQ(no_code, "'0xzz' is no code of a key such as 0x1c");
  const auto agent = co_await failure_of(node.machines.agent(GuestId{100}, "guest-ping"));
  EXPECT_EQ(agent, "No QEMU guest agent configured");
}

TEST(Lifecycle, TheMonitorTakesOnlyWhatCannotHarmTheHost) {
  NEEDS_QEMU();
  with_node(monitors);
}

sys::Async<void> confined(Node& node) {
  co_await node.create(100, small_with({{"virtio0", "local:1,format=qcow2"}}));
  co_await node.power_on(100);
  const json::object status = co_await node.machines.status(GuestId{100});
  const auto text =
      sys::read_file("/proc/" + std::to_string(status.at("pid").to_number<int>()) + "/status");
  EXPECT_NE(text.find("NoNewPrivs:\t1"), std::string::npos);
  EXPECT_NE(text.find("Seccomp:\t2"), std::string::npos);
  if (sys::own_user() == 0) {
    EXPECT_NE(text.find("CapEff:\t0000000000000000"), std::string::npos);
    EXPECT_NE(text.find("Uid:\t310000\t310000"), std::string::npos);
  }
}

TEST(Lifecycle, QemuRunsWithoutAPrivilegeAndOwnsNoFile) {
  NEEDS_QEMU();
  with_node(confined);
}

}  // namespace
}  // namespace posada::vm
