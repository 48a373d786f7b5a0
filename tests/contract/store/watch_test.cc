// Watches: order, resume, and every way in which one ends.
#include "contract/store/backend.h"

namespace posada::store::testing {

namespace {

sys::Async<Revision> put_one(Store& store, std::string key, std::string value) {
  Transaction transaction;
  transaction.put(std::move(key), std::move(value));
  co_return (co_await store.commit(std::move(transaction))).revision;
}

sys::Async<std::shared_ptr<Watch>> watch(Context& context, std::string prefix, Revision from) {
  co_return std::shared_ptr<Watch>(co_await context.store->watch(std::move(prefix), from));
}

sys::Async<void> live_changes(Context& context) {
  const Revision start = (co_await context.store->list("")).revision;
  const std::shared_ptr<Watch> running = co_await watch(context, "w/", start);
  const Revision first = co_await put_one(*context.store, "w/a", "1");
  co_await put_one(*context.store, "other", "x");
  Transaction both;
  both.put("w/b", "2").erase("w/a");
  const Revision second = (co_await context.store->commit(both)).revision;
  std::optional<Batch> batch = co_await next_within(running);
  require(batch.has_value() && batch->changes.size() == 1, "the first put arrives");
  EXPECT_EQ(batch->revision, first);
  EXPECT_EQ(batch->changes[0].key, "w/a");
  require(batch->changes[0].entry.has_value(), "a put brings the entry");
  EXPECT_EQ(batch->changes[0].entry->value, "1");
  EXPECT_EQ(batch->changes[0].entry->created, first.number);
  batch = co_await next_within(running);
  require(batch.has_value() && batch->changes.size() == 2, "a transaction arrives in one batch");
  EXPECT_EQ(batch->revision, second);
  int deletions = 0;
  for (const Change& change : batch->changes) {
    EXPECT_EQ(change.revision, second.number);
    if (!change.entry) {
      ++deletions;
      EXPECT_EQ(change.key, "w/a");
    }
  }
  EXPECT_EQ(deletions, 1);
  running->close();
  EXPECT_FALSE((co_await running->next()).has_value());
}

sys::Async<void> resume(Context& context) {
  const Revision start = (co_await context.store->list("")).revision;
  std::vector<Revision> revisions;
  for (int i = 0; i < 50; ++i) {
    revisions.push_back(co_await put_one(*context.store, "w/key", std::to_string(i)));
  }
  const std::shared_ptr<Watch> all = co_await watch(context, "", start);
  const std::shared_ptr<Watch> half = co_await watch(context, "", revisions[24]);
  for (const auto& [running, first] : {std::pair{all, 0}, std::pair{half, 25}}) {
    int expected = first;
    while (expected < 50) {
      const std::optional<Batch> batch = co_await next_within(running);
      require(batch.has_value(), "the history goes on");
      for (const Change& change : batch->changes) {
        EXPECT_EQ(change.entry->value, std::to_string(expected));
        EXPECT_EQ(change.revision, revisions[static_cast<std::size_t>(expected)].number);
        ++expected;
      }
      EXPECT_EQ(batch->revision.number, batch->changes.back().revision);
    }
  }
  co_await put_one(*context.store, "w/key", "live");
  const std::optional<Batch> batch = co_await next_within(half);
  require(batch.has_value(), "after the history comes what happens now");
  EXPECT_EQ(batch->changes.at(0).entry->value, "live");
}

// Writers and watchers start at any moment; no change may fall between history and live.
sys::Async<void> write_many(std::shared_ptr<Store> store, int count) {
  for (int i = 0; i < count; ++i) co_await put_one(*store, "w/key", std::to_string(i));
}

sys::Async<void> no_gap(Context& context) {
  const Revision start = (co_await context.store->list("")).revision;
  sys::Scope scope(context.executor);
  scope.spawn("writer", write_many(context.another_client(), 300));
  for (int round = 0; round < 10; ++round) {
    const std::shared_ptr<Watch> running = co_await watch(context, "w/", start);
    for (int expected = 0; expected < 300;) {
      const std::optional<Batch> batch = co_await next_within(running);
      require(batch.has_value(), "the watch goes on");
      for (const Change& change : batch->changes) {
        EXPECT_EQ(change.entry->value, std::to_string(expected));
        ++expected;
      }
    }
  }
  co_await scope.join();
}

sys::Async<void> over_at_once(Context& context, Revision from, std::string what) {
  const std::shared_ptr<Watch> running = co_await watch(context, "", from);
  const auto before = context.clock.boot_time();
  EXPECT_FALSE((co_await next_within(running)).has_value()) << what;
  EXPECT_LT(context.clock.boot_time() - before, std::chrono::seconds(9)) << what;
}

sys::Async<void> ends(Context& context) {
  Revision old;
  Revision newest;
  for (int i = 0; i < 20; ++i) {
    newest = co_await put_one(*context.store, "a", std::to_string(i));
    if (i == 5) old = newest;
  }
  const std::shared_ptr<Watch> living = co_await watch(context, "", newest);
  co_await context.store->compact(newest.number - 2);
  co_await over_at_once(context, old, "compacted");
  co_await over_at_once(context, {newest.epoch, newest.number + 1000}, "in the future");
  co_await over_at_once(context, {newest.epoch ^ 1, newest.number}, "of another epoch");
  co_await put_one(*context.store, "a", "after");
  const std::optional<Batch> batch = co_await next_within(living);
  require(batch.has_value(), "a watch that is up to date survives compaction");
  EXPECT_EQ(batch->changes.at(0).entry->value, "after");
  const std::shared_ptr<Watch> kept =
      co_await watch(context, "", {newest.epoch, newest.number - 2});
  int seen = 0;
  while (seen < 3) {
    const std::optional<Batch> history = co_await next_within(kept);
    require(history.has_value(), "what was not compacted is still told");
    seen += static_cast<int>(history->changes.size());
  }
  EXPECT_EQ((co_await context.store->get("a"))->value, "after") << "compaction keeps the texts";
}

}  // namespace

TEST_P(StoreContract, a_watch_tells_changes_in_order_a_transaction_at_a_time) {
  run(live_changes);
}
TEST_P(StoreContract, a_watch_resumes_from_a_revision) {
  run(resume);
}
TEST_P(StoreContract, no_change_falls_between_history_and_live) {
  run(no_gap);
}
TEST_P(StoreContract, a_watch_from_a_compacted_future_or_foreign_revision_is_over_at_once) {
  run(ends);
}

}  // namespace posada::store::testing
