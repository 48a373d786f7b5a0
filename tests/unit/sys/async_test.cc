#include "sys/async.h"

#include <gtest/gtest.h>

#include <thread>

#include "sys/clock.h"
#include "sys/loop.h"

namespace posada::sys {
namespace {

TEST(Event, WaitersWakeWhenItIsSetAndAtTheirDeadline) {
  Loop loop;
  loop.run([](Executor executor) -> Async<void> {
    Event event(executor);
    EXPECT_FALSE(co_await event.wait_for(Milliseconds(1)));
    Scope scope(executor);
    int woken = 0;
    const auto waiter = [](Event& event, int& woken) -> Async<void> {
      co_await event.wait();
      ++woken;
    };
    scope.spawn("one", waiter(event, woken));
    scope.spawn("two", waiter(event, woken));
    co_await yield_to_loop();
    event.set();
    co_await scope.join();
    EXPECT_EQ(woken, 2);
    EXPECT_TRUE(co_await event.wait_for(Milliseconds(1)));
  }(loop.executor()));
}

TEST(Scope, AFailureReachesItsHandlerAndStopEndsWaiters) {
  Loop loop;
  loop.run([](Executor executor) -> Async<void> {
    Scope scope(executor);
    std::string caught;
    scope.spawn(
        "failing", []() -> Async<void> {
          throw Error::failed("test", "broken");
          co_return;
        }(),
        [&caught](std::exception_ptr error) {
          try {
            std::rethrow_exception(error);
          } catch (const Error& failure) {
            caught = failure.wire();
          }
        });
    Event never(executor);
    scope.spawn("waiting", [](Event& event) -> Async<void> { co_await event.wait(); }(never));
    co_await yield_to_loop();
    EXPECT_EQ(caught, "broken");
    EXPECT_EQ(scope.running(), 1U);
    scope.stop();
    co_await scope.join();
    EXPECT_EQ(scope.running(), 0U);
  }(loop.executor()));
}

TEST(AsyncMutex, IsHandedOnInOrder) {
  Loop loop;
  loop.run([](Executor executor) -> Async<void> {
    AsyncMutex mutex(executor);
    std::vector<int> order;
    Scope scope(executor);
    const auto worker = [](AsyncMutex& mutex, std::vector<int>& order, int number) -> Async<void> {
      const AsyncMutex::Guard guard = co_await mutex.lock();
      order.push_back(number);
      co_await yield_to_loop();
      order.push_back(number);
    };
    for (int number = 0; number < 3; ++number) {
      scope.spawn("worker", worker(mutex, order, number));
    }
    co_await scope.join();
    EXPECT_EQ(order, (std::vector<int>{0, 0, 1, 1, 2, 2}));
  }(loop.executor()));
}

TEST(Pool, RunsElsewhereAndGivesResultsAndErrorsBack) {
  Loop loop;
  loop.run([]() -> Async<void> {
    Pool pool("test", 2, 10);
    const std::thread::id here = std::this_thread::get_id();
    const bool elsewhere =
        co_await pool.run([here] { return std::this_thread::get_id() != here; });
    EXPECT_TRUE(elsewhere);
    EXPECT_EQ(std::this_thread::get_id(), here);
    std::string text;
    try {
      co_await pool.run([] { throw Error::failed("test", "from the pool"); });
    } catch (const Error& error) {
      text = error.wire();
    }
    EXPECT_EQ(text, "from the pool");
  }());
}

TEST(CancelToken, CheckThrowsAndIsNoStandardException) {
  Loop loop;
  CancelToken token(loop.executor());
  token.check();
  token.cancel("asked by root@pam");
  bool standard = false;
  std::string reason;
  try {
    token.check();
  } catch (const std::exception&) {
    standard = true;
  } catch (const Cancelled& cancelled) {
    reason = cancelled.reason;
  }
  EXPECT_FALSE(standard);
  EXPECT_EQ(reason, "asked by root@pam");
}

}  // namespace
}  // namespace posada::sys
