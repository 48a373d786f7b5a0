// What the machine's programs write, as this module reads it.
#include "host/programs.h"

#include <gtest/gtest.h>

#include "host/devices.h"
#include "host/disks.h"
#include "host/logs.h"
#include "host/packages.h"
#include "host/scan.h"
#include "host/services.h"
#include "host/smart.h"
#include "host/volumes.h"
#include "support/conformance.h"

namespace posada::host {
namespace {

TEST(Programs, one_that_is_missing_is_told_with_its_package) {
  EXPECT_EQ(program_missing("showmount").wire(),
            "the program 'showmount' is not installed (Debian package nfs-common)");
}

TEST(Journal, lines_look_as_in_a_log_file) {
  const LogLines log = parse_journal(
      R"({"__CURSOR":"a","__REALTIME_TIMESTAMP":"1795744800000000","_HOSTNAME":"n1","SYSLOG_IDENTIFIER":"sshd","_PID":"12","MESSAGE":"hello"})"
      "\n"
      R"({"__CURSOR":"b","__REALTIME_TIMESTAMP":"1795744801000000","_HOSTNAME":"n1","_COMM":"cron","MESSAGE":[104,105]})"
      "\n{\"__CURSOR\":\"cut",
      3600);
  EXPECT_EQ(log.lines, (std::vector<std::string>{"Nov 27 03:00:00 n1 sshd[12]: hello",
                                                 "Nov 27 03:00:01 n1 cron: hi"}));
  EXPECT_EQ(log.first_cursor, "a");
  EXPECT_EQ(log.last_cursor, "b");
}

TEST(Services, an_answer_of_systemctl_is_one_state_for_each_name) {
  const auto states = parse_service_states(
      "LoadState=loaded\nActiveState=active\nSubState=running\nUnitFileState=enabled\n"
      "Description=OpenBSD Secure Shell server\n\n"
      "LoadState=not-found\nActiveState=inactive\nSubState=dead\nUnitFileState=\nDescription=x\n",
      {"sshd", "corosync"});
  ASSERT_EQ(states.size(), 2U);
  EXPECT_EQ(states[0].unit, "ssh.service");
  EXPECT_EQ(states[0].unit_state, "enabled");
  EXPECT_EQ(states[0].description, "OpenBSD Secure Shell server");
  EXPECT_EQ(states[1].active_state, "inactive");
  EXPECT_EQ(states[1].unit_state, "not-found");
  EXPECT_EQ(states[1].description, "corosync");
}

TEST(Packages, a_simulated_upgrade_lists_what_would_come) {
  const auto packages = parse_upgrade(
      "Reading package lists...\n"
      "Inst zstd [1.5.4+dfsg2-5] (1.5.5-1 Debian:12.9/stable, Debian-Security:12 [amd64])\n"
      "Inst linux-image-6.1 (6.1.2-1 Debian:12.9/stable [amd64]) []\n"
      "Conf zstd (1.5.5-1 Debian:12.9/stable [amd64])\n");
  ASSERT_EQ(packages.size(), 2U);
  EXPECT_EQ(packages[0].name, "zstd");
  EXPECT_EQ(packages[0].old_version, "1.5.4+dfsg2-5");
  EXPECT_EQ(packages[0].version, "1.5.5-1");
  EXPECT_EQ(packages[0].origin, "Debian");
  EXPECT_EQ(packages[0].architecture, "amd64");
  EXPECT_EQ(packages[1].old_version, "");
  EXPECT_EQ(packages[1].version, "6.1.2-1");
}

TEST(Packages, continued_lines_belong_to_their_field) {
  const auto paragraphs = parse_paragraphs(
      "Package: zstd\nSection: utils\nDescription-en: fast compression\n first\n second\n\n"
      "Package: other\nSection: net\n");
  EXPECT_EQ(paragraphs.at("zstd").at("Description"), "fast compression\nfirst\nsecond");
  EXPECT_EQ(paragraphs.at("other").at("Section"), "net");
}

TEST(Devices, names_stand_under_vendor_and_device) {
  const auto names = parse_id_names(
      "# list\n8086  Intel Corporation\n\t1237  440FX - 82441FX PMC\n\t\t1af4 1100  Virtual\n"
      "C 06  Bridge\n\t00  Host bridge\n");
  EXPECT_EQ(names.at("8086"), "Intel Corporation");
  EXPECT_EQ(names.at("8086:1237"), "440FX - 82441FX PMC");
  EXPECT_EQ(names.size(), 2U);
}

constexpr const char* block_devices = R"({"blockdevices": [
  {"name":"sda","path":"/dev/sda","type":"disk","size":1000,"model":"DISK ","vendor":"ATA","serial":"S1",
   "wwn":"0x1","rota":true,"pttype":"gpt","fstype":null,"mountpoints":[null],"children":[
    {"name":"sda1","path":"/dev/sda1","type":"part","size":600,"pttype":"gpt","fstype":"ext4","rota":true,
     "mountpoints":["/"]},
    {"name":"sda2","path":"/dev/sda2","type":"part","size":400,"pttype":"gpt","fstype":"LVM2_member",
     "rota":true,"mountpoints":[null]}]},
  {"name":"nvme0n1","path":"/dev/nvme0n1","type":"disk","size":2000,"rota":false,"pttype":null,
   "fstype":null,"mountpoints":[null]},
  {"name":"loop0","path":"/dev/loop0","type":"loop","size":5,"rota":false,"mountpoints":["/x"]},
  {"name":"zram0","path":"/dev/zram0","type":"disk","size":5,"rota":false,"mountpoints":[null]}]})";

