// Transactions that are committed with one disk sync.
#include "store/sqlite/engine.h"

#include <cstdlib>
#include <stdexcept>

#include <gtest/gtest.h>

#include "sys/file.h"

namespace posada::store {

namespace {

class EngineTest : public ::testing::Test {
 protected:
  EngineTest() {
    if (mkdtemp(folder_.data()) == nullptr) throw std::runtime_error("mkdtemp failed");
    engine_ = std::make_unique<Engine>(folder_ + "/store.db", 10);
  }
  ~EngineTest() override {
    engine_.reset();
    sys::remove_tree(folder_);
  }

  void commit(std::vector<Engine::Write>& group) {
    std::vector<Engine::Write*> writes;
    for (Engine::Write& write : group) writes.push_back(&write);
    engine_->commit(writes);
  }

  std::string folder_ = "/tmp/posada-engine-XXXXXX";
  std::unique_ptr<Engine> engine_;
};

Engine::Write put(std::string key, std::string value, std::uint64_t lease = 0) {
  Engine::Write write;
  write.transaction.put(std::move(key), std::move(value), lease);
  return write;
}

}  // namespace

TEST_F(EngineTest, a_group_keeps_the_order_and_each_has_its_own_revision) {
  std::vector<Engine::Write> group{put("a", "1"), put("a", "2"), put("b", "3")};
  group[1].transaction.require_exists("a");
  group[2].transaction.require_absent("a");
  const std::uint64_t before = engine_->list("").revision.number;
  commit(group);
  EXPECT_TRUE(group[0].result.applied);
  EXPECT_TRUE(group[1].result.applied) << "it sees what came before it in the group";
  EXPECT_FALSE(group[2].result.applied);
  EXPECT_EQ(group[0].result.revision.number, before + 1);
  EXPECT_EQ(group[1].result.revision.number, before + 2);
  EXPECT_EQ(group[2].result.revision.number, before + 2);
  EXPECT_EQ(engine_->get("a")->value, "2");
  EXPECT_EQ(engine_->history("", {group[0].result.revision.epoch, before}).batches.size(), 2U);
}

TEST_F(EngineTest, one_refused_write_does_not_refuse_the_group) {
  std::vector<Engine::Write> group{put("a", "1"), put("b", "2", 77), put("c", "3")};
  commit(group);
  EXPECT_TRUE(group[0].result.applied);
  EXPECT_NE(group[1].failure, nullptr) << "a lease that never was";
  EXPECT_TRUE(group[2].result.applied);
  EXPECT_EQ(engine_->list("").entries.size(), 2U);
}

TEST_F(EngineTest, one_write_that_the_disk_cannot_take_does_not_fail_the_group) {
  // A trigger that refuses stands for the disk.
  std::vector<Engine::Write> first{put("a", "1")};
  commit(first);
  engine_.reset();
  {
    Database database(folder_ + "/store.db");
    database.execute(
        "CREATE TRIGGER full BEFORE INSERT ON entry WHEN new.key = 'large' "
        "BEGIN SELECT RAISE(ABORT, 'no room'); END");
  }
  engine_ = std::make_unique<Engine>(folder_ + "/store.db", 10);
  std::vector<Engine::Write> group{put("b", "2"), put("large", "3"), put("c", "4")};
  commit(group);
  EXPECT_TRUE(group[0].result.applied);
  EXPECT_NE(group[1].failure, nullptr);
  EXPECT_TRUE(group[1].batch.changes.empty());
  EXPECT_TRUE(group[2].result.applied);
  EXPECT_EQ(group[2].result.revision.number, group[0].result.revision.number + 1)
      << "the failed one took no number";
  EXPECT_EQ(engine_->list("").entries.size(), 3U);
}

TEST_F(EngineTest, old_history_is_forgotten_by_itself) {
  Revision first;
  for (int i = 0; i < 50; ++i) {
    std::vector<Engine::Write> one{put("a", std::to_string(i))};
    commit(one);
    if (i == 0) first = one[0].result.revision;
  }
  EXPECT_FALSE(engine_->history("", first).usable);
  const Revision newest = engine_->list("").revision;
  EXPECT_TRUE(engine_->history("", {newest.epoch, newest.number - 10}).usable);
}

TEST_F(EngineTest, the_epoch_stays_and_numbers_go_on_when_the_file_is_opened_again) {
  std::vector<Engine::Write> one{put("a", "1")};
  commit(one);
  const Revision before = engine_->list("").revision;
  engine_.reset();
  engine_ = std::make_unique<Engine>(folder_ + "/store.db", 10);
  EXPECT_EQ(engine_->list("").revision, before);
}

}  // namespace posada::store
