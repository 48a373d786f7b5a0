// The stores that the contract suite runs on. A backend is opened for one test and gives clients of
// one and the same store.
#pragma once

#include <memory>
#include <ostream>
#include <string>

#include <gtest/gtest.h>

#include "store/store.h"
#include "sys/clock.h"
#include "sys/loop.h"

namespace posada::store::testing {

class Backend {
 public:
  virtual ~Backend() = default;
  // A client; several may live at a time.
  virtual std::shared_ptr<Store> client(sys::Executor executor, sys::Clock& clock) = 0;
};

struct BackendKind {
  std::string name;
  // Why the backend cannot run here; empty: it can.
  std::string (*missing)();
  std::unique_ptr<Backend> (*make)();
};

const std::vector<BackendKind>& backend_kinds();
void PrintTo(const BackendKind& kind, std::ostream* out);

// A folder of its own, removed with all it holds.
class TemporaryFolder {
 public:
  TemporaryFolder();
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  std::string file(const std::string& name) const { return path_ + "/" + name; }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

// Fails the test by exception, which leaves a coroutine as ASSERT cannot.
void require(bool condition, const std::string& what);

// The code of the Error that the work throws; empty when it throws none.
template <class T>
sys::Async<std::string> error_code(sys::Async<T> work) {
  try {
    co_await std::move(work);
  } catch (const Error& error) {
    co_return error.code();
  }
  co_return std::string();
}

// The next batch of the watch, or nothing when it does not come within the time or the watch ends.
sys::Async<std::optional<Batch>> next_within(std::shared_ptr<Watch> watch,
                                             sys::Milliseconds time = sys::Milliseconds(10000));

// What a test gets: a loop, a store of the backend under test and the means to open more clients.
struct Context {
  sys::Executor executor;
  sys::Clock& clock;
  Backend& backend;
  std::shared_ptr<Store> store;

  std::shared_ptr<Store> another_client() { return backend.client(executor, clock); }
};

class StoreContract : public ::testing::TestWithParam<BackendKind> {
 protected:
  void SetUp() override;
  void run(sys::Async<void> (*body)(Context&));
};

}  // namespace posada::store::testing
