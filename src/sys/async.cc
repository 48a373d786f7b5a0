#include "sys/async.h"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <list>
#include <set>

#include "sys/log.h"

namespace posada::sys {

namespace asio = boost::asio;

namespace {

// A timer that never fires by itself wakes its waiters when cancelled.
constexpr auto never = asio::steady_timer::time_point::max();

bool is_asio_cancel(const std::exception_ptr& error) {
  try {
    std::rethrow_exception(error);
  } catch (const boost::system::system_error& failure) {
    return failure.code() == asio::error::operation_aborted;
  } catch (const Cancelled&) {
    return true;
  } catch (...) {
    return false;
  }
}

std::string describe(const std::exception_ptr& error) {
  try {
    std::rethrow_exception(error);
  } catch (const std::exception& failure) {
    return failure.what();
  } catch (const Cancelled& cancelled) {
    return "cancelled: " + cancelled.reason;
  } catch (...) {
    return "an exception of an unknown type";
  }
}

}  // namespace

struct Event::State {
  explicit State(Executor executor) : executor(std::move(executor)) {}
  Executor executor;
  bool set = false;
  std::list<asio::steady_timer*> waiting;
};

Event::Event(Executor executor) : state_(std::make_shared<State>(std::move(executor))) {}

void Event::set() {
  state_->set = true;
  for (asio::steady_timer* timer : state_->waiting) timer->cancel();
}

void Event::reset() { state_->set = false; }
bool Event::is_set() const { return state_->set; }

Async<void> Event::wait() { co_await wait_for(Milliseconds::max()); }

Async<bool> Event::wait_for(Milliseconds time) {
  const std::shared_ptr<State> state = state_;  // the event may go while somebody waits
  if (state->set) co_return true;
  asio::steady_timer timer(state->executor);
  if (time == Milliseconds::max()) {
    timer.expires_at(never);
  } else {
    timer.expires_after(time);
  }
  const auto place = state->waiting.insert(state->waiting.end(), &timer);
  struct Leave {
    State& state;
    std::list<asio::steady_timer*>::iterator place;
    ~Leave() { state.waiting.erase(place); }
  } leave{*state, place};
  boost::system::error_code error;
  co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, error));
  if (!error) co_return state->set;
  // Woken by set() — or cancelled together with the whole coroutine.
  if ((co_await asio::this_coro::cancellation_state).cancelled() != asio::cancellation_type::none) {
    throw Cancelled{"stopped"};
  }
  co_return true;
}

struct CancelToken::State {
  explicit State(const Executor& executor) : event(executor) {}
  Event event;
  std::string reason;
};

CancelToken::CancelToken(Executor executor) : state_(std::make_shared<State>(executor)) {}

void CancelToken::cancel(std::string reason) {
  if (state_->event.is_set()) return;
  state_->reason = std::move(reason);
  state_->event.set();
}

bool CancelToken::cancelled() const { return state_->event.is_set(); }
const std::string& CancelToken::reason() const { return state_->reason; }

void CancelToken::check() const {
  if (cancelled()) throw Cancelled{state_->reason};
}

Async<void> CancelToken::wait() const { co_await state_->event.wait(); }

struct Scope::State {
  explicit State(Executor executor) : executor(executor), idle(executor) { idle.set(); }
  Executor executor;
  Event idle;
  bool stopping = false;
  std::list<std::shared_ptr<asio::cancellation_signal>> running;
};

Scope::Scope(Executor executor) : state_(std::make_shared<State>(std::move(executor))) {}
Scope::~Scope() { stop(); }

void Scope::spawn(std::string name, Async<void> work) {
  std::function<void(std::exception_ptr)> log_failure = [name](std::exception_ptr error) {
    log_error("{} failed: {}", name, describe(error));
  };
  spawn(name, std::move(work), std::move(log_failure));
}

void Scope::spawn(std::string, Async<void> work, std::function<void(std::exception_ptr)> failed) {
  auto signal = std::make_shared<asio::cancellation_signal>();
  const std::shared_ptr<State> state = state_;
  const auto place = state->running.insert(state->running.end(), signal);
  state->idle.reset();
  asio::co_spawn(state->executor, std::move(work),
                 asio::bind_cancellation_slot(
                     signal->slot(), [state, place, failed = std::move(failed)](std::exception_ptr error) {
                       state->running.erase(place);
                       if (state->running.empty()) state->idle.set();
                       if (error && !(state->stopping && is_asio_cancel(error))) failed(error);
                     }));
  if (state->stopping) {
    asio::post(state->executor, [signal] { signal->emit(asio::cancellation_type::terminal); });
  }
}

void Scope::stop() {
  state_->stopping = true;
  // Emitting runs handlers that may end coroutines and change the list.
  const auto signals = state_->running;
  for (const auto& signal : signals) signal->emit(asio::cancellation_type::terminal);
}

Async<void> Scope::join() {
  const std::shared_ptr<State> state = state_;
  while (!state->running.empty()) co_await state->idle.wait();
}

std::size_t Scope::running() const { return state_->running.size(); }
const Executor& Scope::executor() const { return state_->executor; }

AsyncMutex::AsyncMutex(Executor executor) : executor_(std::move(executor)) {}

AsyncMutex::Guard::~Guard() {
  if (mutex_) mutex_->unlock();
}

Async<AsyncMutex::Guard> AsyncMutex::lock() {
  if (!locked_) {
    locked_ = true;
    co_return Guard(this);
  }
  auto turn = std::make_shared<Event>(executor_);
  waiting_.push_back(turn);
  try {
    co_await turn->wait();
  } catch (const Cancelled&) {
    if (turn->is_set()) {
      unlock();  // the lock was handed over just as we were cancelled
    } else {
      std::erase(waiting_, turn);
    }
    throw;
  }
  co_return Guard(this);  // the lock was handed over, still locked
}

void AsyncMutex::unlock() {
  if (waiting_.empty()) {
    locked_ = false;
    return;
  }
  const std::shared_ptr<Event> next = waiting_.front();
  waiting_.erase(waiting_.begin());
  next->set();
}

Async<void> yield_to_loop() {
  co_await asio::post(co_await asio::this_coro::executor, asio::use_awaitable);
}

}  // namespace posada::sys
