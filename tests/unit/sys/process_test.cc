#include "sys/process.h"

#include <gtest/gtest.h>

#include <csignal>

#include <unistd.h>

#include "sys/clock.h"
#include "sys/file.h"
#include "sys/loop.h"

namespace posada::sys {
namespace {

TEST(Process, RunGivesOutputErrorsAndStatusOfAProgram) {
  Loop loop;
  Finished finished;
  loop.run([](Finished& finished) -> Async<void> {
    finished = co_await run({.arguments = {"sh", "-c", "cat; echo bad >&2; exit 3"}}, "hello");
  }(finished));
  EXPECT_EQ(finished.output, "hello");
  EXPECT_EQ(finished.errors, "bad\n");
  EXPECT_EQ(finished.status, 3);
}

TEST(Process, AProgramThatIsMissingIsNamed) {
  Loop loop;
  try {
    spawn(loop.executor(), {.arguments = {"no-such-program-here"}});
    FAIL() << "spawned a program that does not exist";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), "sys.program-missing");
    EXPECT_NE(error.wire().find("no-such-program-here"), std::string::npos);
  }
}

TEST(Process, AFailedExecTellsTheStepAndLeavesNoChild) {
  Loop loop;
  EXPECT_THROW(spawn(loop.executor(), {.arguments = {"/proc/version"}}), Error);
}

TEST(Process, AtTheDeadlineTheProgramIsKilled) {
  Loop loop;
  EXPECT_THROW(loop.run([]() -> Async<void> {
    co_await run({.arguments = {"sleep", "60"}}, {}, Milliseconds(50));
  }()),
               Error);
}

TEST(Process, ACancelledProgramEndsWithItsGroup) {
  Loop loop;
  loop.run([](Executor executor) -> Async<void> {
    CancelToken token(executor);
    Scope scope(executor);
    std::string reason;
    int child = 0;
    const std::string file = "/tmp/posada-group-" + random_uuid();
    scope.spawn("run", [](CancelToken cancel, std::string place,
                          std::string& why) -> Async<void> {
      try {
        co_await run_cancellable(
            {.arguments = {"sh", "-c", "sleep 60 & echo $! > " + place + ".new; mv " + place +
                                           ".new " + place + "; wait"}},
            cancel, Milliseconds(60'000));
      } catch (const Cancelled& cancelled) {
        why = cancelled.reason;
      }
    }(token, file, reason));
    SystemClock clock;
    for (int look = 0; look < 3000 && !exists(file); ++look) co_await clock.sleep(Milliseconds(10));
    child = std::stoi(read_file(file));
    remove_file(file);
    EXPECT_NE(start_ticks(child), 0U);
    token.cancel("by hand");
    co_await scope.join();
    EXPECT_EQ(reason, "by hand");
    for (int look = 0; look < 3000 && start_ticks(child) != 0; ++look)
      co_await clock.sleep(Milliseconds(10));
    EXPECT_EQ(start_ticks(child), 0U);
  }(loop.executor()));
}

TEST(Process, WhatAProgramLeavesRunningIsNotWaitedFor) {
  Loop loop;
  Finished finished;
  loop.run([](Finished& finished) -> Async<void> {
    finished = co_await run({.arguments = {"sh", "-c", "sleep 600 & echo $!"}});
  }(finished));
  const int left = std::stoi(finished.output);
  EXPECT_NE(start_ticks(left), 0U);
  ::kill(left, SIGKILL);
}

TEST(Process, TheChildHasOnlyTheDescriptorsItWasGiven) {
  Loop loop;
  std::string listed;
  loop.run([](std::string& listed) -> Async<void> {
    const Fd secret = sealed_memory("secret", "x");
    const Fd given = sealed_memory("given", "y");
    Command command{.arguments = {"sh", "-c", "ls -l /proc/$$/fd; cat <&7"}};
    command.descriptors[7] = given.get();
    listed = (co_await run(std::move(command))).output;
  }(listed));
  EXPECT_EQ(listed.find("memfd:secret"), std::string::npos) << listed;
  EXPECT_NE(listed.find("memfd:given"), std::string::npos) << listed;
  EXPECT_TRUE(listed.ends_with("y")) << listed;
}

TEST(Process, UserAndPrivilegesAreDropped) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root";
  Loop loop;
  std::string status;
  loop.run([](std::string& status) -> Async<void> {
    Command command{.arguments = {"cat", "/proc/self/status"}};
    command.uid = 300100;
    command.gid = 300100;
    status = (co_await run(std::move(command))).output;
  }(status));
  EXPECT_NE(status.find("Uid:\t300100\t300100\t300100\t300100"), std::string::npos) << status;
  EXPECT_NE(status.find("CapEff:\t0000000000000000"), std::string::npos) << status;
  EXPECT_NE(status.find("NoNewPrivs:\t1"), std::string::npos) << status;
  EXPECT_NE(status.find("Groups:\t \n"), std::string::npos) << status;
}

TEST(Process, AnAdoptedProcessIsFollowedAndAnotherStartTimeIsRefused) {
  Loop loop;
  loop.run([](Executor executor) -> Async<void> {
    Child child = spawn(executor, {.arguments = {"sleep", "60"}});
    const std::uint64_t ticks = start_ticks(child.pid());
    EXPECT_FALSE(adopt(executor, child.pid(), ticks + 1));
    std::optional<Child> adopted = adopt(executor, child.pid(), ticks);
    EXPECT_TRUE(adopted.has_value());
    if (adopted) adopted->signal(SIGTERM);
    EXPECT_EQ(co_await child.wait(), 128 + SIGTERM);
  }(loop.executor()));
}

TEST(Process, ACancelledRunKillsTheProgram) {
  Loop loop;
  loop.run([](Executor executor) -> Async<void> {
    Scope scope(executor);
    bool cancelled = false;
    scope.spawn(
        "run", [](Executor) -> Async<void> {
          co_await run({.arguments = {"sleep", "60"}});
        }(executor),
        [&cancelled](std::exception_ptr) { cancelled = true; });
    co_await yield_to_loop();
    scope.stop();
    co_await scope.join();
    EXPECT_EQ(scope.running(), 0U);
  }(loop.executor()));
}

}  // namespace
}  // namespace posada::sys
