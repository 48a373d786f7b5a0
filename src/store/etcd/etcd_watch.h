// A watch over the gateway's endless answer.
//
// What must not be believed ends it: a message that says `canceled` (the connection stays open all
// the same), a malformed message, an ended answer, a member that gives no sign of life.
#pragma once

#include <memory>

#include "store/etcd/cluster.h"
#include "store/watch_queue.h"

namespace posada::store::etcd {

class EtcdWatch final : public Watch {
 public:
  struct Source {
    Layout layout;
    std::uint64_t epoch = 0;
    Cluster::Opened opened;
    sys::Milliseconds check_every{};
    HttpDeadlines deadlines;
  };
  EtcdWatch(const sys::Executor& executor, Source source);
  ~EtcdWatch() override;
  sys::Async<std::optional<Batch>> next() override;
  bool is_over() const override;
  void close() override;

  struct State;

 private:
  std::shared_ptr<State> state_;
};

// One that is over before it begins.
class EndedWatch final : public Watch {
 public:
  explicit EndedWatch(const sys::Executor& executor)
      : queue_(std::make_shared<WatchQueue>(executor)) {
    queue_->finish();
  }
  sys::Async<std::optional<Batch>> next() override { return WatchQueue::next(queue_); }
  bool is_over() const override { return true; }
  void close() override {}

 private:
  std::shared_ptr<WatchQueue> queue_;
};

}  // namespace posada::store::etcd
