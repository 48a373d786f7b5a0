// The mirror over every backend: what it shows, when, and what it makes of a lost watch.
#include "store/mirror.h"

#include <algorithm>
#include <stdexcept>

#include "contract/store/backend.h"
#include "contract/store/faulty_store.h"
#include "contract/store/until.h"

namespace posada::store::testing {

namespace {

sys::Async<void> put(Store& store, std::string key, std::string value) {
  Transaction transaction;
  transaction.put(std::move(key), std::move(value));
  co_await store.commit(std::move(transaction));
}

sys::Async<void> put(Mirror& mirror, std::string key, std::string value) {
  Transaction transaction;
  transaction.put(std::move(key), std::move(value));
  co_await mirror.commit(std::move(transaction));
}

sys::Async<void> start_over(FaultyStore& faulty, Mirror& mirror) {
  co_await mirror.start();
  co_await until([&] { return faulty.watches == 1; }, "the watch is open");
}

sys::Async<void> shows_what_is_there(Context& context) {
  co_await put(*context.store, "guest/100", "one");
  co_await put(*context.store, "guest/101", "two");
  co_await put(*context.store, "storage.cfg", "three");
  Mirror mirror(*context.store, context.executor);
  co_await mirror.start();
  EXPECT_TRUE(mirror.following());
  require(mirror.find("guest/100") != nullptr, "a key is found");
  EXPECT_EQ(mirror.find("guest/100")->value, "one");
  EXPECT_EQ(mirror.find("guest/10"), nullptr);
  const std::vector<Entry> guests = mirror.list("guest/");
  require(guests.size() == 2, "a prefix is listed");
  EXPECT_EQ(guests[1].key, "guest/101");
  EXPECT_EQ(mirror.list("").size(), 3U);
  EXPECT_EQ(mirror.revision(), (co_await context.store->list("")).revision);
  co_await mirror.stop();
}

sys::Async<void> read_your_writes(Context& context) {
  Mirror mirror(*context.store, context.executor);
  co_await mirror.start();
  for (int i = 0; i < 100; ++i) {
    Transaction transaction;
    transaction.put("a", std::to_string(i));
    const Revision revision = co_await mirror.commit(std::move(transaction));
    require(mirror.find("a") != nullptr, "the write is shown");
    EXPECT_EQ(mirror.find("a")->value, std::to_string(i));
    EXPECT_EQ(mirror.find("a")->modified, revision.number);
  }
  Transaction erase;
  erase.erase("a");
  co_await mirror.commit(std::move(erase));
  EXPECT_EQ(mirror.find("a"), nullptr);
  Transaction nothing;
  nothing.erase("a");
  co_await mirror.commit(std::move(nothing));
  co_await mirror.stop();
}

sys::Async<void> conflicts(Context& context) {
  Mirror mirror(*context.store, context.executor);
  co_await mirror.start();
  co_await put(mirror, "a", "1");
  Transaction conflicting;
  conflicting.require_exists("a").require_absent("a").put("a", "2");
  try {
    co_await mirror.commit(conflicting);
    require(false, "the commit is refused");
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), "store.conflict");
    EXPECT_EQ(error.arguments().at("key"), "a");
  }
  EXPECT_EQ(mirror.find("a")->value, "1");
  EXPECT_FALSE(co_await mirror.try_commit(conflicting));
  co_await mirror.stop();
}

sys::Async<void> add_names(Mirror& mirror, std::string name, int times) {
  for (int i = 0; i < times;) {
    const Entry* entry = mirror.find("names");
    Transaction transaction;
    transaction.require_modified("names", entry != nullptr ? entry->modified : 0);
    transaction.put("names", (entry != nullptr ? entry->value : "") + name);
    if (co_await mirror.try_commit(std::move(transaction))) ++i;
  }
}

sys::Async<void> losers_try_again(Context& context) {
  const std::shared_ptr<Store> other = context.another_client();
  Mirror first(*context.store, context.executor);
  Mirror second(*other, context.executor);
  co_await first.start();
  co_await second.start();
  sys::Scope scope(context.executor);
  scope.spawn("first", add_names(first, "a", 100));
  scope.spawn("second", add_names(second, "b", 100));
  co_await scope.join();
  const std::string names = (co_await context.store->get("names"))->value;
  EXPECT_EQ(std::count(names.begin(), names.end(), 'a'), 100);
  EXPECT_EQ(std::count(names.begin(), names.end(), 'b'), 100);
  co_await first.stop();
  co_await second.stop();
}

