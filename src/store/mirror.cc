#include "store/mirror.h"

#include <algorithm>
#include <map>
#include <set>

#include "sys/log.h"

namespace posada::store {

namespace {

struct ByKey {
  using is_transparent = void;
  bool operator()(const Entry& a, const Entry& b) const { return a.key < b.key; }
  bool operator()(const Entry& a, std::string_view b) const { return a.key < b; }
  bool operator()(std::string_view a, const Entry& b) const { return a < b.key; }
};
using Entries = std::set<Entry, ByKey>;

struct Subscription {
  std::string prefix;
  Mirror::Listener listener;
};

constexpr sys::Milliseconds first_pause{100};
constexpr sys::Milliseconds longest_pause{5000};
// How long a commit waits for the watch to show it before the watch is taken for dead, and how long
// for the list that replaces it.
constexpr sys::Milliseconds watch_patience{2000};
constexpr sys::Milliseconds list_patience{8000};
// How long a commit waits for a lost watch to come back before it is refused.
constexpr sys::Milliseconds reach_patience{2000};

}  // namespace

struct Mirror::State {
  State(Store& backend, sys::Executor loop)
      : store(backend), executor(loop), scope(loop), retry_now(loop), following(loop) {}

  void apply(const Batch& batch) {
    for (const Change& change : batch.changes) {
      if (change.entry) {
        put(*change.entry);
      } else if (const auto found = entries.find(change.key); found != entries.end()) {
        entries.erase(found);
      }
    }
    arrived(batch.revision);
    notify(batch.changes);
  }

  void put(const Entry& entry) {
    const auto found = entries.find(entry.key);
    if (found == entries.end()) {
      entries.insert(entry);
      return;
    }
    auto node = entries.extract(found);
    node.value() = entry;
    entries.insert(std::move(node));
  }

  // Replaces all by what a list found, and reports the differences.
  void apply(Snapshot snapshot) {
    Entries fresh;
    std::vector<Change> changes;
    for (Entry& entry : snapshot.entries) {
      const auto old = entries.find(entry.key);
      if (old == entries.end() || old->modified != entry.modified ||
          old->created != entry.created || old->lease != entry.lease || old->value != entry.value) {
        changes.push_back({entry.key, entry, entry.modified});
      }
      fresh.insert(fresh.end(), std::move(entry));
    }
    for (const Entry& old : entries) {
      if (!fresh.contains(old.key)) {
        changes.push_back({old.key, std::nullopt, snapshot.revision.number});
      }
    }
    entries = std::move(fresh);
    arrived(snapshot.revision);
    notify(changes);
  }

  void arrived(Revision seen) {
    revision = seen;
    for (auto waiter = waiting.begin(); waiter != waiting.end();) {
      if (shows(waiter->first)) {
        waiter->second->set();
        waiter = waiting.erase(waiter);
      } else {
        ++waiter;
      }
    }
  }

  // Of another epoch means: the store was replaced since, and what we show is newer.
  bool shows(Revision wanted) const {
    return revision.epoch == wanted.epoch && revision.number >= wanted.number;
  }

  void notify(const std::vector<Change>& changes) {
    // Listeners may subscribe and unsubscribe while they are called.
    const std::vector<std::weak_ptr<Subscription>> current = subscriptions;
    for (const Change& change : changes) {
      for (const auto& weak : current) {
        const std::shared_ptr<Subscription> subscription = weak.lock();
        if (!subscription || !change.key.starts_with(subscription->prefix)) continue;
        try {
          subscription->listener(change);
        } catch (const std::exception& failure) {
          sys::log_error("a listener on '{}' failed at '{}': {}", subscription->prefix, change.key,
                         failure.what());
        }
      }
    }
    std::erase_if(subscriptions, [](const auto& weak) { return weak.expired(); });
  }

  // The watch is not believed any more: the follower lists anew.
  void distrust() {
    must_list = true;
    retry_now.set();
    if (watch) watch->close();
  }