TEST(Disks, whole_disks_say_what_is_on_them) {
  const std::vector<Disk> disks = parse_lsblk(block_devices, false);
  ASSERT_EQ(disks.size(), 2U);
  EXPECT_EQ(disks[0].path, "/dev/sda");
  EXPECT_EQ(disks[0].model, "DISK");
  EXPECT_EQ(disks[0].used, "LVM");
  EXPECT_TRUE(disks[0].gpt);
  EXPECT_EQ(disks[1].type, "nvme");
  EXPECT_EQ(disks[1].used, "");
  EXPECT_EQ(disks[1].serial, "unknown");
}

TEST(Disks, partitions_follow_their_disk) {
  const std::vector<Disk> disks = parse_lsblk(block_devices, true);
  ASSERT_EQ(disks.size(), 4U);
  EXPECT_EQ(disks[1].path, "/dev/sda1");
  EXPECT_EQ(disks[1].parent, "/dev/sda");
  EXPECT_TRUE(disks[1].mounted);
  EXPECT_EQ(disks[2].used, "LVM");
}

TEST(Disks, the_record_of_udev_fills_what_is_not_known) {
  Disk disk;
  apply_udev(disk,
             "S:disk/by-id/wwn-0x5\nS:disk/by-id/scsi-1\nE:ID_MODEL=M1\nE:ID_SERIAL=LONG\n"
             "E:ID_SERIAL_SHORT=SHORT\nE:ID_WWN=0x5\nE:ID_ATA_ROTATION_RATE_RPM=7200\n");
  EXPECT_EQ(disk.by_id_link, "/dev/disk/by-id/scsi-1");
  EXPECT_EQ(disk.model, "M1");
  EXPECT_EQ(disk.serial, "SHORT");
  EXPECT_EQ(disk.rpm, 7200);
}

