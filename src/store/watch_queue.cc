#include "store/watch_queue.h"

namespace posada::store {

WatchQueue::WatchQueue(sys::Executor executor) : changed_(std::move(executor)) {}

bool WatchQueue::push(Batch batch) {
  if (finished_) return false;
  if (waiting_changes_ + batch.changes.size() > limit && !batches_.empty()) {
    finish();
    return false;
  }
  waiting_changes_ += batch.changes.size();
  batches_.push_back(std::move(batch));
  changed_.set();
  return true;
}

void WatchQueue::finish() {
  finished_ = true;
  changed_.set();
}

sys::Async<std::optional<Batch>> WatchQueue::next(std::shared_ptr<WatchQueue> self) {
  while (self->batches_.empty()) {
    if (self->finished_) co_return std::nullopt;
    self->changed_.reset();
    co_await self->changed_.wait();
  }
  Batch batch = std::move(self->batches_.front());
  self->batches_.pop_front();
  self->waiting_changes_ -= batch.changes.size();
  co_return batch;
}

}  // namespace posada::store
