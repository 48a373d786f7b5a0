#include "app/node_meter.h"

namespace posada::app {

constexpr sys::Milliseconds measure_interval(3000);

NodeMeter::NodeMeter(sys::Clock& clock, sys::Executor executor) : clock_(clock), scope_(executor) {}

void NodeMeter::start() { scope_.spawn("node meter", measure()); }

sys::Async<void> NodeMeter::measure() {
  sys::CpuTimes before = sys::read_cpu_times();
  for (;;) {
    co_await clock_.sleep(measure_interval);
    const sys::CpuTimes after = sys::read_cpu_times();
    load_ = {sys::busy_share(before, after), sys::iowait_share(before, after)};
    before = after;
  }
}

sys::Async<void> NodeMeter::stop() {
  scope_.stop();
  co_await scope_.join();
}

}  // namespace posada::app
