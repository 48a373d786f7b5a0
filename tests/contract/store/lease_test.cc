// Leases: keys that vanish, renewal, and the fencing token of whoever holds a key.
#include "contract/store/backend.h"

namespace posada::store::testing {

namespace {

using std::chrono::seconds;

sys::Async<bool> key_vanishes(Context& context, std::string key, seconds within) {
  const auto deadline = context.clock.boot_time() + within;
  while (context.clock.boot_time() < deadline) {
    if (!co_await context.store->get(key)) co_return true;
    co_await context.clock.sleep(sys::Milliseconds(50));
  }
  co_return false;
}

sys::Async<Committed> claim(Store& store, std::string key, std::uint64_t lease) {
  Transaction transaction;
  transaction.require_absent(key).put(key, "mine", lease);
  co_return co_await store.commit(std::move(transaction));
}

sys::Async<void> expiry(Context& context) {
  const Revision start = (co_await context.store->list("")).revision;
  const std::shared_ptr<Watch> running(co_await context.store->watch("", start));
  const std::uint64_t lease = co_await context.store->grant_lease(seconds(2));
  EXPECT_NE(lease, 0U);
  Transaction transaction;
  transaction.put("node/n1/alive", "x", lease).put("node/n1/too", "y", lease).put("stays", "z");
  co_await context.store->commit(std::move(transaction));
  EXPECT_EQ((co_await context.store->get("node/n1/alive"))->lease, lease);
  require((co_await next_within(running)).has_value(), "the put is watched");
  const auto before = context.clock.boot_time();
  std::optional<Batch> batch = co_await next_within(running, sys::Milliseconds(20000));
  EXPECT_GT(context.clock.boot_time() - before, std::chrono::milliseconds(1000));
  require(batch.has_value() && batch->changes.size() == 2, "both keys vanish in one revision");
  EXPECT_FALSE(batch->changes[0].entry.has_value());
  EXPECT_FALSE(batch->changes[1].entry.has_value());
  EXPECT_TRUE((co_await context.store->get("stays")).has_value());
  EXPECT_FALSE(co_await context.store->renew_lease(lease)) << "an ended lease is not renewed";
  Transaction late;
  late.put("node/n1/alive", "x", lease).put("late", "x");
  EXPECT_EQ(co_await error_code(context.store->commit(late)), "store.lease-gone");
  EXPECT_FALSE((co_await context.store->get("late")).has_value());
}

sys::Async<void> renewal(Context& context) {
  const std::uint64_t lease = co_await context.store->grant_lease(seconds(2));
  EXPECT_TRUE((co_await claim(*context.store, "held", lease)).applied);
  const auto until = context.clock.boot_time() + seconds(3);
  while (context.clock.boot_time() < until) {
    EXPECT_TRUE(co_await context.store->renew_lease(lease));
    co_await context.clock.sleep(sys::Milliseconds(500));
  }
  EXPECT_TRUE((co_await context.store->get("held")).has_value()) << "renewed, it stays";
  EXPECT_TRUE(co_await key_vanishes(context, "held", seconds(20))) << "left alone, it goes";
}

sys::Async<void> fencing(Context& context) {
  const std::shared_ptr<Store> other = context.another_client();
  const std::uint64_t first = co_await context.store->grant_lease(seconds(60));
  const std::uint64_t second = co_await other->grant_lease(seconds(60));
  const Committed claimed = co_await claim(*context.store, "writer", first);
  EXPECT_TRUE(claimed.applied);
  const std::uint64_t old_token = claimed.revision.number;
  EXPECT_FALSE((co_await claim(*other, "writer", second)).applied) << "somebody holds it";
  co_await context.store->revoke_lease(first);
  const Committed taken = co_await claim(*other, "writer", second);
  EXPECT_TRUE(taken.applied);
  EXPECT_GT(taken.revision.number, old_token) << "tokens only grow";
  // The first writer does not know yet that it has lost: its token gives it away.
  Transaction stale;
  stale.require_created("writer", old_token).put("guest/100", "from the past");
  EXPECT_FALSE((co_await context.store->commit(stale)).applied);
  Transaction fresh;
  fresh.require_created("writer", taken.revision.number).put("guest/100", "now");
  EXPECT_TRUE((co_await other->commit(fresh)).applied);
  EXPECT_EQ((co_await context.store->get("guest/100"))->value, "now");
  EXPECT_FALSE(co_await context.store->renew_lease(first));
  co_await other->revoke_lease(second);
}

sys::Async<void> detach(Context& context) {
  const std::uint64_t lease = co_await context.store->grant_lease(seconds(60));
  co_await claim(*context.store, "a", lease);
  Transaction take_over;
  take_over.put("a", "kept");
  co_await context.store->commit(take_over);
  co_await context.store->revoke_lease(lease);
  const std::optional<Entry> entry = co_await context.store->get("a");
  require(entry.has_value(), "a put without the lease frees the key from it");
  EXPECT_EQ(entry->lease, 0U);
  co_await context.store->revoke_lease(lease);  // once more is no fault
}

}  // namespace

TEST_P(StoreContract, the_keys_of_a_lease_vanish_when_it_is_not_renewed) {
  run(expiry);
}
TEST_P(StoreContract, a_renewed_lease_keeps_its_keys) {
  run(renewal);
}
TEST_P(StoreContract, a_holder_that_lost_its_lease_is_fenced_off_by_its_token) {
  run(fencing);
}
TEST_P(StoreContract, a_put_without_lease_frees_the_key) {
  run(detach);
}

}  // namespace posada::store::testing
