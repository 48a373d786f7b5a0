// All keys of the store in memory of this process, fed by one watch. Features read here, without
// waiting; reads also work when the store is unreachable.
//
// Read-your-writes: `commit` answers only after the mirror has applied the commit's revision.
// After a lost watch the mirror lists again and reports the differences as ordinary changes.
// One thread: everything runs on the loop.
#pragma once

#include <functional>
#include <memory>
#include <string_view>
#include <vector>

#include "store/store.h"

namespace posada::store {

class Mirror {
 public:
  Mirror(Store& store, sys::Executor executor);
  ~Mirror();

  // Lists the store and starts following it; throws when the first list fails.
  sys::Async<void> start();
  sys::Async<void> stop();

  // The pointer is good until the next suspension.
  const Entry* find(std::string_view key) const;
  // Keys that start with `prefix`, in order. `visit` must not change the store.
  void each(std::string_view prefix, const std::function<void(const Entry&)>& visit) const;
  std::vector<Entry> list(std::string_view prefix) const;
  Revision revision() const;

  // Throws Error `store.conflict` when a precondition does not hold.
  sys::Async<Revision> commit(Transaction transaction);
  // Tells by its answer whether the preconditions held.
  sys::Async<bool> try_commit(Transaction transaction);

  // Called on the loop for every change below `prefix`, after the mirror shows it. Destroying the
  // handle ends the subscription.
  using Listener = std::function<void(const Change&)>;
  [[nodiscard]] std::shared_ptr<void> subscribe(std::string prefix, Listener listener);

  Store& store();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace posada::store
