#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>

#include <pthread.h>

#include "sys/async.h"

namespace posada::sys {

namespace asio = boost::asio;

struct Pool::State {
  std::string name;
  std::size_t limit = 0;
  std::mutex mutex;
  std::condition_variable wake;
  std::deque<std::function<void()>> jobs;
  bool closing = false;
  std::vector<std::thread> threads;

  void work() {
    pthread_setname_np(pthread_self(), name.substr(0, 15).c_str());
    for (;;) {
      std::unique_lock lock(mutex);
      wake.wait(lock, [this] { return closing || !jobs.empty(); });
      if (jobs.empty()) return;
      std::function<void()> job = std::move(jobs.front());
      jobs.pop_front();
      lock.unlock();
      job();
    }
  }
};

Pool::Pool(std::string name, std::size_t threads, std::size_t limit)
    : state_(std::make_shared<State>()) {
  state_->name = std::move(name);
  state_->limit = limit;
  State* state = state_.get();
  for (std::size_t i = 0; i < threads; ++i) state->threads.emplace_back([state] { state->work(); });
}

Pool::~Pool() {
  {
    const std::lock_guard lock(state_->mutex);
    state_->closing = true;
  }
  state_->wake.notify_all();
  for (std::thread& thread : state_->threads) thread.join();
}

Async<void> Pool::run_erased(std::function<void()> work) {
  const std::shared_ptr<State> state = state_;
  const Executor executor = co_await asio::this_coro::executor;
  // The job outlives a cancelled caller: it owns what it touches.
  struct Outcome {
    explicit Outcome(const Executor& executor) : done(executor) {}
    Event done;
    std::exception_ptr failure;
  };
  auto outcome = std::make_shared<Outcome>(executor);
  {
    const std::lock_guard lock(state->mutex);
    if (state->jobs.size() >= state->limit) {
      throw Error::overloaded("too much work waits for '" + state->name + "', try again later");
    }
    state->jobs.push_back([work = std::move(work), outcome, executor]() mutable {
      try {
        work();
      } catch (...) {
        outcome->failure = std::current_exception();
      }
      // What the work captured goes here, on this thread, before the caller runs on.
      work = nullptr;
      asio::post(executor, [outcome] { outcome->done.set(); });
    });
  }
  state->wake.notify_one();
  co_await outcome->done.wait();
  if (outcome->failure) std::rethrow_exception(outcome->failure);
}

}  // namespace posada::sys
