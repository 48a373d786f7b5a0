#include "access/records.h"

#include <algorithm>

#include <gtest/gtest.h>

#include "access/user_config_text.h"

namespace posada::access {
namespace {

constexpr const char* database =
    "user:max@pve:1:0:Max:M:max@example.org:a comment::\n"
    "token:max@pve!ci:99:1:for builds:\n"
    "token:max@pve!full:0:0::\n"
    "group:admins:max@pve,root@pam:c:\n"
    "pool:web:w:100,101:local:\n"
    "pool:web/test::102:local,other:\n"
    "role:Mine:VM.Audit,VM.Console:\n"
    "acl:1:/vms/100:max@pve,@admins:Mine,PVEVMAdmin:\n"
    "acl:0:/:max@pve!ci:Administrator:\n";

TEST(Records, a_database_is_the_same_after_a_way_through_its_records_in_any_order) {
  const UserConfig config = parse_user_config(database).config;
  const auto records = records_of(config);
  UserConfig forward;
  for (const auto& [key, value] : records) apply_record(forward, key, value);
  EXPECT_EQ(forward, config);
  UserConfig backward;
  for (auto record = records.rbegin(); record != records.rend(); ++record) {
    apply_record(backward, record->first, record->second);
  }
  EXPECT_EQ(print_user_config(backward), print_user_config(config));
}

TEST(Records, deleting_every_record_leaves_nothing) {
  UserConfig config = parse_user_config(database).config;
  for (const auto& [key, value] : records_of(config)) apply_record(config, key, std::nullopt);
  EXPECT_TRUE(records_of(config).empty());
  EXPECT_EQ(print_user_config(config), "\n\n\n\n");
}

TEST(Records, pool_membership_is_told_apart_from_what_changes_rights) {
  UserConfig config;
  EXPECT_EQ(apply_record(config, pool_guest_key({100}), "web"), RecordEffect::members);
  EXPECT_EQ(apply_record(config, pool_key("web"), "{}"), RecordEffect::entries);
  EXPECT_EQ(*config.pool_of({100}), "web");
  EXPECT_EQ(apply_record(config, "access/else/x", "y"), RecordEffect::none);
  EXPECT_EQ(apply_record(config, "access/user/", "{}"), RecordEffect::none);
}

TEST(Records, a_guest_that_changes_its_pool_is_in_the_new_one_only) {
  UserConfig config;
  for (const char* pool : {"a", "b"}) apply_record(config, pool_key(pool), "{}");
  apply_record(config, pool_guest_key({100}), "a");
  apply_record(config, pool_guest_key({100}), "b");
  EXPECT_TRUE(config.members_of("a").guests.empty());
  EXPECT_EQ(*config.pool_of({100}), "b");
}

TEST(Records, a_record_that_cannot_be_read_gives_nobody_rights) {
  UserConfig config;
  apply_record(config, user_key("max@pve"), R"({"enable":1})");
  apply_record(config, user_key("max@pve"), "rubbish");
  EXPECT_FALSE(config.has_user("max@pve"));
  apply_record(config, user_key("max@pve"), "{}");
  EXPECT_FALSE(config.find_user("max@pve")->enabled);
  apply_record(config, token_key("max@pve", "ci"), "{}");
  EXPECT_TRUE(config.find_token("max@pve", "ci")->separated);
}

}  // namespace
}  // namespace posada::access
