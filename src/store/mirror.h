// All keys of the store in memory of this process, fed by one watch. Features read here, without
// waiting; reads also work when the store is unreachable.
//
// Read-your-writes: `commit` answers only after the mirror has applied the commit's revision.
// After a lost watch the mirror resumes it, or lists again and reports the differences as ordinary
// changes. While the store is out of reach reads go on with what was last seen (`following` is then
// false), and writes are refused with Error `store.unavailable`. A store that was replaced by
// another one (its epoch changed) is not followed: its emptiness must not pass for deletions.
// One thread: everything runs on the loop. The store must outlive the mirror.
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
  // False while the watch is lost: what is read here may be old.
  bool following() const;

  // Throws Error `store.conflict` (argument `key`) when a precondition does not hold.
  sys::Async<Revision> commit(Transaction transaction);
  // Tells by its answer whether the preconditions held. Either way the mirror shows what the store
  // had at that moment, so a caller that lost can read anew and try again at once.
  sys::Async<bool> try_commit(Transaction transaction);

  // Called on the loop for every change below `prefix`, after the mirror shows the whole revision.
  // An exception of the listener is logged and disturbs nobody else. Destroying the handle ends the
  // subscription; the handle may outlive the mirror.
  using Listener = std::function<void(const Change&)>;
  [[nodiscard]] std::shared_ptr<void> subscribe(std::string prefix, Listener listener);

  Store& store();

  struct State;

 private:
  std::shared_ptr<State> state_;
};

}  // namespace posada::store
