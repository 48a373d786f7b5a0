#include "sys/clock.h"

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <ctime>

namespace posada::sys {

std::int64_t SystemClock::wall_seconds() const { return wall_microseconds() / 1'000'000; }

std::int64_t SystemClock::wall_microseconds() const {
  return std::chrono::duration_cast<std::chrono::microseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

BootTime SystemClock::boot_time() const {
  timespec now{};
  clock_gettime(CLOCK_BOOTTIME, &now);
  return std::chrono::seconds(now.tv_sec) + std::chrono::nanoseconds(now.tv_nsec);
}

Async<void> SystemClock::sleep(Milliseconds time) {
  boost::asio::steady_timer timer(co_await boost::asio::this_coro::executor, time);
  co_await timer.async_wait(boost::asio::use_awaitable);
}

std::int64_t local_offset(std::int64_t wall_seconds) {
  const std::time_t moment = wall_seconds;
  std::tm local{};
  ::localtime_r(&moment, &local);
  return local.tm_gmtoff;
}

}  // namespace posada::sys
