// What only a store behind a network can suffer: members that hang, die, come back empty.
#include <stdexcept>

#include "contract/store/etcd_server.h"
#include "contract/store/until.h"
#include "store/etcd/etcd_store.h"
#include "store/etcd/http_client.h"
#include "store/mirror.h"

namespace posada::store::testing {

namespace {

class EtcdFaults : public ::testing::Test {
 protected:
  void SetUp() override {
    const std::string missing = missing_etcd();
    if (!missing.empty()) GTEST_SKIP() << missing;
  }

  void run(sys::Async<void> (*body)(EtcdServer&, sys::Executor, sys::Clock&)) {
    EtcdServer server;
    sys::SystemClock clock;
    sys::Loop loop;
    loop.run(body(server, loop.executor(), clock));
  }
};

EtcdStore::Options options_for(const EtcdServer& server) {
  EtcdStore::Options options;
  options.endpoints = {server.endpoint()};
  options.deadline = sys::Milliseconds(1000);
  options.check_every = sys::Milliseconds(200);
  return options;
}

Transaction putting(std::string key, std::string value) {
  Transaction transaction;
  transaction.put(std::move(key), std::move(value));
  return transaction;
}

sys::Async<void> hangs(EtcdServer& server, sys::Executor executor, sys::Clock& clock) {
  EtcdStore store(executor, clock, options_for(server));
  Mirror mirror(store, executor);
  co_await mirror.start();
  co_await mirror.commit(putting("a", "1"));
  server.pause();
  // Sent to a member that hangs: nobody knows yet what will become of it.
  EXPECT_EQ(co_await error_code(store.commit(putting("b", "1"))), "store.outcome-unknown");
  co_await until([&] { return !mirror.following(); }, "the hanging member is found out");
  EXPECT_EQ(mirror.find("a")->value, "1") << "reads go on";
  EXPECT_EQ(co_await error_code(mirror.commit(putting("a", "2"))), "store.unavailable");
  EXPECT_EQ(co_await error_code(store.list("")), "store.unavailable");
  server.resume();
  co_await until([&] { return mirror.following(); }, "the mirror follows again");
  co_await mirror.commit(putting("a", "3"));
  EXPECT_EQ(mirror.find("a")->value, "3");
  co_await mirror.stop();
}

sys::Async<void> dies(EtcdServer& server, sys::Executor executor, sys::Clock& clock) {
  EtcdStore store(executor, clock, options_for(server));
  Mirror mirror(store, executor);
  co_await mirror.start();
  int changes = 0;
  const std::shared_ptr<void> handle =
      mirror.subscribe("", [&changes](const Change&) { ++changes; });
  for (int round = 1; round <= 3; ++round) {
    co_await mirror.commit(putting("a", std::to_string(round)));
    server.kill();
    co_await until([&] { return !mirror.following(); }, "the death is seen");
    EXPECT_EQ(co_await error_code(mirror.commit(putting("b", "x"))), "store.unavailable");
    EXPECT_EQ(co_await error_code(store.commit(putting("b", "x"))), "store.unavailable");
    server.start();
    co_await until([&] { return mirror.following(); }, "the mirror follows again");
    EXPECT_EQ(mirror.find("a")->value, std::to_string(round)) << "the acknowledged write is there";
    EXPECT_EQ(mirror.find("b"), nullptr);
    EXPECT_EQ(changes, round) << "nothing is told twice";
  }
  co_await mirror.stop();
}

sys::Async<void> comes_back_empty(EtcdServer& server, sys::Executor executor, sys::Clock& clock) {
  EtcdStore store(executor, clock, options_for(server));
  Mirror mirror(store, executor);
  co_await mirror.start();
  co_await mirror.commit(putting("guest/100", "precious"));
  int changes = 0;
  const std::shared_ptr<void> handle =
      mirror.subscribe("", [&changes](const Change&) { ++changes; });
  server.kill();
  co_await until([&] { return !mirror.following(); }, "the death is seen");
  server.wipe();
  server.start();
  EXPECT_EQ(co_await error_code(mirror.commit(putting("guest/100", "x"))), "store.unavailable");
  require(mirror.find("guest/100") != nullptr, "an empty store does not pass for a deletion");
  EXPECT_EQ(changes, 0);
  co_await mirror.stop();
  // A client that still believes in the old store changes nothing in the new one.
  EtcdStore fresh(executor, clock, options_for(server));
  co_await fresh.commit(putting("a", "1"));
  EXPECT_NE((co_await fresh.list("")).revision.epoch, mirror.revision().epoch);
}

sys::Async<void> stale_epoch(EtcdServer& server, sys::Executor executor, sys::Clock& clock) {
  EtcdStore store(executor, clock, options_for(server));
  co_await store.commit(putting("a", "1"));
  server.kill();
  server.wipe();
  server.start();
  EtcdStore fresh(executor, clock, options_for(server));
  co_await fresh.commit(putting("other", "1"));
  EXPECT_EQ(co_await error_code(store.commit(putting("a", "2"))), "store.replaced");
  EXPECT_FALSE((co_await fresh.get("a")).has_value());
}

sys::Async<void> failover(EtcdServer& server, sys::Executor executor, sys::Clock& clock) {
  EtcdStore::Options options = options_for(server);
  const std::string dead = "127.0.0.1:" + std::to_string(free_port());
  options.endpoints = {dead, server.endpoint()};
  EtcdStore store(executor, clock, options);
  EXPECT_TRUE((co_await store.commit(putting("a", "1"))).applied);
  EXPECT_EQ((co_await store.get("a"))->value, "1");
  server.kill();
  try {
    co_await store.list("");
    require(false, "no member is left");
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), "store.unavailable");
    EXPECT_NE(error.wire().find(dead), std::string::npos) << error.wire();
    EXPECT_NE(error.wire().find(server.endpoint()), std::string::npos) << error.wire();
    EXPECT_NE(error.wire().find("refused"), std::string::npos) << error.wire();
    EXPECT_FALSE(error.hint().empty());
  }
}

