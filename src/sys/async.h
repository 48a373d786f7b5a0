// The asynchronous frame: one event loop thread that owns all feature state, and coroutines on
// it. Features see Async, Scope, Event, Mutex and Clock; sockets and timers stay inside sys.
//
// Rules: a coroutine takes its parameters by value unless its caller awaits it at once; a lambda
// coroutine captures nothing; nothing is detached: whoever starts work owns a Scope that joins it.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "base/error.h"

namespace posada::sys {

template <class T = void>
using Async = boost::asio::awaitable<T>;
using Executor = boost::asio::any_io_executor;
using Milliseconds = std::chrono::milliseconds;

// Something that happens: waiters wake when `set` is called; set stays until `reset`.
class Event {
 public:
  explicit Event(Executor executor);
  Event(const Event&) = delete;
  Event& operator=(const Event&) = delete;
  void set();
  void reset();
  bool is_set() const;
  Async<void> wait();
  // False when the time passed first.
  Async<bool> wait_for(Milliseconds time);

 private:
  struct State;
  std::shared_ptr<State> state_;
};

// Cancellation of one operation: asked for once, seen at every check and by every waiter.
// Copies share the state.
class CancelToken {
 public:
  explicit CancelToken(Executor executor);
  void cancel(std::string reason);
  bool cancelled() const;
  const std::string& reason() const;
  void check() const;         // throws Cancelled when asked for
  Async<void> wait() const;   // returns when asked for

 private:
  struct State;
  std::shared_ptr<State> state_;
};

// Runs coroutines and joins them. An exception that leaves a coroutine goes to `failed` (default:
// an error in the log, with the name), so nothing is lost silently.
class Scope {
 public:
  explicit Scope(Executor executor);
  ~Scope();  // asks what still runs to end; prefer stop() and join()
  Scope(const Scope&) = delete;
  Scope& operator=(const Scope&) = delete;

  void spawn(std::string name, Async<void> work);
  void spawn(std::string name, Async<void> work, std::function<void(std::exception_ptr)> failed);
  // Asks every running coroutine to end at its next suspension.
  void stop();
  Async<void> join();
  std::size_t running() const;
  const Executor& executor() const;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

// A fair lock for coroutines, held across suspension on purpose.
class AsyncMutex {
 public:
  explicit AsyncMutex(Executor executor);
  class Guard {
   public:
    Guard(Guard&& other) noexcept : mutex_(std::exchange(other.mutex_, nullptr)) {}
    Guard& operator=(Guard&&) = delete;
    ~Guard();

   private:
    friend class AsyncMutex;
    explicit Guard(AsyncMutex* mutex) : mutex_(mutex) {}
    AsyncMutex* mutex_;
  };
  Async<Guard> lock();

 private:
  void unlock();
  Executor executor_;
  bool locked_ = false;
  std::vector<std::shared_ptr<Event>> waiting_;
};

// Runs blocking work on a few threads of its own and resumes the caller on the loop. There is one
// pool for each thing that may hang on its own (a storage, the journal's disk). At most `limit`
// jobs wait; more are refused with Error::overloaded.
class Pool {
 public:
  Pool(std::string name, std::size_t threads, std::size_t limit);
  ~Pool();
  Pool(const Pool&) = delete;
  Pool& operator=(const Pool&) = delete;

  template <class F>
  auto run(F work) -> Async<std::invoke_result_t<F>> {
    using Result = std::invoke_result_t<F>;
    if constexpr (std::is_void_v<Result>) {
      co_await run_erased(std::function<void()>(std::move(work)));
    } else {
      auto result = std::make_shared<std::optional<Result>>();
      auto shared = std::make_shared<F>(std::move(work));
      std::function<void()> job = [shared, result] { result->emplace((*shared)()); };
      co_await run_erased(std::move(job));
      co_return std::move(**result);
    }
  }

 private:
  Async<void> run_erased(std::function<void()> work);
  struct State;
  std::shared_ptr<State> state_;
};

// Resumes the caller in a later turn of the loop.
Async<void> yield_to_loop();

}  // namespace posada::sys
