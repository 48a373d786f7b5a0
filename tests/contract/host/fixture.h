// A folder, a loop and a store of its own for one test.
#pragma once

#include <cstdlib>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>

#include <gtest/gtest.h>

#include "store/mirror.h"
#include "store/sqlite/sqlite_store.h"
#include "sys/file.h"
#include "sys/loop.h"

namespace posada::host {

class Bench {
 public:
  Bench() {
    std::string pattern = "/tmp/posada-host-XXXXXX";
    if (mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("mkdtemp failed");
    folder = pattern;
    store = std::make_unique<store::SqliteStore>(loop.executor(), clock,
                                                 store::SqliteStore::Options{folder + "/store.db"});
    mirror = std::make_unique<store::Mirror>(*store, loop.executor());
  }
  ~Bench() {
    mirror.reset();
    store.reset();
    sys::remove_tree(folder);
  }

  // Runs a coroutine with the mirror started; what it throws fails the test.
  void run(std::function<sys::Async<void>()> body) { loop.run(run_body(*this, std::move(body))); }

  std::string folder;
  sys::Loop loop;
  sys::SystemClock clock;
  std::unique_ptr<store::Store> store;
  std::unique_ptr<store::Mirror> mirror;

 private:
  static sys::Async<void> run_body(Bench& bench, std::function<sys::Async<void>()> body) {
    co_await bench.mirror->start();
    std::exception_ptr failure;
    try {
      co_await body();
    } catch (...) {
      failure = std::current_exception();
    }
    co_await bench.mirror->stop();
    if (failure) std::rethrow_exception(failure);
  }
};

// The sentence of the Error that the work throws; empty when it throws none.
template <class T>
sys::Async<std::string> refusal(sys::Async<T> work) {
  try {
    co_await std::move(work);
  } catch (const Error& error) {
    co_return error.wire();
  }
  co_return std::string();
}

}  // namespace posada::host
