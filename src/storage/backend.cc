#include "storage/backend.h"

#include "base/error.h"
#include "sys/log.h"

namespace posada::storage {
namespace {

constexpr std::size_t threads = 4;
constexpr sys::Milliseconds slow{1'000};  // then the storage is asked whether it answers
constexpr std::size_t most_waiting = 2000;

struct Outcome {
  explicit Outcome(const sys::Executor& executor) : done(executor) {}
  sys::Event done;
  std::exception_ptr failure;
};

// Keeps everything it touches, for when the caller has given up.
sys::Async<void> perform(std::shared_ptr<sys::Pool> pool, std::function<void()> work,
                         std::shared_ptr<Outcome> outcome, std::shared_ptr<std::size_t> running) {
  ++*running;
  try {
    co_await pool->run(std::move(work));
  } catch (const Error&) {
    outcome->failure = std::current_exception();
  } catch (const std::exception&) {
    outcome->failure = std::current_exception();
  }
  --*running;
  outcome->done.set();
}

}  // namespace

Backend::Backend(Definition definition, sys::Clock& clock, sys::Executor executor)
    : definition_(std::move(definition)),
      driver_(make_driver(definition_)),
      clock_(clock),
      executor_(executor),
      pool_(std::make_shared<sys::Pool>("st-" + definition_.name, threads, most_waiting)),
      probe_pool_(std::make_shared<sys::Pool>("ask-" + definition_.name, 1, 2)),
      scope_(std::make_unique<sys::Scope>(executor)) {}

Backend::~Backend() {
  // A thread that hangs in the kernel cannot be ended; joining it would hang the whole process.
  static auto* abandoned = new std::vector<std::shared_ptr<sys::Pool>>;
  if (*running_ > 0) abandoned->push_back(pool_);
  if (*probes_ > 0) abandoned->push_back(probe_pool_);
}

Driver& Backend::driver() const {
  if (!driver_)
    throw Error::failed(
        "storage.type",
        "storage '" + definition_.name + "': type '" + definition_.type + "' is not supported yet",
        {{"storage", definition_.name}, {"type", definition_.type}});
  return *driver_;
}

sys::Async<void> Backend::run_erased(std::function<void()> work, sys::Milliseconds deadline) {
  const Error offline =
      Error::failed("storage.offline", "storage '" + definition_.name + "' is not online",
                    {{"storage", definition_.name}})
          .with_hint("It has not answered for a while. See its status, and the host's mounts.");
  if (hangs_) throw offline;
  const auto self = shared_from_this();
  auto outcome = std::make_shared<Outcome>(executor_);
  std::function<void()> activated = [driver = driver_, work = std::move(work), done = activated_] {
    if (driver && !done->load()) {
      driver->activate();
      done->store(true);
    }
    work();
  };
  scope_->spawn("storage " + definition_.name,
                perform(pool_, std::move(activated), outcome, running_));
  for (sys::Milliseconds waited{0}; !co_await outcome->done.wait_for(slow);) {
    waited += slow;
    if (hangs_ || waited >= deadline) throw offline;
    if (!probing_) scope_->spawn("asking " + definition_.name, probe());
  }
  if (outcome->failure) std::rethrow_exception(outcome->failure);
}

// Nothing waits before it: busy threads say nothing about the storage.
sys::Async<sys::Space> Backend::ask_for_space() {
  driver();
  auto outcome = std::make_shared<Outcome>(executor_);
  auto space = std::make_shared<sys::Space>();
  std::function<void()> work = [driver = driver_, space] {
    driver->activate();
    *space = driver->space();
  };
  scope_->spawn("asking " + definition_.name,
                perform(probe_pool_, std::move(work), outcome, probes_));
  if (!co_await outcome->done.wait_for(probe_deadline)) {
    throw Error::failed("storage.offline", "storage '" + definition_.name + "' does not answer",
                        {{"storage", definition_.name}});
  }
  if (outcome->failure) std::rethrow_exception(outcome->failure);
  co_return *space;
}

sys::Async<void> Backend::probe() {
  // While one hangs another would only wait behind it.
  if (probing_ || *probes_ > 0) co_return;
  probing_ = true;
  const auto self = shared_from_this();
  StorageStatus status = last_;
  try {
    const sys::Space space = co_await ask_for_space();
    status = {.active = true,
              .total = space.total,
              .used = space.used,
              .available = space.available,
              .age = {},
              .problem = {}};
    last_time_ = clock_.boot_time();
    hangs_ = false;
  } catch (const Error& error) {
    status.active = false;
    status.problem = error.wire();
    hangs_ = error.code() == "storage.offline";
    if (last_.problem != status.problem)
      sys::log_warning("storage {}: {}", definition_.name, status.problem);
  }
  last_ = status;
  probing_ = false;
}

sys::Async<void> Backend::stop() {
  const auto self = shared_from_this();
  scope_->stop();
  co_await scope_->join();
}

StorageStatus Backend::status() const {
  StorageStatus status = last_;
  if (last_time_.count() != 0)
    status.age = std::chrono::duration_cast<sys::Milliseconds>(clock_.boot_time() - last_time_);
  return status;
}

}  // namespace posada::storage