sys::Async<void> subscriptions(Context& context) {
  Mirror mirror(*context.store, context.executor);
  co_await mirror.start();
  std::vector<std::string> seen;
  std::shared_ptr<void> broken =
      mirror.subscribe("guest/", [](const Change&) { throw std::runtime_error("broken"); });
  std::shared_ptr<void> handle = mirror.subscribe("guest/", [&](const Change& change) {
    // The mirror shows the change, and all others of its transaction.
    EXPECT_EQ(mirror.find(change.key) != nullptr, change.entry.has_value());
    EXPECT_EQ(mirror.find("guest/2") != nullptr, mirror.find("guest/1") != nullptr);
    seen.push_back(change.key + (change.entry ? "=" + change.entry->value : " gone"));
  });
  Transaction both;
  both.put("guest/1", "x").put("guest/2", "y").put("other", "z");
  co_await mirror.commit(std::move(both));
  Transaction erase;
  erase.erase("guest/1").erase("guest/2");
  co_await mirror.commit(std::move(erase));
  std::sort(seen.begin(), seen.begin() + 2);
  std::sort(seen.begin() + 2, seen.end());
  EXPECT_EQ(seen,
            (std::vector<std::string>{"guest/1=x", "guest/2=y", "guest/1 gone", "guest/2 gone"}));
  handle.reset();
  co_await put(mirror, "guest/3", "x");
  EXPECT_EQ(seen.size(), 4U) << "a handle that went ends the subscription";
  co_await mirror.stop();
}

sys::Async<void> lost_watch(Context& context) {
  FaultyStore faulty(context.store);
  Mirror mirror(faulty, context.executor);
  co_await put(*context.store, "kept", "1");
  co_await put(*context.store, "changed", "1");
  co_await put(*context.store, "gone", "1");
  co_await put(*context.store, "again", "1");
  co_await start_over(faulty, mirror);
  std::vector<std::string> seen;
  const std::shared_ptr<void> handle = mirror.subscribe("", [&](const Change& change) {
    seen.push_back(change.key + (change.entry ? "=" + change.entry->value : " gone"));
  });
  faulty.out_of_reach = true;
  faulty.end_watches();
  co_await until([&] { return !mirror.following(); }, "the mirror knows that its watch is lost");
  co_await put(*context.store, "changed", "2");
  Transaction erase;
  erase.erase("gone").erase("again");
  co_await context.store->commit(std::move(erase));
  co_await put(*context.store, "again", "1");
  co_await put(*context.store, "made", "1");
  const Revision newest = (co_await context.store->list("")).revision;
  co_await context.store->compact(newest.number);
  EXPECT_EQ(mirror.find("changed")->value, "1") << "reads go on with what was last seen";
  Transaction refused;
  refused.put("kept", "2");
  EXPECT_EQ(co_await error_code(mirror.commit(refused)), "store.unavailable");
  EXPECT_TRUE(seen.empty());
  faulty.out_of_reach = false;
  co_await until([&] { return mirror.revision() == newest; }, "the mirror lists anew");
  std::sort(seen.begin(), seen.end());
  EXPECT_EQ(seen, (std::vector<std::string>{"again=1", "changed=2", "gone gone", "made=1"}));
  EXPECT_EQ(mirror.list("").size(), 4U);
  co_await put(mirror, "kept", "3");
  EXPECT_EQ(mirror.find("kept")->value, "3");
  co_await mirror.stop();
}

sys::Async<void> resumed_watch(Context& context) {
  FaultyStore faulty(context.store);
  Mirror mirror(faulty, context.executor);
  co_await start_over(faulty, mirror);
  co_await put(mirror, "a", "1");
  EXPECT_EQ(faulty.lists, 1);
  faulty.end_watches();
  co_await put(*context.store, "a", "2");
  co_await until([&] { return mirror.find("a")->value == "2"; }, "the watch is resumed");
  EXPECT_EQ(faulty.lists, 1) << "history that is still there is not listed again";
  co_await mirror.stop();
}

sys::Async<void> silent_watch(Context& context) {
  FaultyStore faulty(context.store);
  Mirror mirror(faulty, context.executor);
  co_await start_over(faulty, mirror);
  faulty.silence_watches();
  co_await put(mirror, "a", "1");
  require(mirror.find("a") != nullptr, "the write is shown though the watch was silent");
  co_await put(mirror, "a", "2");
  EXPECT_EQ(mirror.find("a")->value, "2");
  co_await mirror.stop();
}

sys::Async<void> start_fails(Context& context) {
  FaultyStore faulty(context.store);
  faulty.out_of_reach = true;
  Mirror mirror(faulty, context.executor);
  EXPECT_EQ(co_await error_code(mirror.start()), "store.unavailable");
  faulty.out_of_reach = false;
  co_await mirror.start();
  EXPECT_TRUE(mirror.following());
  co_await mirror.stop();
}

}  // namespace

TEST_P(StoreContract, the_mirror_shows_what_the_store_holds) {
  run(shows_what_is_there);
}
TEST_P(StoreContract, a_commit_is_shown_when_it_returns) {
  run(read_your_writes);
}
TEST_P(StoreContract, a_failed_precondition_is_told_with_its_key) {
  run(conflicts);
}
TEST_P(StoreContract, a_mirror_that_lost_a_race_sees_why) {
  run(losers_try_again);
}
TEST_P(StoreContract, listeners_hear_of_changes_below_their_prefix) {
  run(subscriptions);
}
TEST_P(StoreContract, after_a_lost_watch_the_differences_are_told) {
  run(lost_watch);
}
TEST_P(StoreContract, a_watch_that_ends_is_resumed_without_a_list) {
  run(resumed_watch);
}
TEST_P(StoreContract, a_watch_that_fell_silent_is_found_out_by_a_commit) {
  run(silent_watch);
}
TEST_P(StoreContract, a_mirror_whose_first_list_fails_says_so) {
  run(start_fails);
}

}  // namespace posada::store::testing
