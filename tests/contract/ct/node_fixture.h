// A node's containers on a real store, real storage, real tasks, liblxc and a network namespace
// with a bridge, for one test. Needs root.
#pragma once

#include <cstdlib>

#include <gtest/gtest.h>

#include "access/permissions.h"
#include "access/user_config.h"
#include "base/text.h"
#include "ct/config.h"
#include "ct/containers.h"
#include "storage/storage.h"
#include "store/sqlite/sqlite_store.h"
#include "support/source.h"
#include "sys/cgroup_view.h"
#include "sys/file.h"
#include "sys/host.h"
#include "sys/loop.h"
#include "sys/process.h"
#include "task/tasks.h"
#include "task/worker.h"

namespace posada::ct::testing {

inline const guest::Values small = {
    {"hostname", "demo-ct"}, {"rootfs", "local:0"}, {"memory", "128"}};
inline const guest::Values small_with_card = [] {
  guest::Values values = small;
  values["net0"] = "name=eth0,bridge=vmbr0";
  return values;
}();

// A folder that only root may enter, as a node's folder in somebody's home is.
struct Place {
  Place() {
    char shape[] = "/tmp/posada-ct-XXXXXX";
    path = ::mkdtemp(shape);
    instance = path.substr(path.rfind('-') + 1);
  }
  // Of another process.
  explicit Place(std::string existing) : path(std::move(existing)), owned(false) {
    instance = path.substr(path.rfind('-') + 1);
  }
  ~Place() {
    if (!owned) return;
    sys::CgroupView().remove("posada/" + instance);
    sys::remove_tree(path);
  }
  Place(const Place&) = delete;
  Place& operator=(const Place&) = delete;
  std::string path, instance;
  bool owned = true;
};

struct Node {
  Node(const Place& place, sys::Executor executor_)
      : folder(place.path),
        instance(place.instance),
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
        containers(
            settings(place),
            {{mirror, registry, claims, tasks, storages, permissions, clock, executor},
             workers,
             [name = "/run/netns/posada-test-" + place.instance] { return at_once(name); }}) {}

  static sys::Async<std::string> at_once(std::string text) { co_return text; }

  static Settings settings(const Place& place) {
    Settings result;
    result.node = "n1";
    result.instance = place.instance;
    result.run_folder = place.path + "/run";
    result.program = sys::own_program_folder() + "/posada-lxc";
    result.first_id = 1300000;
    return result;
  }

  const std::string folder, instance;
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
  Containers containers;
  const Caller root{Identity{"root@pam", ""}, "test"};

  sys::Async<void> start() {
    co_await mirror.start();
    storages.register_undo(tasks.undo_handlers());
    containers.register_undo();
    co_await storages.start();
    co_await tasks.recover();
    co_await containers.start();
  }
  sys::Async<void> stop() {
    co_await containers.stop();
    co_await tasks.shut_down();
    co_await storages.stop();
    co_await mirror.stop();
  }

  sys::Async<std::string> ended(task::Upid upid) {
    const task::Info info = co_await tasks.wait(upid.text());
    co_return info.exit_status;
  }
  sys::Async<void> create(std::uint32_t id, guest::Values values) {
    Creation creation;
    creation.id = GuestId{id};
    creation.values = std::move(values);
    creation.os_template = "local:vztmpl/demo-ct.tar.zst";
    const std::string status = co_await ended(containers.create(root, std::move(creation)));
    EXPECT_EQ(status, "OK");
  }
  sys::Async<void> power_on(std::uint32_t id) {
    const task::Upid upid = containers.power_on(root, GuestId{id}, false);
    const std::string status = co_await ended(upid);
    EXPECT_EQ(status, "OK");
  }
  sys::Async<void> power_off(std::uint32_t id) {
    const std::string status = co_await ended(containers.power_off(root, GuestId{id}, {}));
    EXPECT_EQ(status, "OK");
  }
  std::string text(std::uint32_t id) const {
    return registry.config(registry.require(GuestId{id}, GuestKind::container)).text;
  }
  // What the program prints inside.
  sys::Async<std::string> inside(std::uint32_t id, std::vector<std::string> words) {
    sys::Command command;
    command.arguments = containers.attach_command(GuestId{id}, words);
    const auto finished = co_await sys::run(std::move(command));
    co_return std::string(trim(finished.output + finished.errors));
  }
};

inline sys::Async<void> ip(std::vector<std::string> words) {
  sys::Command command;
  command.arguments = std::move(words);
  command.arguments.insert(command.arguments.begin(), "ip");
  co_await sys::run_checked(std::move(command));
}

inline sys::Async<void> prepare(Node& node) {
  const std::string name = "posada-test-" + node.instance;
  co_await ip({"netns", "add", name});
  co_await ip({"-n", name, "link", "add", "vmbr0", "type", "bridge"});
  co_await ip({"-n", name, "link", "set", "vmbr0", "up"});
  sys::Command command;
  const char* cache = std::getenv("POSADA_IMAGE_CACHE");
  command.arguments = {posada::testing::source_folder() / "tools/images/demo-ct",
                       node.folder + "/vz/template/cache/demo-ct.tar.zst", "--cache",
                       cache ? cache : "/tmp/posada-images"};
  co_await sys::run_checked(std::move(command), {}, sys::Milliseconds(120000));
}

using Body = sys::Async<void> (*)(Node&);

inline sys::Async<void> run_on(Node& node, Body body, bool first, bool last) {
  co_await node.start();
  try {
    if (first) co_await prepare(node);
    co_await body(node);
  } catch (const Error& error) {
    ADD_FAILURE() << error.what();
  }
  if (last) {
    for (const auto& record : node.registry.list()) co_await node.containers.release(record.id);
  }
  co_await node.stop();
  if (last) co_await ip({"netns", "del", "posada-test-" + node.instance});
}

#define NEEDS_CONTAINERS()                                          \
  if (sys::own_user() != 0) GTEST_SKIP() << "containers need root"; \
  if (!sys::exists("/usr/bin/lxc-start")) GTEST_SKIP() << "LXC is not installed"

// Runs each body with a daemon of its own on the same folder; containers run on in between.
inline void with_node(std::vector<Body> bodies) {
  NEEDS_CONTAINERS();
  const Place place;
  for (std::size_t index = 0; index < bodies.size(); ++index) {
    sys::Loop loop;
    Node node(place, loop.executor());
    loop.run(run_on(node, bodies[index], index == 0, index + 1 == bodies.size()));
  }
}

}  // namespace posada::ct::testing
