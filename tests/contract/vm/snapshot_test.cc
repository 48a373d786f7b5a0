// Snapshots inside qcow2 disks, of machines that run and that do not.
#include <csignal>

#include "contract/vm/machine_fixture.h"

namespace posada::vm {
namespace {

using posada::testing::Node;
using posada::testing::with_node;

const GuestId id{100};

std::vector<std::string> names(Node& node) {
  std::vector<std::string> result;
  for (const json::value& item : node.machines.snapshots(id)) {
    result.emplace_back(item.at("name").as_string());
  }
  return result;
}

// What the image itself holds.
sys::Async<std::string> inside(std::string file) {
  sys::Command command;
  command.arguments = {"qemu-img", "snapshot", "-U", "-l", std::move(file)};
  const auto finished = co_await sys::run_checked(std::move(command));
  co_return finished.output;
}

std::string image(Node& node) {
  return node.storages.path(storage::parse_volume_id("local:100/vm-100-disk-0.qcow2"));
}

sys::Async<void> come_and_go(Node& node) {
  co_await node.create(100, {{"memory", "32"},
                             {"ostype", "l26"},
                             {"cores", "1"},
                             {"scsi0", "local:1,format=qcow2"},
                             {"ide2", "none,media=cdrom"}});
  const auto first =
      co_await node.ended(node.machines.snapshot(node.root, id, {"one", "first", false}));
  EXPECT_EQ(first, "OK");
  EXPECT_EQ(node.config(100).get("parent"), "one");
  co_await node.power_on(100);
  const auto second =
      co_await node.ended(node.machines.snapshot(node.root, id, {"two", "", false}));
  EXPECT_EQ(second, "OK");
  const auto listed = names(node);
  EXPECT_EQ(listed, (std::vector<std::string>{"one", "two", "current"}));
  const std::string both = co_await inside(image(node));
  EXPECT_NE(both.find(" one "), std::string::npos) << both;
  EXPECT_NE(both.find(" two "), std::string::npos) << both;
  EXPECT_EQ(node.machines.config(id, true, "one").at("description"), "first");
  const auto again = co_await node.ended(node.machines.snapshot(node.root, id, {"two", "", false}));
  EXPECT_EQ(again, "snapshot name 'two' already used");
  const auto removed =
      co_await node.ended(node.machines.remove_snapshot(node.root, id, "one", false));
  EXPECT_EQ(removed, "OK");
  EXPECT_FALSE(node.machines.config(id, true, "two").contains("parent"));
  const std::string one_less = co_await inside(image(node));
  EXPECT_EQ(one_less.find(" one "), std::string::npos) << one_less;
  ConfigChange change;
  change.set = {{"cores", "2"}, {"name", "later"}};
  co_await node.machines.set_config(node.root, id, change);
  const auto back = co_await node.ended(node.machines.roll_back(node.root, id, "two", true));
  EXPECT_EQ(back, "OK");
  EXPECT_EQ(node.config(100).get("cores"), "1");
  EXPECT_FALSE(node.config(100).has("name"));
  EXPECT_FALSE(node.config(100).has("lock"));
  EXPECT_TRUE(node.machines.running(id));
  const auto missing = co_await node.ended(node.machines.roll_back(node.root, id, "three", false));
  EXPECT_EQ(missing, "snapshot 'three' does not exist");
}

TEST(Snapshot, DisksAndConfigGoBackToWhereTheyWere) {
  NEEDS_QEMU();
  with_node(come_and_go);
}

// Between the end of the process and the moment when the machine is known to be off.
sys::Async<void> ends_meanwhile(Node& node) {
  co_await node.create(100, {{"memory", "32"}, {"scsi0", "local:1,format=qcow2"}});
  co_await node.power_on(100);
  const json::object status = co_await node.machines.status(id);
  ::kill(status.at("pid").to_number<int>(), SIGKILL);
  while (node.machines.running(id)) {
    try {
      co_await node.machines.monitor(id, "info status");
    } catch (const Error&) {
      break;  // the monitor is gone
    }
  }
  const auto made = co_await node.ended(node.machines.snapshot(node.root, id, {"one", "", false}));
  EXPECT_EQ(made, "OK");
  EXPECT_FALSE(node.config(100).has("lock"));
  const std::string inner = co_await inside(image(node));
  EXPECT_NE(inner.find(" one "), std::string::npos) << inner;
}

TEST(Snapshot, AMachineThatIsJustEndingIsOff) {
  NEEDS_QEMU();
  with_node(ends_meanwhile);
}

sys::Async<void> are_refused(Node& node) {
  co_await node.create(100, {{"memory", "32"}, {"scsi0", "local:1,format=raw"}});
  std::string failure;
  try {
    node.machines.snapshot(node.root, id, {"one", "", false});
  } catch (const Error& error) {
    failure = error.what();
  }
  EXPECT_EQ(failure, "snapshot feature is not available");
  try {
    node.machines.snapshot({Identity{"nobody@pve", ""}, "test"}, id, {"one", "", false});
  } catch (const Error& error) {
    failure = error.what();
  }
  EXPECT_EQ(failure, "Permission check failed (/vms/100, VM.Snapshot)");
  EXPECT_EQ(names(node), (std::vector<std::string>{"current"}));
}

TEST(Snapshot, ARawDiskAndAStrangerAreRefused) {
  NEEDS_QEMU();
  with_node(are_refused);
}

sys::Async<void> keeps_disks(Node& node) {
  co_await node.create(100, {{"memory", "32"}, {"scsi0", "local:1,format=qcow2"}});
  const auto made = co_await node.ended(node.machines.snapshot(node.root, id, {"one", "", false}));
  EXPECT_EQ(made, "OK");
  ConfigChange change;
  change.set = {{"virtio1", "local:1,format=raw"}};
  co_await node.machines.set_config(node.root, id, change);
  const auto back = co_await node.ended(node.machines.roll_back(node.root, id, "one", false));
  EXPECT_EQ(back, "OK");
  EXPECT_FALSE(node.config(100).has("virtio1"));
  EXPECT_EQ(node.config(100).get("unused0"), "local:100/vm-100-disk-1.raw");
}

TEST(Snapshot, ADiskThatCameLaterStaysAsUnused) {
  NEEDS_QEMU();
  with_node(keeps_disks);
}

}  // namespace
}  // namespace posada::vm
