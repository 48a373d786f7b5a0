// What a transaction does, refuses and leaves behind, on every backend.
#include <algorithm>

#include "contract/store/backend.h"

namespace posada::store::testing {

using namespace std::string_literals;

namespace {

sys::Async<Committed> put(Store& store, std::string key, std::string value) {
  Transaction transaction;
  transaction.put(std::move(key), std::move(value));
  co_return co_await store.commit(std::move(transaction));
}

sys::Async<void> put_then_get(Context& context) {
  const std::string bytes = "first line\nsecond \xc3\xa9 \xff\n\0end"s + std::string(3, '\0');
  const Committed committed = co_await put(*context.store, "nodes/n1/qemu-server/100.conf", bytes);
  EXPECT_TRUE(committed.applied);
  EXPECT_NE(committed.revision.epoch, 0U);
  std::optional<Entry> entry = co_await context.store->get("nodes/n1/qemu-server/100.conf");
  require(entry.has_value(), "the key is there");
  EXPECT_EQ(entry->value, bytes);
  EXPECT_EQ(entry->created, committed.revision.number);
  EXPECT_EQ(entry->modified, committed.revision.number);
  EXPECT_EQ(entry->lease, 0U);
  EXPECT_FALSE((co_await context.store->get("nodes/n1/qemu-server/101.conf")).has_value());
  EXPECT_FALSE((co_await context.store->get("nodes/n1/qemu-server/100.con")).has_value());
}

sys::Async<void> empty_value(Context& context) {
  const Committed committed = co_await put(*context.store, "empty", "");
  EXPECT_TRUE(committed.applied);
  const std::optional<Entry> entry = co_await context.store->get("empty");
  require(entry.has_value(), "an empty text is a value");
  EXPECT_EQ(entry->value, "");
}

sys::Async<void> numbers_of_a_key(Context& context) {
  const Committed first = co_await put(*context.store, "a", "1");
  const Committed second = co_await put(*context.store, "a", "2");
  EXPECT_EQ(second.revision.number, first.revision.number + 1);
  std::optional<Entry> entry = co_await context.store->get("a");
  EXPECT_EQ(entry->created, first.revision.number);
  EXPECT_EQ(entry->modified, second.revision.number);
  Transaction erase;
  erase.erase("a");
  EXPECT_TRUE((co_await context.store->commit(erase)).applied);
  EXPECT_FALSE((co_await context.store->get("a")).has_value());
  const Committed again = co_await put(*context.store, "a", "3");
  entry = co_await context.store->get("a");
  EXPECT_EQ(entry->created, again.revision.number) << "a key made anew is another key";
}

sys::Async<void> nothing_changed(Context& context) {
  const Committed first = co_await put(*context.store, "a", "1");
  Transaction absent;
  absent.erase("never/was");
  const Committed second = co_await context.store->commit(absent);
  EXPECT_TRUE(second.applied);
  EXPECT_EQ(second.revision, first.revision);
  Transaction only_question;
  only_question.require_exists("a");
  const Committed third = co_await context.store->commit(only_question);
  EXPECT_TRUE(third.applied);
  EXPECT_EQ(third.revision, first.revision);
  EXPECT_FALSE((co_await context.store->commit(Transaction().require_exists("b"))).applied);
}

// Commits `question` together with a put, and checks that the put happened exactly when it should.
sys::Async<void> expect_decides(Context& context, Transaction question, bool holds,
                                std::string what) {
  static int serial = 0;
  const std::string key = "effect/" + std::to_string(++serial);
  question.put(key, "x");
  const Committed committed = co_await context.store->commit(std::move(question));
  EXPECT_EQ(committed.applied, holds) << what;
  EXPECT_EQ((co_await context.store->get(key)).has_value(), holds) << what;
}

sys::Async<void> each_precondition(Context& context) {
  const std::uint64_t created = (co_await put(*context.store, "a", "1")).revision.number;
  const std::uint64_t modified = (co_await put(*context.store, "a", "2")).revision.number;
  using T = Transaction;
  co_await expect_decides(context, T().require_exists("a"), true, "a exists");
  co_await expect_decides(context, T().require_exists("b"), false, "b exists");
  co_await expect_decides(context, T().require_absent("a"), false, "a absent");
  co_await expect_decides(context, T().require_absent("b"), true, "b absent");
  co_await expect_decides(context, T().require_modified("a", modified), true, "newest");
  co_await expect_decides(context, T().require_modified("a", created), false, "older");
  co_await expect_decides(context, T().require_modified("b", modified), false, "other key");
  co_await expect_decides(context, T().require_modified("b", 0), true, "absent stands at 0");
  co_await expect_decides(context, T().require_modified("a", 0), false, "present is not 0");
  co_await expect_decides(context, T().require_created("a", created), true, "token");
  co_await expect_decides(context, T().require_created("a", modified), false, "other token");
  co_await expect_decides(context, T().require_created("b", 0), true, "absent has token 0");
  co_await expect_decides(context, T().require_exists("a").require_absent("b"), true, "both");
  co_await expect_decides(context, T().require_exists("a").require_exists("b"), false,
                          "one of two");
}

sys::Async<void> all_or_nothing(Context& context) {
  co_await put(*context.store, "old", "1");
  Transaction refused;
  refused.require_absent("old").put("new/1", "x").put("new/2", "x").erase("old");
  EXPECT_FALSE((co_await context.store->commit(refused)).applied);
  EXPECT_EQ((co_await context.store->list("")).entries.size(), 1U);
  Transaction accepted;
  accepted.require_exists("old").put("new/1", "x").put("new/2", "y").erase("old");
  const Committed committed = co_await context.store->commit(accepted);
  EXPECT_TRUE(committed.applied);
  const Snapshot snapshot = co_await context.store->list("");
  require(snapshot.entries.size() == 2, "both puts and the deletion happened");
  EXPECT_EQ(snapshot.entries[0].modified, committed.revision.number);
  EXPECT_EQ(snapshot.entries[1].modified, committed.revision.number);
}

sys::Async<void> limits(Context& context) {
  const std::string invalid = "store.transaction-invalid";
  Transaction full;
  for (std::size_t i = 0; i < max_operations; ++i) {
    full.put("many/" + std::to_string(i), "x").require_absent("many/" + std::to_string(i));
  }
  EXPECT_TRUE((co_await context.store->commit(full)).applied) << "100 of each are possible";
  EXPECT_EQ((co_await context.store->list("many/")).entries.size(), max_operations);
  Transaction operations;
  for (std::size_t i = 0; i <= max_operations; ++i) operations.erase("many/" + std::to_string(i));
  EXPECT_EQ(co_await error_code(context.store->commit(operations)), invalid);
  Transaction preconditions;
  for (std::size_t i = 0; i <= max_operations; ++i) preconditions.require_exists("many/1");
  EXPECT_EQ(co_await error_code(context.store->commit(preconditions)), invalid);
  Transaction twice;
  twice.put("a", "1").erase("a");
  EXPECT_EQ(co_await error_code(context.store->commit(twice)), invalid);
  Transaction large;
  large.put("a", std::string(max_value_bytes + 1, 'x'));
  EXPECT_EQ(co_await error_code(context.store->commit(large)), invalid);
  Transaction heavy;
  for (const char* key : {"a", "b", "c", "d", "e"}) heavy.put(key, std::string(220'000, 'x'));
  EXPECT_EQ(co_await error_code(context.store->commit(heavy)), invalid);
  for (const std::string& key : {""s, std::string(max_key_bytes + 1, 'k'), "a//b"s, "/a"s, "a/"s,
                                 "a/../b"s, "./a"s, "a\nb"s, "a\0b"s}) {
    Transaction put_it;
    put_it.put(key, "x");
    EXPECT_EQ(co_await error_code(context.store->commit(put_it)), invalid) << key;
    Transaction ask;
    ask.require_absent(key);
    EXPECT_EQ(co_await error_code(context.store->commit(ask)), invalid) << key;
  }
  EXPECT_EQ((co_await context.store->list("")).entries.size(), max_operations);
  const Committed largest = co_await put(*context.store, std::string(max_key_bytes, 'k'),
                                         std::string(max_value_bytes, '\x01'));
  EXPECT_TRUE(largest.applied);
  Transaction heaviest;
  for (const char* key : {"a", "b", "c"}) heaviest.put(key, std::string(max_value_bytes, 'x'));
  heaviest.put("d", std::string(max_value_bytes - 100, 'x'));
  EXPECT_TRUE((co_await context.store->commit(heaviest)).applied) << "nearly 1 MiB";
}

sys::Async<void> list_by_prefix(Context& context) {
  Transaction transaction;
  transaction.put("a", "1").put("a/1", "2").put("a/10", "3").put("a/2", "4").put("b", "5");
  const Committed committed = co_await context.store->commit(transaction);
  const Snapshot snapshot = co_await context.store->list("a/");
  EXPECT_EQ(snapshot.revision, committed.revision);
  require(snapshot.entries.size() == 3, "three keys below a/");
  EXPECT_EQ(snapshot.entries[0].key, "a/1");
  EXPECT_EQ(snapshot.entries[1].key, "a/10");
  EXPECT_EQ(snapshot.entries[2].key, "a/2");
  EXPECT_EQ((co_await context.store->list("a")).entries.size(), 4U) << "a prefix is of bytes";
  EXPECT_TRUE((co_await context.store->list("c")).entries.empty());
}

sys::Async<void> fill(Context& context, std::size_t from, std::size_t to, std::string value) {
  for (std::size_t first = from; first < to; first += max_operations) {
    Transaction transaction;
    for (std::size_t i = first; i < std::min(to, first + max_operations); ++i) {
      transaction.put("big/" + std::to_string(100000 + i), value);
    }
    require((co_await context.store->commit(std::move(transaction))).applied, "filled");
  }
}

sys::Async<void> overwrite_until(Context& context, std::shared_ptr<bool> enough) {
  for (int round = 0; !*enough; ++round) {
    Transaction transaction;
    for (const char* key : {"big/100000", "big/101000", "big/102499"}) {
      transaction.put(key, "round " + std::to_string(round));
    }
    co_await context.store->commit(std::move(transaction));
  }
}

sys::Async<void> list_is_one_moment(Context& context) {
  co_await fill(context, 0, 2500, std::string(1000, 'v'));
  auto enough = std::make_shared<bool>(false);
  sys::Scope scope(context.executor);
  scope.spawn("writer", overwrite_until(context, enough));
  for (int i = 0; i < 10; ++i) {
    const Snapshot snapshot = co_await context.store->list("big/");
    require(snapshot.entries.size() == 2500, "all keys are listed");
    EXPECT_EQ(snapshot.entries[0].value, snapshot.entries[1000].value);
    EXPECT_EQ(snapshot.entries[0].value, snapshot.entries[2499].value);
    EXPECT_GE(snapshot.revision.number, snapshot.entries[0].modified);
  }
  *enough = true;
  co_await scope.join();
}

sys::Async<void> increment(std::shared_ptr<Store> store, int times, std::shared_ptr<int> done) {
  for (int i = 0; i < times;) {
    const std::optional<Entry> entry = co_await store->get("counter");
    const int value = entry ? std::stoi(entry->value) : 0;
    Transaction transaction;
    transaction.require_modified("counter", entry ? entry->modified : 0);
    transaction.put("counter", std::to_string(value + 1));
    if ((co_await store->commit(std::move(transaction))).applied) ++i;
  }
  ++*done;
}

sys::Async<void> no_lost_update(Context& context) {
  auto done = std::make_shared<int>(0);
  sys::Scope scope(context.executor);
  const std::shared_ptr<Store> other = context.another_client();
  scope.spawn("first", increment(context.store, 500, done));
  scope.spawn("second", increment(other, 500, done));
  co_await scope.join();
  EXPECT_EQ(*done, 2);
  const std::optional<Entry> entry = co_await context.store->get("counter");
  require(entry.has_value(), "the counter is there");
  EXPECT_EQ(entry->value, "1000");
}

}  // namespace

TEST_P(StoreContract, a_put_text_is_got_back_byte_for_byte) {
  run(put_then_get);
}
TEST_P(StoreContract, an_empty_text_is_a_value) {
  run(empty_value);
}
TEST_P(StoreContract, a_key_tells_when_it_was_made_and_last_changed) {
  run(numbers_of_a_key);
}
TEST_P(StoreContract, a_transaction_that_changes_nothing_makes_no_revision) {
  run(nothing_changed);
}
TEST_P(StoreContract, each_kind_of_precondition_decides) {
  run(each_precondition);
}
TEST_P(StoreContract, a_transaction_happens_whole_or_not_at_all) {
  run(all_or_nothing);
}
TEST_P(StoreContract, limits_are_the_same_on_every_backend) {
  run(limits);
}
TEST_P(StoreContract, list_gives_the_keys_of_a_prefix_in_order) {
  run(list_by_prefix);
}
TEST_P(StoreContract, a_long_list_shows_one_moment) {
  run(list_is_one_moment);
}
TEST_P(StoreContract, two_writers_lose_no_update) {
  run(no_lost_update);
}

}  // namespace posada::store::testing
