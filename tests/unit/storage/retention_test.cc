// Which backups a retention setting keeps.
#include "storage/retention.h"

#include <algorithm>

#include <gtest/gtest.h>

#include "base/error.h"

namespace posada::storage {
namespace {

std::vector<BackupFile> files(const std::vector<std::string>& stamps) {
  std::vector<BackupFile> result;
  for (const std::string& stamp : stamps) {
    result.push_back({"vzdump-qemu-100-" + stamp + ".vma.zst", false});
  }
  return result;
}

// "KR": the first is kept, the second removed.
std::string marks(const std::vector<BackupFile>& backups, const std::string& rules) {
  std::string result;
  for (const Mark mark : mark_backups(backups, parse_retention(rules, "prune-backups"))) {
    result += static_cast<char>(std::toupper(text(mark).front()));
  }
  return result;
}

TEST(Retention, TheLastOnesAreKeptWhateverTheirOrder) {
  const auto backups = files({"2026_01_02-00_00_00", "2026_01_04-00_00_00", "2026_01_01-00_00_00",
                              "2026_01_03-00_00_00"});
  EXPECT_EQ(marks(backups, "keep-last=2"), "RKRK");
}

TEST(Retention, EachDayKeepsItsNewestBackup) {
  const auto backups = files({"2026_01_01-08_00_00", "2026_01_01-20_00_00", "2026_01_02-08_00_00",
                              "2026_01_02-20_00_00", "2026_01_03-08_00_00"});
  EXPECT_EQ(marks(backups, "keep-daily=2"), "RRRKK");
}

TEST(Retention, APeriodThatAnEarlierRuleCoversDoesNotCountAgain) {
  const auto backups = files({"2026_01_01-08_00_00", "2026_01_02-08_00_00", "2026_01_03-08_00_00",
                              "2026_01_04-08_00_00"});
  EXPECT_EQ(marks(backups, "keep-last=1,keep-daily=2"), "RKKK");
}

TEST(Retention, AnOlderBackupOfAUsedPeriodIsGivenUpForLaterRulesToo) {
  // The weekly rule would like 08:00 of the 1st, but the daily one has decided on it.
  const auto backups =
      files({"2025_12_01-08_00_00", "2026_01_05-08_00_00", "2026_01_05-20_00_00"});
  EXPECT_EQ(marks(backups, "keep-daily=5,keep-yearly=9"), "KRK");
}

TEST(Retention, AWeekBelongsToTheYearOfItsThursday) {
  // 2026-01-01 is a Thursday: Monday 2025-12-29 lies in the same week.
  const auto backups = files({"2025_12_29-08_00_00", "2026_01_01-08_00_00", "2025_12_22-08_00_00"});
  EXPECT_EQ(marks(backups, "keep-weekly=2"), "RKK");
}

TEST(Retention, GuestsAreCountedEachForThemselves) {
  std::vector<BackupFile> backups = files({"2026_01_01-08_00_00", "2026_01_02-08_00_00"});
  backups.push_back({"vzdump-lxc-100-2026_01_01-08_00_00.tar.zst", false});
  backups.push_back({"vzdump-qemu-101-2026_01_01-08_00_00.vma", false});
  EXPECT_EQ(marks(backups, "keep-last=1"), "RKKK");
}

TEST(Retention, ProtectedAndRenamedBackupsAreReportedAndDoNotCount) {
  std::vector<BackupFile> backups = files({"2026_01_01-08_00_00", "2026_01_02-08_00_00"});
  backups[1].is_protected = true;
  backups.push_back({"vzdump-qemu-100-before-the-move.vma", false});
  EXPECT_EQ(marks(backups, "keep-last=1"), "KPR");
  const auto all = mark_backups(backups, parse_retention("keep-last=1", "x"));
  EXPECT_EQ(all[2], Mark::renamed);
}

TEST(Retention, WithoutARuleThatCountsEverythingStays) {
  const auto backups = files({"2026_01_01-08_00_00", "2026_01_02-08_00_00"});
  EXPECT_EQ(marks(backups, ""), "KK");
  EXPECT_EQ(marks(backups, "keep-all=1"), "KK");
  EXPECT_EQ(marks(backups, "keep-last=0"), "KK");
}

TEST(Retention, KeepAllExcludesTheOthersAndUnknownKeysAreNamed) {
  for (const char* rules : {"keep-all=1,keep-last=2", "keep-some=1", "keep-last=-1"}) {
    try {
      parse_retention(rules, "prune-backups");
      ADD_FAILURE() << rules;
    } catch (const Error& error) {
      EXPECT_TRUE(error.parameters().contains("prune-backups")) << rules;
    }
  }
}

}  // namespace
}  // namespace posada::storage
