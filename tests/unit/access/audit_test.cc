#include "access/audit.h"

#include <cstdlib>
#include <fstream>
#include <sstream>

#include <gtest/gtest.h>

#include "base/text.h"
#include "sys/file.h"
#include "sys/loop.h"
#include "unit/access/manual_clock.h"

namespace posada::access {
namespace {

class AuditLogOf : public ::testing::Test {
 protected:
  AuditLogOf() {
    std::string pattern = "/tmp/posada-audit-XXXXXX";
    folder_ = mkdtemp(pattern.data());
  }
  ~AuditLogOf() override { sys::remove_tree(folder_); }

  static sys::Async<void> write(AuditLog& log, int count, std::string user) {
    co_await log.open();
    for (int i = 0; i < count; ++i) {
      AuditEntry entry;
      entry.request = "r" + std::to_string(i);
      entry.identity = {user, ""};
      entry.method = "POST";
      entry.path = "/access/users";
      entry.parameters = {{"userid", "eve@pve"}, {"password", "hunter22"}};
      entry.outcome = "ok";
      co_await log.append(std::move(entry));
    }
  }
  void write(int count, const std::string& user = "max@pve") {
    sys::Loop loop;
    AuditLog log(file(), loop.executor(), clock_);
    loop.run(write(log, count, user));
  }
  std::string file() const { return folder_ + "/audit.log"; }
  std::string text() const { return sys::read_file(file()); }
  std::vector<std::string> lines() const { return split_list(text(), "\n"); }

  testing::ManualClock clock_;
  std::string folder_;
};

TEST_F(AuditLogOf, lines_chain_over_restarts) {
  write(3);
  write(2);
  const AuditVerdict verdict = verify_audit_log(text());
  EXPECT_EQ(verdict.lines, 5U);
  EXPECT_FALSE(verdict.broken_line) << verdict.reason;
  const json::value first = json::parse(lines()[0]);
  EXPECT_EQ(first.at("user"), "max@pve");
  EXPECT_EQ(first.at("path"), "/access/users");
}

TEST_F(AuditLogOf, secrets_never_reach_the_file) {
  write(1);
  EXPECT_EQ(text().find("hunter22"), std::string::npos);
  EXPECT_NE(text().find("eve@pve"), std::string::npos);
}

TEST_F(AuditLogOf, a_changed_removed_or_inserted_line_is_found) {
  write(5);
  const auto good = lines();
  const auto verdict_of = [](std::vector<std::string> some) {
    return verify_audit_log(join(some, "\n") + "\n").broken_line;
  };
  EXPECT_FALSE(verdict_of(good));
  auto changed = good;
  changed[1].replace(changed[1].find("max@pve"), 7, "eve@pve");
  EXPECT_EQ(verdict_of(changed), 3U);
  auto removed = good;
  removed.erase(removed.begin() + 2);
  EXPECT_EQ(verdict_of(removed), 3U);
  auto beheaded = good;
  beheaded.erase(beheaded.begin());
  EXPECT_EQ(verdict_of(beheaded), 1U);
  auto inserted = good;
  inserted.insert(inserted.begin() + 1, good[0]);
  EXPECT_EQ(verdict_of(inserted), 2U);
}

TEST_F(AuditLogOf, a_line_that_a_crash_cut_short_is_kept_and_explained) {
  write(2);
  std::string cut = text();
  cut.resize(cut.size() - 30);
  sys::write_file(file(), cut, 0600);
  write(1);
  const AuditVerdict verdict = verify_audit_log(text());
  EXPECT_FALSE(verdict.broken_line) << verdict.reason;
  EXPECT_EQ(verdict.lines, 4U);
  // Without the explanation it is a fault.
  auto some = lines();
  some.erase(some.begin() + 2);
  EXPECT_EQ(verify_audit_log(join(some, "\n") + "\n").broken_line, 2U);
}

TEST_F(AuditLogOf, bytes_that_are_no_text_do_not_break_the_file) {
  write(2, "a\xff\n\"b@pve");
  EXPECT_FALSE(verify_audit_log(text()).broken_line);
  EXPECT_EQ(lines().size(), 2U);
}

TEST(Redaction, hides_secrets_by_name_and_by_place_and_cuts_what_is_long) {
  const json::object given{{"password", "a"},    {"confirmation-password", "b"},
                           {"cipassword", "c"},  {"value", "d"},
                           {"name", "web"},      {"nested", {{"client-key", "e"}}},
                           {"list", {"x", "y"}}, {"long", std::string(511, 'x') + "ñandú"}};
  const json::object kept = redact("/access/tfa/max@pve", given);
  for (const char* name : {"password", "confirmation-password", "cipassword", "value"}) {
    EXPECT_EQ(kept.at(name), "(hidden)") << name;
  }
  EXPECT_EQ(kept.at("name"), "web");
  EXPECT_EQ(kept.at("nested").at("client-key"), "(hidden)");
  EXPECT_EQ(kept.at("list"), given.at("list"));
  EXPECT_TRUE(is_utf8(kept.at("long").as_string()));
  EXPECT_LT(kept.at("long").as_string().size(), 520U);
  EXPECT_EQ(redact("/nodes/n/qemu/100/config", {{"value", "d"}}).at("value"), "d");
}

}  // namespace
}  // namespace posada::access
