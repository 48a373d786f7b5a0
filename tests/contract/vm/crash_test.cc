// The daemon killed between any two steps of creating, starting, changing and removing a machine:
// the next daemon finishes or undoes, and nothing is left that nobody owns. A child process runs
// the steps with one failpoint armed; this process is the next daemon.
#include <algorithm>
#include <filesystem>
#include <set>

#include "base/failpoint.h"
#include "base/text.h"
#include "contract/vm/machine_fixture.h"
#include "sys/process_status.h"
#include "vm/config_edit.h"

namespace posada::vm {
namespace {

using posada::testing::guest_id;
using posada::testing::Node;
using posada::testing::TemporaryFolder;
using posada::testing::with_node;

std::string folder_of_child() {
  const char* folder = std::getenv("POSADA_TEST_FOLDER");
  return folder == nullptr ? "" : folder;
}

sys::Async<void> whole_life(Node& node) {
  co_await node.create(
      100,
      {{"memory", "32"}, {"scsi0", "local:1,format=qcow2"}, {"virtio1", "local:1,format=qcow2"}});
  co_await node.power_on(100);
  ConfigChange change;
  change.set = {{"virtio2", "local:1,format=qcow2"}};
  co_await node.machines.set_config(node.root, guest_id, change);
  co_await node.ended(node.machines.resize(node.root, guest_id, "virtio2", "+1G", "", false));
  co_await node.ended(node.machines.snapshot(node.root, guest_id, {"one", "", false}));
  co_await node.ended(node.machines.roll_back(node.root, guest_id, "one", true));
  co_await node.ended(node.machines.remove_snapshot(node.root, guest_id, "one", false));
  co_await node.power_off(100);
  co_await node.ended(node.machines.resize(node.root, guest_id, "scsi0", "+1G", "", false));
  co_await node.machines.unlink(node.root, guest_id, {"virtio1"}, true);
  co_await node.ended(node.machines.destroy(node.root, guest_id, {}));
  std::string seen;
  for (const std::string& name : failpoints_seen()) seen += name + "\n";
  sys::write_file(folder_of_child() + "/seen", seen);
}

// Runs only as the child of the test below.
TEST(DISABLED_Crash, WholeLife) {
  with_node(folder_of_child(), whole_life, true);
}

sys::Async<void> run_child(sys::Executor executor, std::string folder, std::string failpoints) {
  sys::Command command;
  command.arguments = {sys::own_program_folder() + "/contract_vm",
                       "--gtest_filter=DISABLED_Crash.WholeLife",
                       "--gtest_also_run_disabled_tests"};
  command.environment = {{"POSADA_FAILPOINTS", failpoints}, {"POSADA_TEST_FOLDER", folder}};
  auto child = sys::spawn(executor, command);
  co_await child.wait();
}

void life_with(const std::string& folder, const std::string& failpoints) {
  sys::Loop loop;
  loop.run(run_child(loop.executor(), folder, failpoints));
}

// The config says the size that each volume has.
sys::Async<void> check_sizes(Node& node) {
  if (!node.registry.find(guest_id)) co_return;
  const auto config = guest::parse_config(node.text(100), grammar(), guest_id).config;
  for (const auto* section : {&config.main, &config.pending}) {
    for (const Drive& disk : drives(*section)) {
      const auto info = co_await node.storages.info(storage::parse_volume_id(disk.file()));
      EXPECT_EQ(guest::property(disk.options, "size"), guest::print_size(info.bytes)) << disk.key;
    }
  }
}

// Files of disks, against what configs name and what the storage knows.
sys::Async<void> nothing_is_left(Node& node) {
  std::set<std::string> named;
  if (node.registry.find(guest_id)) {
    // A change that still waits names its disk too.
    const auto config = guest::parse_config(node.text(100), grammar(), guest_id).config;
    for (const std::string& volume : guest::named_volumes(config, grammar())) named.insert(volume);
    EXPECT_FALSE(config.main.has("lock")) << config.main.get("lock");
    for (const auto& [name, section] : config.snapshots) {
      EXPECT_FALSE(section.has("snapstate")) << name;
    }
  }
  std::set<std::string> found;
  const std::string images = node.storages.definition("local").path() + "/images/100";
  if (std::filesystem::exists(images)) {
    for (const auto& entry : std::filesystem::directory_iterator(images)) {
      found.insert("local:100/" + entry.path().filename().string());
    }
  }
  EXPECT_EQ(found, named);
  co_await check_sizes(node);
  for (const auto& volume : co_await node.storages.volumes_of(guest_id)) {
    EXPECT_TRUE(named.contains(volume.id.text())) << volume.id.text();
  }
  for (int i = 0;
       i < 500 && sys::exists(node.folder + "/run/100") && !node.machines.running(guest_id); ++i) {
    co_await node.clock.sleep(sys::Milliseconds(20));  // what is left is being released
  }
  EXPECT_EQ(sys::exists(node.folder + "/run/100"), node.machines.running(guest_id));
  const auto alive =
      sys::processes_with("POSADA_GUEST=" + Node::settings(node.folder).instance + "/100");
  EXPECT_EQ(alive.size(), node.machines.running(guest_id) ? 1U : 0U);
  if (node.machines.running(guest_id)) co_await node.power_off(100);
  if (node.registry.find(guest_id)) {
    co_await node.power_on(100);  // what is there works
    co_await node.power_off(100);
    const auto gone = co_await node.ended(node.machines.destroy(node.root, guest_id, {}));
    EXPECT_EQ(gone, "OK");
  }
}

TEST(Crash, AtEveryFailpointTheNextDaemonFindsNothingHalfMade) {
  NEEDS_QEMU();
  std::vector<std::string> names;
  {
    TemporaryFolder folder;
    life_with(folder.path(), "none=error");
    for (const std::string& name : split_list(sys::read_file(folder.path() + "/seen"), "\n")) {
      if (name.starts_with("vm.")) names.push_back(name);
    }
  }
  ASSERT_GE(names.size(), 20U);
  // A machine that is off takes another way through these.
  for (const char* again : {"vm.change.committed", "vm.resize.journalled", "vm.resize.volume"}) {
    EXPECT_TRUE(std::ranges::find(names, again) != names.end()) << again;
    names.push_back(std::string(again) + "=kill@2");
  }
  for (const std::string& name : names) {
    SCOPED_TRACE(name);
    TemporaryFolder folder;
    life_with(folder.path(), name.find('=') == std::string::npos ? name + "=kill" : name);
    EXPECT_FALSE(sys::exists(folder.path() + "/seen")) << "the failpoint did not fire";
    with_node(folder.path(), nothing_is_left);
  }
  std::cout << names.size() << " failpoints, each with a kill\n";
}

}  // namespace
}  // namespace posada::vm
