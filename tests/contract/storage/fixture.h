// A node's storages on a real store and a real folder, for one test.
#pragma once

#include <functional>
#include <string>

#include <gtest/gtest.h>

#include "storage/storage.h"
#include "store/mirror.h"
#include "store/sqlite/sqlite_store.h"
#include "sys/clock.h"
#include "sys/file.h"
#include "sys/host.h"
#include "sys/loop.h"
#include "task/tasks.h"
#include "task/worker.h"

namespace posada::storage::testing {

inline constexpr std::uint64_t mebi = 1024 * 1024;
inline constexpr std::uint64_t gibi = 1024 * mebi;

struct Place {
  Place() {
    char shape[] = "/tmp/posada-storage-XXXXXX";
    path = ::mkdtemp(shape);
  }
  ~Place() { sys::remove_tree(path); }
  Place(const Place&) = delete;
  Place& operator=(const Place&) = delete;
  std::string path;
};

inline std::string worker_program() {
  return sys::own_program_folder() + "/posada-worker";
}

struct Node {
  Node(const std::string& folder, sys::Executor executor_)
      : executor(executor_),
        store(executor, clock, {.file = folder + "/store.db"}),
        mirror(store, executor),
        tasks(folder + "/tasks", "n1", clock, executor),
        workers(worker_program(), executor),
        storages({.node = "n1",
                  .local_path = folder + "/vz",
                  .boot = "b1",
                  .allow_private_addresses = false,
                  .kind_of = {}},
                 mirror, clock, executor, workers) {}

  sys::Executor executor;
  sys::SystemClock clock;
  store::SqliteStore store;
  store::Mirror mirror;
  task::Tasks tasks;
  task::Workers workers;
  Storages storages;

  sys::Async<void> start() {
    co_await mirror.start();
    storages.register_undo(tasks.undo_handlers());
    co_await storages.start();
  }
  sys::Async<void> stop() {
    co_await storages.stop();
    co_await mirror.stop();
  }
  std::string local(const std::string& name) const { return folder_of_local() + "/" + name; }
  std::string folder_of_local() const { return storages.definition("local").path(); }
};

inline sys::Async<void> run_on(Node& node, sys::Async<void> (*body)(Node&)) {
  co_await node.start();
  std::exception_ptr failure;
  try {
    co_await body(node);
  } catch (const Error& error) {
    ADD_FAILURE() << error.wire();
  }
  co_await node.stop();
}

// Runs `body` as the daemon would: on a loop, with a started node.
inline void with_node(sys::Async<void> (*body)(Node&)) {
  Place place;
  sys::Loop loop;
  Node node(place.path, loop.executor());
  loop.run(run_on(node, body));
}

inline Allocation disk(std::uint32_t guest, std::uint64_t bytes, VolumeFormat format) {
  Allocation allocation;
  allocation.storage = "local";
  allocation.owner = GuestId{guest};
  allocation.bytes = bytes;
  allocation.format = format;
  return allocation;
}

// The wire text of the Error that the work throws; empty when it throws none.
template <class T>
sys::Async<std::string> error_text(sys::Async<T> work) {
  try {
    co_await std::move(work);
  } catch (const Error& error) {
    co_return error.wire();
  }
  co_return std::string();
}

inline sys::Async<void> adopt(Node& node, Volume volume) {
  store::Transaction transaction;
  node.storages.adopt(volume, transaction);
  co_await node.mirror.commit(std::move(transaction));
}

}  // namespace posada::storage::testing
