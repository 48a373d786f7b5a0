// Changing machines that run and that do not: what waits, what is plugged in at once, and what
// becomes of disks.
#include <filesystem>

#include "contract/vm/machine_fixture.h"

namespace posada::vm {
namespace {

using posada::testing::failure_of;
using posada::testing::guest_id;
using posada::testing::Node;
using posada::testing::small;
using posada::testing::small_with;
using posada::testing::with_node;

ConfigChange set(guest::Values values) {
  ConfigChange change;
  change.set = std::move(values);
  return change;
}

ConfigChange unset(std::vector<std::string> keys, bool force = false) {
  ConfigChange change;
  change.unset = std::move(keys);
  change.force = force;
  return change;
}

sys::Async<void> waits(Node& node) {
  co_await node.create(100, small);
  co_await node.power_on(100);
  co_await node.machines.set_config(node.root, guest_id, set({{"memory", "48"}, {"name", "beta"}}));
  EXPECT_EQ(node.config(100).get("memory"), "32");
  EXPECT_EQ(node.config(100).get("name"), "beta");
  EXPECT_EQ(node.machines.config(guest_id, false).at("memory"), "48");
  EXPECT_EQ(node.machines.config(guest_id, true).at("memory"), "32");
  bool seen = false;
  for (const json::value& item : node.machines.pending(guest_id)) {
    if (item.at("key") != "memory") continue;
    seen = true;
    EXPECT_EQ(item.at("value"), "32");
    EXPECT_EQ(item.at("pending"), "48");
  }
  EXPECT_TRUE(seen);
  co_await node.power_off(100);
  EXPECT_EQ(node.config(100).get("memory"), "48");  // a copy made now has it, too
}

TEST(Change, MemoryWaitsForTheEndOfTheRunAndANameDoesNot) {
  NEEDS_QEMU();
  with_node(waits);
}

sys::Async<void> reverts(Node& node) {
  co_await node.create(100, small);
  co_await node.power_on(100);
  co_await node.machines.set_config(node.root, guest_id, set({{"cores", "2"}}));
  ConfigChange back;
  back.revert = {"cores"};
  co_await node.machines.set_config(node.root, guest_id, back);
  EXPECT_EQ(node.machines.config(guest_id, false).contains("cores"), false);
}

TEST(Change, AWaitingChangeCanBeTakenBack) {
  NEEDS_QEMU();
  with_node(reverts);
}

sys::Async<void> keeps_the_new_disk(Node& node) {
  co_await node.create(100, small_with({{"hotplug", "0"}}));
  co_await node.power_on(100);
  co_await node.machines.set_config(node.root, guest_id, set({{"scsi1", "local:1,format=raw"}}));
  EXPECT_FALSE(node.config(100).has("scsi1"));
  ConfigChange back;
  back.revert = {"scsi1"};
  co_await node.machines.set_config(node.root, guest_id, back);
  EXPECT_EQ(node.config(100).get("unused0"), "local:100/vm-100-disk-0.raw");
  // Its place asked for anew, and once more: each disk that was made has a name in the config.
  co_await node.machines.set_config(node.root, guest_id, set({{"scsi1", "local:1,format=raw"}}));
  co_await node.machines.set_config(node.root, guest_id, set({{"scsi1", "local:1,format=raw"}}));
  EXPECT_EQ(node.config(100).get("unused1"), "local:100/vm-100-disk-1.raw");
  co_await node.power_off(100);
  EXPECT_EQ(node.config(100).get("scsi1"), "local:100/vm-100-disk-2.raw,size=1G");
}

TEST(Change, AWaitingNewDiskThatIsTakenBackStaysAsUnused) {
  NEEDS_QEMU();
  with_node(keeps_the_new_disk);
}

sys::Async<void> plugs(Node& node) {
  co_await node.create(100, small_with({{"scsi0", "local:1"}, {"ide2", "none,media=cdrom"}}));
  co_await node.power_on(100);
  co_await node.machines.set_config(
      node.root, guest_id,
      set({{"scsi1", "local:1,format=qcow2,iops_rd=100"}, {"virtio3", "local:1,format=raw"}}));
  const auto config = node.config(100);
  EXPECT_EQ(config.get("scsi1"), "local:100/vm-100-disk-1.qcow2,iops_rd=100,size=1G");
  EXPECT_EQ(config.get("boot"), "order=scsi0;ide2;scsi1;virtio3");
  const std::string blocks = co_await node.machines.monitor(guest_id, "info block");
  EXPECT_NE(blocks.find("drive-scsi1"), std::string::npos) << blocks;
  EXPECT_NE(blocks.find("drive-virtio3"), std::string::npos) << blocks;
  co_await node.machines.set_config(node.root, guest_id, set({{"net0", "virtio"}}));
  std::string nets = co_await node.machines.monitor(guest_id, "info network");
  EXPECT_NE(nets.find("net0"), std::string::npos) << nets;
  const std::string mac(node.config(100).get("net0"));
  co_await node.machines.set_config(node.root, guest_id, set({{"net0", mac + ",link_down=1"}}));
  EXPECT_EQ(node.config(100).get("net0"), mac + ",link_down=1");
}

TEST(Change, DisksAndCardsArePluggedIntoARunningMachine) {
  NEEDS_QEMU();
  with_node(plugs);
}

sys::Async<void> resizes(Node& node) {
  co_await node.create(100, small_with({{"scsi0", "local:1"}}));
  co_await node.power_on(100);
  const auto grown =
      co_await node.ended(node.machines.resize(node.root, guest_id, "scsi0", "+1G", "", false));
  EXPECT_EQ(grown, "OK");
  EXPECT_EQ(node.config(100).get("scsi0"), "local:100/vm-100-disk-0.raw,size=2G");
  const std::string blocks = co_await node.machines.monitor(guest_id, "info block -v drive-scsi0");
  EXPECT_NE(blocks.find("virtual size: 2 GiB"), std::string::npos) << blocks;
  const auto shrunk =
      co_await node.ended(node.machines.resize(node.root, guest_id, "scsi0", "1G", "", false));
  EXPECT_EQ(shrunk, "shrinking disks is not supported");
}

TEST(Change, ADiskGrowsWhileItIsUsedAndNeverShrinks) {
  NEEDS_QEMU();
  with_node(resizes);
}

sys::Async<void> detaches(Node& node) {
  co_await node.create(100, small_with({{"scsi0", "local:1"}}));
  co_await node.machines.set_config(node.root, guest_id, unset({"scsi0"}));
  EXPECT_EQ(node.config(100).get("unused0"), "local:100/vm-100-disk-0.raw");
  EXPECT_FALSE(node.config(100).has("scsi0"));
  co_await node.machines.set_config(node.root, guest_id,
                                    set({{"virtio0", "local:100/vm-100-disk-0.raw"}}));
  EXPECT_EQ(node.config(100).get("virtio0"), "local:100/vm-100-disk-0.raw,size=1G");
  EXPECT_FALSE(node.config(100).has("unused0"));
  co_await node.machines.unlink(node.root, guest_id, {"virtio0"}, true);
  EXPECT_FALSE(node.config(100).has("virtio0"));
  EXPECT_FALSE(node.config(100).has("unused0"));
  const auto left = co_await node.storages.volumes_of(guest_id);
  EXPECT_TRUE(left.empty());
}

TEST(Change, ADetachedDiskStaysAsUnusedUntilItIsRemoved) {
  NEEDS_QEMU();
  with_node(detaches);
}

sys::Async<void> collides(Node& node) {
  co_await node.create(100, small);
  const std::string digest = node.machines.config(guest_id, true).at("digest").as_string().c_str();
  ConfigChange first = set({{"cores", "2"}});
  first.digest = digest;
  co_await node.machines.set_config(node.root, guest_id, first);
  ConfigChange second = set({{"cores", "4"}});
  second.digest = digest;
  const auto failure = co_await failure_of(node.machines.set_config(node.root, guest_id, second));
  EXPECT_EQ(failure, "checksum mismatch (file change by other user?)");
  EXPECT_EQ(node.config(100).get("cores"), "2");
}

TEST(Change, OfTwoClientsWithOneDigestTheSecondIsTold) {
  NEEDS_QEMU();
  with_node(collides);
}

sys::Async<void> is_refused(Node& node) {
  co_await node.create(100, small);
  const auto wrong = co_await failure_of(
      node.machines.set_config(node.root, guest_id, set({{"net0", "no-such-model"}})));
  EXPECT_NE(wrong.find("does not have a value in the enumeration"), std::string::npos) << wrong;
  const auto nothing = co_await failure_of(
      node.machines.set_config(node.root, guest_id, set({{"scsi0", "nowhere:1"}})));
  EXPECT_EQ(nothing, "storage 'nowhere' does not exist");
  const auto foreign = co_await failure_of(
      node.machines.set_config(node.root, guest_id, set({{"scsi0", "local:../../etc/passwd"}})));
  EXPECT_FALSE(foreign.empty());
  EXPECT_FALSE(node.config(100).has("scsi0"));
  const Caller nobody{Identity{"nobody@pve", ""}, "test"};
  const auto denied =
      co_await failure_of(node.machines.set_config(nobody, guest_id, set({{"cores", "2"}})));
  EXPECT_EQ(denied, "Permission check failed (/vms/100, VM.Config.CPU)");
}

TEST(Change, WhatIsWrongIsRefusedAndChangesNothing) {
  NEEDS_QEMU();
  with_node(is_refused);
}

sys::Async<void> copies(Node& node) {
  co_await node.create(100, small_with({{"scsi0", "local:1,format=qcow2"}, {"net0", "virtio"}}));
  CloneOptions options;
  options.target = GuestId{101};
  options.name = "copy";
  options.full = true;
  const auto full = co_await node.ended(node.machines.clone(node.root, guest_id, options));
  EXPECT_EQ(full, "OK");
  EXPECT_EQ(node.config(101).get("scsi0"), "local:101/vm-101-disk-0.qcow2,size=1G");
  EXPECT_NE(node.config(101).get("net0"), node.config(100).get("net0"));
  EXPECT_NE(node.config(101).get("smbios1"), node.config(100).get("smbios1"));
  const auto turned = co_await node.ended(node.machines.make_template(node.root, guest_id, ""));
  EXPECT_EQ(turned, "OK");
  EXPECT_EQ(node.config(100).get("scsi0"), "local:100/base-100-disk-0.qcow2,size=1G");
  options.target = GuestId{102};
  options.full = false;
  const auto linked = co_await node.ended(node.machines.clone(node.root, guest_id, options));
  EXPECT_EQ(linked, "OK");
  EXPECT_EQ(node.config(102).get("scsi0"),
            "local:100/base-100-disk-0.qcow2/102/vm-102-disk-0.qcow2,size=1G");
  co_await node.power_on(102);
  const auto refused = co_await node.ended(node.machines.power_on(node.root, guest_id, {}));
  EXPECT_EQ(refused, "you can't start a vm if it's a template");
  const auto kept = co_await node.ended(node.machines.destroy(node.root, guest_id, {}));
  EXPECT_EQ(kept, "base volume '100/base-100-disk-0.qcow2' is still in use by linked clones");
  EXPECT_EQ(node.config(100).get("scsi0"), "local:100/base-100-disk-0.qcow2,size=1G");
}

TEST(Change, ACopyHasItsOwnNamesAndALinkedOneStartsOnItsTemplate) {
  NEEDS_QEMU();
  with_node(copies);
}

}  // namespace
}  // namespace posada::vm
