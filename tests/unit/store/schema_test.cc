// The schema version of the store's content.
#include "store/schema.h"

#include <cstdlib>
#include <stdexcept>

#include <gtest/gtest.h>

#include "store/sqlite/sqlite_store.h"
#include "sys/file.h"
#include "sys/loop.h"

namespace posada::store {

namespace {

using Body = sys::Async<void> (*)(Mirror&);

sys::Async<void> run_in(std::string file, sys::Executor executor, sys::Clock& clock, Body body) {
  SqliteStore store(executor, clock, {file, 100});
  Mirror mirror(store, executor);
  co_await mirror.start();
  co_await body(mirror);
  co_await mirror.stop();
}

void run(Body body) {
  std::string folder = "/tmp/posada-schema-XXXXXX";
  if (mkdtemp(folder.data()) == nullptr) throw std::runtime_error("mkdtemp failed");
  sys::SystemClock clock;
  sys::Loop loop;
  loop.run(run_in(folder + "/store.db", loop.executor(), clock, body));
  sys::remove_tree(folder);
}

sys::Async<void> append(Mirror& mirror, std::string text) {
  const Entry* entry = mirror.find("trace");
  Transaction transaction;
  transaction.put("trace", (entry != nullptr ? entry->value : "") + text);
  co_await mirror.commit(std::move(transaction));
}

std::vector<SchemaStep> three_steps() {
  return {{2, [](Mirror& mirror) { return append(mirror, "2"); }},
          {3, [](Mirror& mirror) { return append(mirror, "3"); }},
          {4, [](Mirror& mirror) { return append(mirror, "4"); }}};
}

sys::Async<void> set_version(Mirror& mirror, std::string version) {
  Transaction transaction;
  transaction.put("schema", std::move(version));
  co_await mirror.commit(std::move(transaction));
}

sys::Async<void> fresh(Mirror& mirror) {
  co_await upgrade_schema(mirror);
  EXPECT_EQ(mirror.find("schema")->value, "1");
  const Revision before = mirror.revision();
  co_await upgrade_schema(mirror);
  EXPECT_EQ(mirror.revision(), before) << "the second time there is nothing to do";
}

sys::Async<void> in_order(Mirror& mirror) {
  const std::vector<SchemaStep> steps = three_steps();
  co_await set_version(mirror, "2");
  co_await upgrade_schema(mirror, steps);
  EXPECT_EQ(mirror.find("schema")->value, "4");
  EXPECT_EQ(mirror.find("trace")->value, "34");
  co_await upgrade_schema(mirror, steps);
  EXPECT_EQ(mirror.find("trace")->value, "34");
}

sys::Async<void> refused(Mirror& mirror) {
  for (const std::string version : {"2", "x", "", "0"}) {
    co_await set_version(mirror, version);
    std::string code;
    try {
      co_await upgrade_schema(mirror);
    } catch (const Error& error) {
      code = error.code();
    }
    EXPECT_EQ(code, version == "2" ? "store.newer" : "store.damaged") << version;
    EXPECT_EQ(mirror.find("schema")->value, version);
  }
}

}  // namespace

TEST(Schema, a_fresh_store_gets_the_newest_version) {
  run(fresh);
}
TEST(Schema, steps_run_in_order_from_where_the_store_is) {
  run(in_order);
}
TEST(Schema, a_newer_or_unreadable_version_is_refused) {
  run(refused);
}

}  // namespace posada::store
