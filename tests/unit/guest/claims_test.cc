#include "guest/claims.h"

#include <gtest/gtest.h>

#include <random>

#include "sys/loop.h"

namespace posada::guest {
namespace {

const GuestId guest{100};

sys::Async<void> hold(Claims& claims, std::vector<Wanted> wanted, Holder holder, sys::Event& release,
                      std::vector<std::string>& order) {
  const std::string name = holder.operation;
  const Claim claim = co_await claims.acquire(guest, std::move(wanted), std::move(holder));
  order.push_back(name);
  co_await release.wait();
}

TEST(Claims, TheTableIsSymmetric) {
  for (int a = 0; a < 8; ++a) {
    for (int b = 0; b < 8; ++b) {
      for (int shared = 0; shared < 4; ++shared) {
        const Wanted one{static_cast<Aspect>(a), "x", (shared & 1) != 0};
        const Wanted other{static_cast<Aspect>(b), "x", (shared & 2) != 0};
        EXPECT_EQ(Claims::compatible(one, other), Claims::compatible(other, one)) << a << " " << b;
      }
    }
  }
}

TEST(Claims, RowsOfTheTable) {
  const auto both = [](Wanted a, Wanted b) { return Claims::compatible(a, b); };
  EXPECT_FALSE(both({Aspect::power, ""}, {Aspect::power, ""}));
  EXPECT_TRUE(both({Aspect::power, ""}, {Aspect::config, ""}));
  EXPECT_FALSE(both({Aspect::exist, ""}, {Aspect::power, ""}));
  EXPECT_FALSE(both({Aspect::disk, "scsi0"}, {Aspect::disk, "scsi0"}));
  EXPECT_TRUE(both({Aspect::disk, "scsi0"}, {Aspect::disk, "scsi1"}));
  EXPECT_FALSE(both({Aspect::disk, ""}, {Aspect::disk, "scsi1"}));
  EXPECT_TRUE(both({Aspect::power, "", true}, {Aspect::power, "", true}));
  EXPECT_FALSE(both({Aspect::power, "", true}, {Aspect::power, ""}));
  EXPECT_TRUE(both({Aspect::disk, "", true}, {Aspect::disk, "", true}));
  EXPECT_FALSE(both({Aspect::disk, "", true}, {Aspect::disk, "scsi0"}));
  EXPECT_FALSE(both({Aspect::snapshot, ""}, {Aspect::disk, "scsi0"}));
  EXPECT_TRUE(both({Aspect::backup, ""}, {Aspect::power, ""}));
  EXPECT_FALSE(both({Aspect::migrate, ""}, {Aspect::power, ""}));
}

TEST(Claims, ConflictingWorkWaitsInOrderAndOtherAspectsPass) {
  sys::Loop loop;
  loop.run([](sys::Executor executor) -> sys::Async<void> {
    Claims claims(executor);
    sys::Event release(executor);
    std::vector<std::string> order;
    sys::Scope scope(executor);
    for (const char* name : {"start", "reboot"}) {
      Holder holder;
      holder.operation = name;
      scope.spawn(name, hold(claims, {{Aspect::power, ""}}, holder, release, order));
    }
    Holder resize;
    resize.operation = "resize";
    scope.spawn("resize", hold(claims, {{Aspect::disk, "scsi0"}}, resize, release, order));
    co_await sys::yield_to_loop();
    EXPECT_EQ(order, (std::vector<std::string>{"start", "resize"}));
    EXPECT_EQ(claims.rows().size(), 3U);
    release.set();
    co_await scope.join();
    EXPECT_EQ(order.back(), "reboot");
    EXPECT_TRUE(claims.rows().empty());
  }(loop.executor()));
}

TEST(Claims, StopOvertakesAndEndsAShutdown) {
  sys::Loop loop;
  loop.run([](sys::Executor executor) -> sys::Async<void> {
    Claims claims(executor);
    sys::Event never(executor), release(executor);
    std::vector<std::string> order;
    sys::Scope scope(executor);
    sys::CancelToken token(executor);
    Holder shutdown{.operation = "shutdown", .strength = Strength::shutdown, .cancel = token};
    scope.spawn("shutdown", [](Claims& claims, Holder holder, sys::CancelToken token) -> sys::Async<void> {
      const Claim claim = co_await claims.acquire(guest, {{Aspect::power, ""}}, holder);
      co_await token.wait();
    }(claims, shutdown, token));
    co_await sys::yield_to_loop();
    Holder stop{.operation = "stop", .strength = Strength::stop, .cancel = sys::CancelToken(executor)};
    scope.spawn("stop", hold(claims, {{Aspect::power, ""}}, stop, release, order));
    for (int turn = 0; turn < 10 && order.empty(); ++turn) co_await sys::yield_to_loop();
    EXPECT_TRUE(token.cancelled());
    EXPECT_EQ(token.reason(), "overtaken by 'stop'");
    EXPECT_EQ(order, std::vector<std::string>{"stop"});
    release.set();
    co_await scope.join();
  }(loop.executor()));
}

TEST(Claims, ASynchronousCallGivesUpWithTheHoldersName) {
  sys::Loop loop;
  loop.run([](sys::Executor executor) -> sys::Async<void> {
    Claims claims(executor);
    Holder backup{.upid = "UPID:x", .operation = "backup"};
    const Claim held = co_await claims.acquire(guest, {{Aspect::disk, "scsi0"}}, backup);
    std::string wire, holder;
    try {
      Holder resize{.operation = "resize"};
      const Claim claim = co_await claims.acquire_within(guest, {{Aspect::disk, "scsi0"}}, resize,
                                                         sys::Milliseconds(5));
    } catch (const Error& error) {
      wire = error.wire();
      holder = error.arguments().at("holder");
    }
    EXPECT_EQ(wire, "VM is locked (backup)");
    EXPECT_EQ(holder, "UPID:x");
    EXPECT_EQ(claims.rows().size(), 1U);
  }(loop.executor()));
}

TEST(Claims, ACancelledWaiterLeavesTheQueue) {
  sys::Loop loop;
  loop.run([](sys::Executor executor) -> sys::Async<void> {
    Claims claims(executor);
    Claim held = co_await claims.acquire(guest, {{Aspect::power, ""}}, {.operation = "start"});
    sys::Scope scope(executor);
    sys::CancelToken token(executor);
    bool cancelled = false;
    scope.spawn(
        "waiting", [](Claims& claims, sys::CancelToken token) -> sys::Async<void> {
          const Claim claim = co_await claims.acquire(guest, {{Aspect::power, ""}},
                                                      {.operation = "reboot", .cancel = token});
        }(claims, token),
        [&cancelled](std::exception_ptr) { cancelled = true; });
    co_await sys::yield_to_loop();
    EXPECT_EQ(claims.rows().size(), 2U);
    token.cancel("asked");
    co_await scope.join();
    EXPECT_TRUE(cancelled);
    EXPECT_EQ(claims.rows().size(), 1U);
    held.release();
    EXPECT_TRUE(claims.rows().empty());
  }(loop.executor()));
}

// Random operations in random order: no two that exclude each other ever hold at once, and all
// of them get their turn.
sys::Async<void> random_worker(Claims& claims, unsigned seed, std::vector<Wanted>& holding,
                               int& finished) {
  std::mt19937 random(seed);
  for (int round = 0; round < 50; ++round) {
    const Wanted wanted{static_cast<Aspect>(random() % 8), "k" + std::to_string(random() % 3),
                        random() % 3 == 0};
    const Claim claim = co_await claims.acquire(guest, {wanted}, {.operation = "work"});
    for (const Wanted& other : holding) EXPECT_TRUE(Claims::compatible(wanted, other));
    holding.push_back(wanted);
    for (unsigned turn = random() % 4; turn > 0; --turn) co_await sys::yield_to_loop();
    for (auto at = holding.begin(); at != holding.end(); ++at) {
      if (at->aspect == wanted.aspect && at->key == wanted.key && at->shared == wanted.shared) {
        holding.erase(at);
        break;
      }
    }
  }
  ++finished;
}

TEST(Claims, NoTwoConflictingHoldersInManyInterleavings) {
  for (unsigned seed = 0; seed < 50; ++seed) {
    sys::Loop loop;
    int finished = 0;
    loop.run([](sys::Executor executor, unsigned seed, int& finished) -> sys::Async<void> {
      Claims claims(executor);
      std::vector<Wanted> holding;
      sys::Scope scope(executor);
      for (unsigned worker = 0; worker < 20; ++worker) {
        scope.spawn("worker", random_worker(claims, seed * 100 + worker, holding, finished));
      }
      co_await scope.join();
    }(loop.executor(), seed, finished));
    ASSERT_EQ(finished, 20) << "seed " << seed;
  }
}

}  // namespace
}  // namespace posada::guest
