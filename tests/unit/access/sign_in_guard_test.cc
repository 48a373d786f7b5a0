#include "access/sign_in_guard.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "unit/access/manual_clock.h"

namespace posada::access {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

class GuardOf : public ::testing::Test {
 protected:
  bool admitted(const std::string& account, const std::string& address) {
    try {
      guard_.admit(account, address);
      return true;
    } catch (const Error& error) {
      EXPECT_EQ(error.wire(), "authentication failure");
      EXPECT_EQ(error.code(), "access.locked");
      return false;
    }
  }
  testing::ManualClock clock_;
  SignInGuard guard_{clock_};
};

TEST_F(GuardOf, ten_attempts_are_free_and_the_next_must_wait) {
  for (int i = 0; i < 10; ++i) EXPECT_TRUE(admitted("max@pve", "192.0.2.1")) << i;
  EXPECT_FALSE(admitted("max@pve", "192.0.2.1"));
  EXPECT_FALSE(admitted("max@pve", "192.0.2.2"));
  EXPECT_TRUE(admitted("eve@pve", "192.0.2.1"));
}

TEST_F(GuardOf, the_wait_doubles_and_is_capped_so_that_nobody_locks_a_user_out) {
  for (int i = 0; i < 10; ++i) admitted("max@pve", "192.0.2.1");
  clock_.pass(seconds(1));
  EXPECT_TRUE(admitted("max@pve", "192.0.2.1"));
  clock_.pass(seconds(1));
  EXPECT_FALSE(admitted("max@pve", "192.0.2.1"));
  clock_.pass(seconds(1));
  EXPECT_TRUE(admitted("max@pve", "192.0.2.1"));
  for (int i = 0; i < 30; ++i) {
    clock_.pass(seconds(60));
    EXPECT_TRUE(admitted("max@pve", "198.51.100." + std::to_string(i)));
  }
}

TEST_F(GuardOf, a_success_clears_the_account_and_leaves_the_sources_failures) {
  for (int i = 0; i < 10; ++i) admitted("max@pve", "192.0.2.1");
  guard_.succeeded("max@pve", "192.0.2.1");
  EXPECT_TRUE(admitted("max@pve", "192.0.2.1"));
}

TEST_F(GuardOf, one_source_that_tries_many_accounts_must_wait) {
  for (int i = 0; i < 50; ++i) EXPECT_TRUE(admitted("user" + std::to_string(i), "192.0.2.1")) << i;
  EXPECT_FALSE(admitted("another", "192.0.2.1"));
  EXPECT_TRUE(admitted("another", "192.0.2.2"));
}

TEST_F(GuardOf, a_whole_network_of_one_host_counts_as_one_source) {
  for (int i = 0; i < 50; ++i) {
    admitted("user" + std::to_string(i), "2001:db8:1:2::" + std::to_string(i + 1));
  }
  EXPECT_FALSE(admitted("another", "2001:db8:1:2:ffff::1"));
  EXPECT_TRUE(admitted("another", "2001:db8:1:3::1"));
}

TEST_F(GuardOf, what_is_long_ago_is_forgotten) {
  for (int i = 0; i < 15; ++i) admitted("max@pve", "192.0.2.1");
  clock_.pass(minutes(16));
  for (int i = 0; i < 10; ++i) EXPECT_TRUE(admitted("max@pve", "192.0.2.1")) << i;
}

TEST_F(GuardOf, a_flood_of_invented_names_does_not_free_whoever_must_wait) {
  for (int i = 0; i < 16; ++i) {
    clock_.pass(seconds(60));
    admitted("max@pve", "198.51.100." + std::to_string(i));
  }
  for (int i = 0; i < 50'000; ++i) {
    admitted("name" + std::to_string(i),
             "10.0." + std::to_string(i / 250) + "." + std::to_string(i % 250));
  }
  EXPECT_FALSE(admitted("max@pve", "192.0.2.9"));
}

}  // namespace
}  // namespace posada::access
