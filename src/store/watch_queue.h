// The batches of one watch between the backend that finds them and the caller that awaits them.
// Lives on the loop. A caller that falls behind by more than `limit` changes loses the watch (it
// lists again), so that a stuck reader costs bounded memory.
#pragma once

#include <deque>
#include <memory>
#include <optional>

#include "store/store.h"

namespace posada::store {

class WatchQueue {
 public:
  static constexpr std::size_t limit = 50'000;

  explicit WatchQueue(sys::Executor executor);

  // False when the watch is over and nobody will take the batch.
  bool push(Batch batch);
  // Batches that were pushed before are still handed out.
  void finish();
  bool finished() const { return finished_; }
  bool is_over() const { return finished_ && batches_.empty(); }

  static sys::Async<std::optional<Batch>> next(std::shared_ptr<WatchQueue> self);

 private:
  sys::Event changed_;
  std::deque<Batch> batches_;
  std::size_t waiting_changes_ = 0;
  bool finished_ = false;
};

}  // namespace posada::store
