// A clock that stands until a test moves it.
#pragma once

#include "sys/clock.h"

namespace posada::testing {

class ManualClock final : public sys::Clock {
 public:
  std::int64_t wall_seconds() const override { return seconds_; }
  std::int64_t wall_microseconds() const override { return seconds_ * 1'000'000; }
  sys::BootTime boot_time() const override { return boot_; }
  sys::Async<void> sleep(sys::Milliseconds time) override {
    boot_ += time;
    co_return;
  }
  void pass(std::chrono::seconds time) {
    seconds_ += time.count();
    boot_ += time;
  }
  void set_wall_back(std::chrono::seconds time) { seconds_ -= time.count(); }

 private:
  std::int64_t seconds_ = 1'790'000'000;
  sys::BootTime boot_ = std::chrono::hours(5);
};

}  // namespace posada::testing
