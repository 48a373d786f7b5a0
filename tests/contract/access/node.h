// A store of its own with a mirror, and the program that checks passwords, for one test.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>

#include <gtest/gtest.h>

#include "access/auth_helper.h"
#include "access/directory.h"
#include "store/mirror.h"
#include "store/sqlite/sqlite_store.h"
#include "sys/file.h"
#include "sys/loop.h"
#include "unit/access/manual_clock.h"

namespace posada::testing {

// Cheap enough for tests; real ones cost 64 MiB.
inline constexpr std::uint32_t cheap_memory_kib = 64;

class Node {
 public:
  Node() {
    std::string pattern = "/tmp/posada-access-XXXXXX";
    if (mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("mkdtemp failed");
    folder = pattern;
    store = std::make_unique<store::SqliteStore>(loop.executor(), system_clock,
                                                 store::SqliteStore::Options{folder + "/store.db"});
    mirror = std::make_unique<store::Mirror>(*store, loop.executor());
    helper = std::make_unique<access::AuthHelper>(
        std::vector<std::string>{program("posada-worker"), "auth"}, loop.executor());
  }
  ~Node() {
    mirror.reset();
    store.reset();
    sys::remove_tree(folder);
  }

  // A program or library beside the test's own.
  static std::string program(const std::string& name) {
    return std::filesystem::read_symlink("/proc/self/exe").parent_path().string() + "/" + name;
  }

  // Runs a coroutine with the mirror started; what it throws fails the test.
  void run(std::function<sys::Async<void>()> body) { loop.run(run_body(*this, std::move(body))); }

  std::string folder;
  sys::Loop loop;
  sys::SystemClock system_clock;
  ManualClock clock;
  std::unique_ptr<store::Store> store;
  std::unique_ptr<store::Mirror> mirror;
  std::unique_ptr<access::AuthHelper> helper;

 private:
  static sys::Async<void> run_body(Node& node, std::function<sys::Async<void>()> body) {
    co_await node.mirror->start();
    std::exception_ptr failure;
    try {
      co_await body();
    } catch (...) {
      failure = std::current_exception();
    }
    co_await node.mirror->stop();
    if (failure) std::rethrow_exception(failure);
  }
};

// The sentence of the Error that the work throws; empty when it throws none.
template <class T>
sys::Async<std::string> refusal(sys::Async<T> work) {
  try {
    co_await std::move(work);
  } catch (const Error& error) {
    std::string text = error.wire();
    for (const auto& [name, why] : error.parameters()) text += " " + name + ": " + why;
    co_return text;
  }
  co_return std::string();
}

}  // namespace posada::testing