// Two clients of one member: the one that hangs takes its share of the time and no more.
sys::Async<void> hanging_first(EtcdServer& server, sys::Executor executor, sys::Clock& clock) {
  EtcdServer hanging;
  hanging.pause();
  EtcdStore::Options options = options_for(server);
  options.endpoints = {hanging.endpoint(), server.endpoint()};
  EtcdStore store(executor, clock, options);
  EXPECT_TRUE((co_await store.list("")).entries.empty());
  EXPECT_TRUE((co_await store.commit(putting("a", "1"))).applied) << "the living one is remembered";
  hanging.resume();
}

}  // namespace

TEST_F(EtcdFaults, a_member_that_hangs_is_found_out_and_reads_go_on) {
  run(hangs);
}
TEST_F(EtcdFaults, a_member_that_dies_comes_back_with_all_that_was_acknowledged) {
  run(dies);
}
TEST_F(EtcdFaults, a_store_that_comes_back_empty_deletes_nothing) {
  run(comes_back_empty);
}
TEST_F(EtcdFaults, a_client_of_a_replaced_store_changes_nothing_in_the_new_one) {
  run(stale_epoch);
}
TEST_F(EtcdFaults, another_member_takes_over_and_the_last_failure_names_all) {
  run(failover);
}
TEST_F(EtcdFaults, a_member_that_hangs_does_not_use_up_the_time_of_the_others) {
  run(hanging_first);
}

TEST(EtcdEndpoints, a_malformed_endpoint_is_named) {
  for (const std::string text : {"", "127.0.0.1", "127.0.0.1:", "127.0.0.1:0", "127.0.0.1:70000",
                                 "no-address:2379", "[::1]", "https://127.0.0.1:2379"}) {
    try {
      HttpEndpoint::parse(text);
      ADD_FAILURE() << text;
    } catch (const Error& error) {
      EXPECT_EQ(error.arguments().at("endpoint"), text);
    }
  }
  EXPECT_EQ(HttpEndpoint::parse("http://[::1]:2379").text(), "[::1]:2379");
  EXPECT_EQ(HttpEndpoint::parse("10.0.0.1:2379").text(), "10.0.0.1:2379");
}

}  // namespace posada::store::testing
