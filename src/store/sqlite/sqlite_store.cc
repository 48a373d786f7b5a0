#include "store/sqlite/sqlite_store.h"

#include <algorithm>
#include <mutex>

#include <boost/asio/post.hpp>

#include "store/sqlite/engine.h"
#include "store/watch_queue.h"

namespace posada::store {

namespace {

// A running watch: what the history holds comes first, then what is published live.
struct Follower {
  explicit Follower(const sys::Executor& executor, std::string wanted)
      : queue(std::make_shared<WatchQueue>(executor)), prefix(std::move(wanted)) {}

  void offer(const Batch& batch) {
    if (!caught_up) {
      early.push_back(batch);
      return;
    }
    Batch matching{batch.revision, {}};
    for (const Change& change : batch.changes) {
      if (change.key.starts_with(prefix)) matching.changes.push_back(change);
    }
    if (!matching.changes.empty()) queue->push(std::move(matching));
  }

  std::shared_ptr<WatchQueue> queue;
  std::string prefix;
  bool caught_up = false;
  std::vector<Batch> early;  // published before the history was read
};

class LocalWatch final : public Watch {
 public:
  explicit LocalWatch(std::shared_ptr<Follower> follower) : follower_(std::move(follower)) {}
  ~LocalWatch() override { follower_->queue->finish(); }
  sys::Async<std::optional<Batch>> next() override { return WatchQueue::next(follower_->queue); }
  bool is_over() const override { return follower_->queue->is_over(); }
  void close() override { follower_->queue->finish(); }