// The field's own cases: smartctl's texts and what clients get of them.
TEST(Smart, attributes_and_texts_are_those_of_the_reference) {
  const auto file = testing::conformance("disk_inventory");
  if (!file) GTEST_SKIP() << "no ../shared/conformance/disk_inventory.json";
  int compared = 0;
  for (const json::value& one : file->at("cases").as_array()) {
    for (const auto& [name, wanted] : one.at("expect").as_object()) {
      const std::string_view expected = name;
      const std::size_t end = expected.find("_smart_expected.json");
      if (end == std::string_view::npos) continue;
      const std::string disk(expected.substr(0, end));
      const std::string where = std::string(one.at("id").as_string()) + " " + disk;
      const json::object& inputs = one.at("inputs").as_object();
      const SmartFacts facts = parse_smart(std::string(inputs.at(disk + "_smart").as_string()));
      const json::object& facts_wanted = wanted.as_object();
      EXPECT_EQ(facts.health, text_member(facts_wanted, "health")) << where;
      EXPECT_EQ(facts.type, text_member(facts_wanted, "type")) << where;
      if (facts.type == "text") EXPECT_EQ(facts.text, text_member(facts_wanted, "text")) << where;
      if (const json::value* list = facts_wanted.if_contains("attributes")) {
        ASSERT_EQ(facts.attributes.size(), list->as_array().size()) << where;
        for (std::size_t i = 0; i < facts.attributes.size(); ++i) {
          const SmartAttribute& ours = facts.attributes[i];
          const json::object& theirs = list->as_array()[i].as_object();
          EXPECT_EQ(ours.id, text_member(theirs, "id")) << where;
          EXPECT_EQ(ours.name, text_member(theirs, "name")) << where;
          EXPECT_EQ(ours.raw, text_member(theirs, "raw")) << where;
          EXPECT_EQ(ours.value, integer_member(theirs, "value")) << where;
          EXPECT_EQ(ours.worst, integer_member(theirs, "worst")) << where;
          EXPECT_EQ(ours.threshold, integer_member(theirs, "threshold")) << where;
        }
      }
      ++compared;
    }
  }
  EXPECT_GT(compared, 5);
}

TEST(Volumes, reports_of_lvm_and_zfs_are_read) {
  const auto groups = parse_volume_groups(
      R"({"report":[{"vg":[{"vg_name":"data","vg_size":"100","vg_free":"40","pv_name":"/dev/sdb","pv_size":"60","pv_free":"40"},
                           {"vg_name":"data","vg_size":"100","vg_free":"40","pv_name":"/dev/sdc","pv_size":"40","pv_free":"0"}]}]})");
  ASSERT_EQ(groups.size(), 1U);
  EXPECT_EQ(groups[0].free, 40U);
  EXPECT_EQ(groups[0].volumes.size(), 2U);
  const auto pools = parse_thin_pools(
      R"({"report":[{"lv":[{"lv_name":"thin","vg_name":"data","lv_attr":"twi-aotz--","lv_size":"1000","lv_metadata_size":"100","data_percent":"25.00","metadata_percent":"10.00"},
                           {"lv_name":"root","vg_name":"data","lv_attr":"-wi-ao----","lv_size":"5","lv_metadata_size":"","data_percent":"","metadata_percent":""}]}]})");
  ASSERT_EQ(pools.size(), 1U);
  EXPECT_EQ(pools[0].used, 250U);
  EXPECT_EQ(pools[0].metadata_used, 10U);
  const auto zfs = parse_zfs_pools("tank\t1000\t300\t700\t4\t1.25\tONLINE\n");
  ASSERT_EQ(zfs.size(), 1U);
  EXPECT_EQ(zfs[0].health, "ONLINE");
  EXPECT_EQ(zfs[0].fragmentation, 4);
  EXPECT_DOUBLE_EQ(zfs[0].deduplication, 1.25);
}

TEST(Scan, what_servers_offer_is_read) {
  const auto exports = parse_exports("/srv/two words 192.0.2.0/24\n/data *\n");
  ASSERT_EQ(exports.size(), 2U);
  EXPECT_EQ(exports[0].name, "/srv/two words");
  EXPECT_EQ(exports[1].description, "*");
  const auto targets = parse_targets("192.0.2.5:3260,1 iqn.2020-01.test:disk\n");
  ASSERT_EQ(targets.size(), 1U);
  EXPECT_EQ(targets[0].name, "iqn.2020-01.test:disk");
  EXPECT_EQ(targets[0].description, "192.0.2.5:3260");
  const auto shares = parse_shares("Disk|data|all files\nIPC|IPC$|IPC Service\n");
  ASSERT_EQ(shares.size(), 1U);
  EXPECT_EQ(shares[0].description, "all files");
}

}  // namespace
}  // namespace posada::host
