// Giving up a guest's number, on a real store.
#include "guest/registry.h"

#include <cstdlib>

#include <gtest/gtest.h>

#include "store/mirror.h"
#include "store/sqlite/sqlite_store.h"
#include "sys/clock.h"
#include "sys/file.h"
#include "sys/loop.h"

namespace posada::guest {
namespace {

struct Node {
  Node() {
    char shape[] = "/tmp/posada-registry-XXXXXX";
    folder = ::mkdtemp(shape);
  }
  ~Node() { sys::remove_tree(folder); }
  std::string folder;
  sys::Loop loop;
  sys::SystemClock clock;
};

using Forgotten = std::vector<GuestId>;

sys::Async<void> remember(Forgotten& forgotten, GuestId id) {
  forgotten.push_back(id);
  co_return;
}

sys::Async<void> removals(Node& node) {
  store::SqliteStore store(node.loop.executor(), node.clock, {.file = node.folder + "/store.db"});
  store::Mirror mirror(store, node.loop.executor());
  co_await mirror.start();
  Registry registry(mirror, "n1", node.loop.executor());
  Forgotten forgotten;
  registry.on_remove([&forgotten](GuestId id) { return remember(forgotten, id); });
  const Record record = co_await registry.create(GuestId{100}, GuestKind::vm, "memory: 64\n");

  store::Transaction impossible;
  impossible.require_modified("some/other", 5);
  bool refused = false;
  try {
    co_await registry.remove(record, std::move(impossible));
  } catch (const Error&) {
    refused = true;
  }
  EXPECT_TRUE(refused);
  EXPECT_TRUE(registry.find(GuestId{100}).has_value());
  EXPECT_EQ(forgotten, Forgotten()) << "a guest that stays keeps its rights";

  co_await registry.remove(record);
  EXPECT_FALSE(registry.find(GuestId{100}).has_value());
  EXPECT_EQ(forgotten, Forgotten{GuestId{100}});
  // As after a crash between the two.
  co_await registry.remove(record);
  EXPECT_EQ(forgotten, (Forgotten{GuestId{100}, GuestId{100}}));
  co_await mirror.stop();
}

TEST(Registry, ForgetsWhatHangsOnANumberWhenTheGuestIsGoneAndNotBefore) {
  Node node;
  node.loop.run(removals(node));
}

}  // namespace
}  // namespace posada::guest