  Store& store;
  sys::Executor executor;
  sys::Scope scope;
  Entries entries;
  Revision revision;
  std::shared_ptr<Watch> watch;
  bool must_list = false;
  bool stopped = false;  // the store may be gone
  sys::Event retry_now;
  sys::Milliseconds pause = first_pause;  // before the next try
  sys::Event following;
  std::string trouble = "not started";  // why nothing is followed
  std::multimap<Revision, std::shared_ptr<sys::Event>> waiting;
  std::vector<std::weak_ptr<Subscription>> subscriptions;
};

namespace {

using Shared = std::shared_ptr<Mirror::State>;

// Follows one watch to its end. True when it brought anything.
sys::Async<bool> follow_watch(Shared state) {
  if (state->stopped) co_return true;
  state->watch = co_await state->store.watch("", state->revision);
  const std::shared_ptr<Watch> watch = state->watch;
  if (watch->is_over()) co_return false;
  state->following.set();
  state->pause = first_pause;
  if (!state->trouble.empty()) sys::log_info("the store is followed again");
  state->trouble.clear();
  bool brought = false;
  while (true) {
    std::optional<Batch> batch = co_await watch->next();
    if (!batch) break;
    brought = true;
    state->apply(*batch);
  }
  co_return brought;
}

sys::Async<void> list_anew(Shared state) {
  Snapshot snapshot = co_await state->store.list("");
  const bool first = state->revision.epoch == 0;
  if (!first && snapshot.revision.epoch != state->revision.epoch) {
    // Whoever took this for deletions would tear down what still runs.
    throw Error::failed("store.replaced", "the store was replaced by another one")
        .with_hint("Restart the daemon to work with the new store.");
  }
  state->apply(std::move(snapshot));
  state->must_list = false;
}

sys::Async<void> follow(Shared state) {
  while (!state->stopped) {
    bool failed = false;
    try {
      if (state->must_list) co_await list_anew(state);
      // A watch that ends without a word may be one that can only end: no hurry.
      failed = !co_await follow_watch(state);
      if (failed) state->must_list = true;
    } catch (const Error& failure) {
      if (state->trouble.empty()) sys::log_warning("the store is lost: {}", failure.wire());
      state->trouble = failure.wire();
      failed = true;
    }
    state->watch.reset();
    state->following.reset();
    if (!failed) continue;
    state->retry_now.reset();
    co_await state->retry_now.wait_for(state->pause);
    state->pause = std::min(2 * state->pause, longest_pause);
  }
}

sys::Async<void> start_following(Shared state) {
  co_await list_anew(state);
  state->trouble.clear();
  state->scope.spawn("store mirror", follow(state));
  co_await state->following.wait_for(reach_patience);
}

// Until the mirror shows the revision. The store was there a moment ago, so a watch that does not
// bring it is dead, and a list takes its place.
sys::Async<void> wait_for_revision(Shared state, Revision wanted) {
  for (const sys::Milliseconds patience : {watch_patience, list_patience}) {
    if (state->shows(wanted)) co_return;
    auto event = std::make_shared<sys::Event>(state->executor);
    const auto place = state->waiting.emplace(wanted, event);
    if (co_await event->wait_for(patience)) co_return;
    state->waiting.erase(place);
    state->distrust();
  }
  throw Error::failed("store.out-of-sight",
                      "the change was made, but the store cannot be read at the moment");
}

sys::Async<Committed> commit_and_show(Shared state, Transaction transaction) {
  // Without a watch the change could not be shown, and a member that hangs would leave it open
  // whether the change was made: refused before anything is sent.
  if (!co_await state->following.wait_for(reach_patience)) {
    throw Error::failed("store.unavailable",
                        "the store is out of reach and no change is possible (" +
                            (state->trouble.empty() ? "connecting" : state->trouble) + ")",
                        {{"reason", state->trouble}})
        .with_hint("Nothing was changed. Running guests go on; try again when the store is back.");
  }
  const Committed committed = co_await state->store.commit(std::move(transaction));
  co_await wait_for_revision(state, committed.revision);
  co_return committed;
}

sys::Async<Revision> commit_or_throw(Shared state, Transaction transaction) {
  const std::vector<Precondition> preconditions = transaction.preconditions;
  const Committed committed = co_await commit_and_show(state, std::move(transaction));
  if (committed.applied) co_return committed.revision;
  Error::Texts arguments;
  for (const Precondition& precondition : preconditions) {
    const auto found = state->entries.find(precondition.key);
    if (!holds(precondition, found == state->entries.end() ? nullptr : &*found)) {
      arguments["key"] = precondition.key;
      break;
    }
  }
  throw Error::failed("store.conflict",
                      "detected modified configuration - file changed by other user? Try again.",
                      arguments);
}

sys::Async<bool> commit_or_tell(Shared state, Transaction transaction) {
  co_return (co_await commit_and_show(state, std::move(transaction))).applied;
}

sys::Async<void> stop_following(Shared state) {
  state->stopped = true;
  state->scope.stop();
  co_await state->scope.join();
  state->following.reset();
  state->trouble = "stopped";
}

}  // namespace

Mirror::Mirror(Store& store, sys::Executor executor)
    : state_(std::make_shared<State>(store, std::move(executor))) {}

Mirror::~Mirror() {
  state_->stopped = true;
  state_->scope.stop();
}

sys::Async<void> Mirror::start() {
  return start_following(state_);
}
sys::Async<void> Mirror::stop() {
  return stop_following(state_);
}

const Entry* Mirror::find(std::string_view key) const {
  const auto found = state_->entries.find(key);
  return found == state_->entries.end() ? nullptr : &*found;
}

void Mirror::each(std::string_view prefix, const std::function<void(const Entry&)>& visit) const {
  for (auto entry = state_->entries.lower_bound(prefix);
       entry != state_->entries.end() && entry->key.starts_with(prefix); ++entry) {
    visit(*entry);
  }
}

std::vector<Entry> Mirror::list(std::string_view prefix) const {
  std::vector<Entry> entries;
  each(prefix, [&entries](const Entry& entry) { entries.push_back(entry); });
  return entries;
}

Revision Mirror::revision() const {
  return state_->revision;
}
bool Mirror::following() const {
  return state_->following.is_set();
}

sys::Async<Revision> Mirror::commit(Transaction transaction) {
  return commit_or_throw(state_, std::move(transaction));
}
sys::Async<bool> Mirror::try_commit(Transaction transaction) {
  return commit_or_tell(state_, std::move(transaction));
}

std::shared_ptr<void> Mirror::subscribe(std::string prefix, Listener listener) {
  auto subscription =
      std::make_shared<Subscription>(Subscription{std::move(prefix), std::move(listener)});
  state_->subscriptions.push_back(subscription);
  return subscription;
}

Store& Mirror::store() {
  return state_->store;
}

}  // namespace posada::store
