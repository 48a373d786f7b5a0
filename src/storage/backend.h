// One usable storage at run time: its driver on a pool of its own, and what was last known of it.
// A call that takes too long fails for its caller and keeps its thread. A call that is slow has the
// storage asked, on a thread of its own, whether it still answers: when it does the work goes on,
// when it does not all calls end, and further ones are refused at once until it answers again.
#pragma once

#include <atomic>
#include <memory>
#include <string>

#include "storage/definition.h"
#include "storage/driver.h"
#include "sys/async.h"
#include "sys/clock.h"

namespace posada::storage {

class Backend : public std::enable_shared_from_this<Backend> {
 public:
  Backend(Definition definition, sys::Clock& clock, sys::Executor executor);
  ~Backend();

  const Definition& definition() const { return definition_; }
  // Throws when there is no driver for the type.
  Driver& driver() const;

  // Runs `work` with the driver; throws `storage 'x' is not online` when it does not come back.
  template <class F>
  auto run(F work, sys::Milliseconds deadline = default_deadline)
      -> sys::Async<std::invoke_result_t<F, Driver&>> {
    using Result = std::invoke_result_t<F, Driver&>;
    // The job owns the driver and nothing of the loop: it may end after everybody has given up.
    const auto self = shared_from_this();
    this->driver();
    std::shared_ptr<Driver> driver = driver_;
    if constexpr (std::is_void_v<Result>) {
      co_await run_erased([driver, work = std::move(work)]() mutable { work(*driver); }, deadline);
    } else {
      auto result = std::make_shared<std::optional<Result>>();
      co_await run_erased([self, driver, result,
                           work = std::move(work)]() mutable { result->emplace(work(*driver)); },
                          deadline);
      co_return std::move(**result);
    }
  }

  // Asks the storage how it is; never throws.
  sys::Async<void> probe();
  StorageStatus status() const;
  // Nobody waits any more; what hangs is left behind.
  sys::Async<void> stop();

  static constexpr sys::Milliseconds default_deadline{30'000};
  static constexpr sys::Milliseconds probe_deadline{5'000};

 private:
  sys::Async<void> run_erased(std::function<void()> work, sys::Milliseconds deadline);
  sys::Async<sys::Space> ask_for_space();

  Definition definition_;
  std::shared_ptr<Driver> driver_;
  sys::Clock& clock_;
  sys::Executor executor_;
  std::shared_ptr<sys::Pool> pool_, probe_pool_;
  std::shared_ptr<std::size_t> running_ = std::make_shared<std::size_t>(0);
  // The first call after a definition may come before the first probe: it activates, too.
  std::shared_ptr<std::atomic<bool>> activated_ = std::make_shared<std::atomic<bool>>(false);
  std::shared_ptr<std::size_t> probes_ = std::make_shared<std::size_t>(0);
  std::unique_ptr<sys::Scope> scope_;
  StorageStatus last_;
  sys::BootTime last_time_{0};
  bool probing_ = false;
  bool hangs_ = false;
};

}  // namespace posada::storage
