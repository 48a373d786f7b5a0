// Time, injected. Intervals and deadlines use boot time (it counts suspend and never jumps);
// wall time is for people, tickets and UPIDs.
#pragma once

#include <chrono>
#include <cstdint>

#include "sys/async.h"

namespace posada::sys {

using BootTime = std::chrono::nanoseconds;  // since boot

class Clock {
 public:
  virtual ~Clock() = default;
  virtual std::int64_t wall_seconds() const = 0;  // Unix time
  virtual std::int64_t wall_microseconds() const = 0;
  virtual BootTime boot_time() const = 0;
  virtual Async<void> sleep(Milliseconds time) = 0;
};

class SystemClock final : public Clock {
 public:
  std::int64_t wall_seconds() const override;
  std::int64_t wall_microseconds() const override;
  BootTime boot_time() const override;
  Async<void> sleep(Milliseconds time) override;
};

// Seconds that local time is ahead of UTC at that moment.
std::int64_t local_offset(std::int64_t wall_seconds);

}  // namespace posada::sys
