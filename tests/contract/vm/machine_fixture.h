// A node's machines on a real store, real storage, real tasks and real QEMU, for one test. Cards
// are in user mode.
#pragma once

#include "access/permissions.h"
#include "access/user_config.h"
#include "contract/vm/qemu_fixture.h"
#include "storage/storage.h"
#include "store/sqlite/sqlite_store.h"
#include "sys/file.h"
#include "sys/host.h"
#include "task/tasks.h"
#include "task/worker.h"
#include "vm/config.h"
#include "vm/machines.h"

namespace posada::testing {

// The guest of a test that has one, and what it is made of.
inline constexpr GuestId guest_id{100};
inline const guest::Values small = {
    {"memory", "32"}, {"name", "alpha"}, {"ostype", "l26"}, {"scsihw", "virtio-scsi-single"}};
inline guest::Values small_with(guest::Values more) {
  more.insert(small.begin(), small.end());
  return more;
}

struct Node {
  Node(const std::string& folder_, sys::Executor executor_, vm::Network network = {})
      : folder(folder_),
        executor(executor_),
        store(executor, clock, {.file = folder + "/store.db"}),
        mirror(store, executor),
        tasks(folder + "/tasks", "n1", clock, executor),
        workers(sys::own_program_folder() + "/posada-worker", executor),
        storages({.node = "n1",
                  .local_path = folder + "/vz",
                  .boot = sys::boot_id(),
                  .allow_private_addresses = false,
                  .kind_of = {}},
                 mirror, clock, executor, workers),
        permissions(users),
        claims(executor),
        registry(mirror, "n1", executor),
        machines(settings(folder),
                 {{mirror, registry, claims, tasks, storages, permissions, clock, executor},
                  std::move(network)}) {}

  static vm::Settings settings(const std::string& folder) {
    vm::Settings result;
    result.node = "n1";
    result.instance = folder.substr(folder.rfind('-') + 1);
    result.run_folder = folder + "/run";
    result.worker = sys::own_program_folder() + "/posada-worker";
    if (sys::own_user() == 0) {
      result.first_uid = 310000;
      result.uid_count = 1000;
    }
    return result;
  }

  const std::string folder;
  sys::Executor executor;
  sys::SystemClock clock;
  store::SqliteStore store;
  store::Mirror mirror;
  task::Tasks tasks;
  task::Workers workers;
  storage::Storages storages;
  access::UserConfig users;
  access::Permissions permissions;
  guest::Claims claims;
  guest::Registry registry;
  vm::Machines machines;
  const vm::Caller root{Identity{"root@pam", ""}, "test"};

  sys::Async<void> start() {
    co_await mirror.start();
    storages.register_undo(tasks.undo_handlers());
    machines.register_undo();
    co_await storages.start();
    co_await tasks.recover();
    co_await storages.sweep([](const std::string&) { return false; });
    co_await machines.start();
  }
  sys::Async<void> stop() {
    co_await machines.stop();
    co_await tasks.shut_down();
    co_await storages.stop();
    co_await mirror.stop();
  }

  // False: it was not so within the time.
  sys::Async<bool> until(std::function<bool()> condition,
                         sys::Milliseconds time = sys::Milliseconds(60'000)) {
    const auto end = clock.boot_time() + time;
    while (!condition()) {
      if (clock.boot_time() > end) co_return false;
      co_await clock.sleep(sys::Milliseconds(10));
    }
    co_return true;
  }

  // The exit status of a task.
  sys::Async<std::string> ended(task::Upid upid) {
    const task::Info info = co_await tasks.wait(upid.text());
    co_return info.exit_status;
  }
  sys::Async<void> create(std::uint32_t id, guest::Values values) {
    vm::Creation creation;
    creation.id = GuestId{id};
    creation.values = std::move(values);
    const std::string status = co_await ended(machines.create(root, std::move(creation)));
    EXPECT_EQ(status, "OK");
  }
  sys::Async<void> power_on(std::uint32_t id) {
    const auto upid = machines.power_on(root, GuestId{id}, {});
    const std::string status = co_await ended(upid);
    EXPECT_EQ(status, "OK");
  }
  sys::Async<void> power_off(std::uint32_t id) {
    const auto upid = machines.power_off(root, GuestId{id}, {});
    const std::string status = co_await ended(upid);
    EXPECT_EQ(status, "OK");
  }
  std::string text(std::uint32_t id) const {
    return registry.config(registry.require(GuestId{id}, GuestKind::vm)).text;
  }
  guest::ConfigSection config(std::uint32_t id) const {
    return guest::parse_config(text(id), vm::grammar(), GuestId{id}).config.main;
  }
};

using Body = sys::Async<void> (*)(Node&);

inline sys::Async<void> run_on(Node& node, Body body, bool keep_running) {
  co_await node.start();
  std::exception_ptr failure;
  try {
    co_await body(node);
  } catch (const Error& error) {
    ADD_FAILURE() << error.what();
  }
  if (!keep_running) {
    for (const auto& record : node.registry.list()) {
      if (node.machines.running(record.id)) co_await node.machines.release(record.id);
    }
  }
  co_await node.stop();
}

inline void with_node(const std::string& folder, Body body, bool keep_running = false,
                      vm::Network network = {}) {
  sys::Loop loop;
  Node node(folder, loop.executor(), std::move(network));
  loop.run(run_on(node, body, keep_running));
}

inline void with_node(Body body) {
  TemporaryFolder folder;
  with_node(folder.path(), body);
}

template <class T>
sys::Async<std::string> failure_of(sys::Async<T> work) {
  try {
    co_await std::move(work);
  } catch (const Error& error) {
    co_return error.kind() == ErrorKind::parameter ? error.parameters().begin()->second
                                                   : std::string(error.what());
  }
  co_return std::string();
}

}  // namespace posada::testing
