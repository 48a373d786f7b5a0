#include "contract/store/faulty_store.h"

namespace posada::store::testing {

namespace {

class FaultyWatch final : public Watch {
 public:
  explicit FaultyWatch(std::shared_ptr<FaultyStore::Running> running)
      : running_(std::move(running)) {}

  sys::Async<std::optional<Batch>> next() override {
    const std::shared_ptr<FaultyStore::Running> running = running_;
    while (true) {
      std::optional<Batch> batch = co_await running->watch->next();
      if (!batch || !running->silent) co_return batch;
    }
  }
  bool is_over() const override { return running_->watch->is_over(); }
  void close() override { running_->watch->close(); }

 private:
  std::shared_ptr<FaultyStore::Running> running_;
};

}  // namespace

void FaultyStore::reach() const {
  if (out_of_reach) {
    throw Error::failed("store.unavailable", "no store answers (connection refused)");
  }
}

void FaultyStore::end_watches() {
  for (const auto& weak : running_) {
    if (const auto running = weak.lock()) running->watch->close();
  }
}

void FaultyStore::silence_watches() {
  for (const auto& weak : running_) {
    if (const auto running = weak.lock()) running->silent = true;
  }
}

sys::Async<Snapshot> FaultyStore::list(std::string prefix) {
  reach();
  ++lists;
  co_return co_await real_->list(std::move(prefix));
}
sys::Async<std::optional<Entry>> FaultyStore::get(std::string key) {
  reach();
  co_return co_await real_->get(std::move(key));
}
sys::Async<Committed> FaultyStore::commit(Transaction transaction) {
  reach();
  co_return co_await real_->commit(std::move(transaction));
}
sys::Async<std::unique_ptr<Watch>> FaultyStore::watch(std::string prefix, Revision from) {
  reach();
  auto running = std::make_shared<Running>();
  running->watch = co_await real_->watch(std::move(prefix), from);
  running_.push_back(running);
  ++watches;
  co_return std::make_unique<FaultyWatch>(running);
}
sys::Async<std::uint64_t> FaultyStore::grant_lease(std::chrono::seconds time_to_live) {
  reach();
  co_return co_await real_->grant_lease(time_to_live);
}
sys::Async<bool> FaultyStore::renew_lease(std::uint64_t lease) {
  reach();
  co_return co_await real_->renew_lease(lease);
}
sys::Async<void> FaultyStore::revoke_lease(std::uint64_t lease) {
  reach();
  co_await real_->revoke_lease(lease);
}
sys::Async<void> FaultyStore::compact(std::uint64_t revision) {
  reach();
  co_await real_->compact(revision);
}

}  // namespace posada::store::testing