 private:
  std::shared_ptr<Follower> follower_;
};

struct Lease {
  std::chrono::seconds time_to_live{};
  sys::BootTime deadline{};
};

}  // namespace

struct SqliteStore::State {
  State(sys::Executor loop, sys::Clock& injected, const Options& options)
      : executor(loop),
        clock(injected),
        engine(options.file, options.kept_revisions),
        scope(loop),
        thread("store", 1, 10'000) {}

  // On the store's thread: commits all that wait.
  void flush() {
    std::vector<std::shared_ptr<Engine::Write>> taken;
    {
      const std::lock_guard lock(mutex);
      taken.swap(waiting);
    }
    if (taken.empty()) return;
    std::vector<Engine::Write*> writes;
    for (const auto& write : taken) writes.push_back(write.get());
    engine.commit(writes);
    for (const auto& write : taken) publish(write->batch);
  }

  // On the store's thread: hands the changes to the loop, in the order of the commits.
  void publish(const Batch& batch) {
    if (batch.changes.empty()) return;
    boost::asio::post(executor, [weak = self, batch] {
      if (const std::shared_ptr<State> state = weak.lock()) state->deliver(batch);
    });
  }

  void deliver(const Batch& batch) {
    std::erase_if(followers, [&](const std::weak_ptr<Follower>& weak) {
      const std::shared_ptr<Follower> follower = weak.lock();
      if (!follower || follower->queue->finished()) return true;
      follower->offer(batch);
      return false;
    });
  }

  std::weak_ptr<State> self;
  sys::Executor executor;
  sys::Clock& clock;
  Engine engine;  // used on `thread` only, after construction
  std::mutex mutex;
  std::vector<std::shared_ptr<Engine::Write>> waiting;  // guarded by `mutex`
  std::vector<std::weak_ptr<Follower>> followers;
  std::map<std::uint64_t, Lease> leases;
  sys::Scope scope;
  sys::Pool thread;  // last: joined before the engine goes
};

namespace {

using Shared = std::shared_ptr<SqliteStore::State>;

// Ends the lease when its time has passed without renewal.
sys::Async<void> end_lease_in_time(std::weak_ptr<SqliteStore::State> weak, std::uint64_t lease) {
  Shared state = weak.lock();
  while (true) {
    if (!state) co_return;
    const auto found = state->leases.find(lease);
    if (found == state->leases.end()) co_return;
    const sys::BootTime left = found->second.deadline - state->clock.boot_time();
    if (left.count() <= 0) break;
    // The file must close when the store goes, so nothing is held while asleep.
    sys::Clock& clock = state->clock;
    state.reset();
    co_await clock.sleep(std::chrono::ceil<sys::Milliseconds>(left));
    state = weak.lock();
  }
  state->leases.erase(lease);
  SqliteStore::State* raw = state.get();
  // The keys of an ended lease must go, so a full disk only delays it.
  while (true) {
    const bool done = co_await raw->thread.run([raw, lease] {
      try {
        raw->publish(raw->engine.revoke_lease(lease));
        return true;
      } catch (const Error&) {
        return false;
      }
    });
    if (done) co_return;
    co_await raw->clock.sleep(std::chrono::seconds(1));
  }
}

void hold_lease(const Shared& state, std::uint64_t lease, std::chrono::seconds time_to_live) {
  state->leases[lease] = {time_to_live, state->clock.boot_time() + time_to_live};
  state->scope.spawn("lease " + std::to_string(lease), end_lease_in_time(state, lease));
}

sys::Async<Snapshot> list_keys(Shared state, std::string prefix) {
  SqliteStore::State* raw = state.get();
  co_return co_await raw->thread.run([raw, prefix] { return raw->engine.list(prefix); });
}

sys::Async<std::optional<Entry>> get_key(Shared state, std::string key) {
  SqliteStore::State* raw = state.get();
  co_return co_await raw->thread.run([raw, key] { return raw->engine.get(key); });
}

sys::Async<Committed> commit_write(Shared state, Transaction transaction) {
  check(transaction);
  auto write = std::make_shared<Engine::Write>();
  write->transaction = std::move(transaction);
  SqliteStore::State* raw = state.get();
  {
    const std::lock_guard lock(raw->mutex);
    raw->waiting.push_back(write);
  }
  // The first job commits for all that wait; those of the others then find their work done.
  try {
    co_await raw->thread.run([raw] { raw->flush(); });
  } catch (const Error&) {
    // Too much waits. Our write must not be done after we have said that it is not.
    const std::lock_guard lock(raw->mutex);
    if (std::erase(raw->waiting, write) == 0) {
      throw Error::failed("store.outcome-unknown",
                          "the store is overloaded; the change may or may not have been made");
    }
    throw;
  }
  if (write->failure) std::rethrow_exception(write->failure);
  co_return write->result;
}

sys::Async<std::unique_ptr<Watch>> open_watch(Shared state, std::string prefix, Revision from) {
  auto follower = std::make_shared<Follower>(state->executor, prefix);
  // Registered before the history is read, so that no change falls between the two.
  state->followers.push_back(follower);
  SqliteStore::State* raw = state.get();
  Engine::History history =
      co_await raw->thread.run([raw, prefix, from] { return raw->engine.history(prefix, from); });
  if (!history.usable) follower->queue->finish();
  for (Batch& batch : history.batches) follower->queue->push(std::move(batch));
  follower->caught_up = true;
  for (const Batch& batch : follower->early) {
    if (batch.revision.number > history.number) follower->offer(batch);
  }
  follower->early.clear();
  co_return std::make_unique<LocalWatch>(follower);
}

sys::Async<std::uint64_t> grant(Shared state, std::chrono::seconds time_to_live) {
  if (time_to_live.count() <= 0) {
    throw Error::failed("store.failed", "a lease needs a time to live of at least one second");
  }
  SqliteStore::State* raw = state.get();
  const std::uint64_t lease = co_await raw->thread.run(
      [raw, time_to_live] { return raw->engine.grant_lease(time_to_live); });
  hold_lease(state, lease, time_to_live);
  co_return lease;
}

sys::Async<bool> renew(Shared state, std::uint64_t lease) {
  const auto found = state->leases.find(lease);
  if (found == state->leases.end()) co_return false;
  const sys::BootTime now = state->clock.boot_time();
  if (found->second.deadline <= now) co_return false;
  found->second.deadline = now + found->second.time_to_live;
  co_return true;
}

sys::Async<void> revoke(Shared state, std::uint64_t lease) {
  SqliteStore::State* raw = state.get();
  co_await raw->thread.run([raw, lease] { raw->publish(raw->engine.revoke_lease(lease)); });
  raw->leases.erase(lease);
}

sys::Async<void> forget_history(Shared state, std::uint64_t revision) {
  SqliteStore::State* raw = state.get();
  co_await raw->thread.run([raw, revision] { raw->engine.compact(revision); });
}

}  // namespace

SqliteStore::SqliteStore(sys::Executor executor, sys::Clock& clock, Options options)
    : state_(std::make_shared<State>(std::move(executor), clock, options)) {
  state_->self = state_;
  for (const auto& [lease, time_to_live] : state_->engine.leases()) {
    hold_lease(state_, lease, time_to_live);
  }
}

SqliteStore::~SqliteStore() {
  for (const auto& weak : state_->followers) {
    if (const auto follower = weak.lock()) follower->queue->finish();
  }
  state_->scope.stop();
}

sys::Async<Snapshot> SqliteStore::list(std::string prefix) {
  return list_keys(state_, std::move(prefix));
}
sys::Async<std::optional<Entry>> SqliteStore::get(std::string key) {
  return get_key(state_, std::move(key));
}
sys::Async<Committed> SqliteStore::commit(Transaction transaction) {
  return commit_write(state_, std::move(transaction));
}
sys::Async<std::unique_ptr<Watch>> SqliteStore::watch(std::string prefix, Revision from) {
  return open_watch(state_, std::move(prefix), from);
}
sys::Async<std::uint64_t> SqliteStore::grant_lease(std::chrono::seconds time_to_live) {
  return grant(state_, time_to_live);
}
sys::Async<bool> SqliteStore::renew_lease(std::uint64_t lease) {
  return renew(state_, lease);
}
sys::Async<void> SqliteStore::revoke_lease(std::uint64_t lease) {
  return revoke(state_, lease);
}
sys::Async<void> SqliteStore::compact(std::uint64_t revision) {
  return forget_history(state_, revision);
}

}  // namespace posada::store
