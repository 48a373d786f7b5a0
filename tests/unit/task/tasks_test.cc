#include "task/tasks.h"

#include <gtest/gtest.h>

#include "base/failpoint.h"
#include "sys/file.h"
#include "task/archive.h"
#include "sys/loop.h"

namespace posada::task {
namespace {

struct Folder {
  std::string path;
  Folder() {
    char name[] = "/tmp/posada-tasks-XXXXXX";
    path = ::mkdtemp(name);
  }
  ~Folder() { sys::remove_tree(path); }
};

const Identity admin{"admin@pve", ""};

TEST(Upid, RoundTripsAndRefusesWhatIsNone) {
  const std::string text = "UPID:node1:01000000:0007A0F3:6B011056:qmstart:100:admin@pve!t1:";
  const std::optional<Upid> upid = Upid::parse(text);
  ASSERT_TRUE(upid);
  EXPECT_EQ(upid->text(), text);
  EXPECT_EQ(upid->user.token, "t1");
  for (const char* bad : {"", "UPID:bad", "UPID:n:1:2:3:a:b:c:",
                          "UPID:node1:01000000:0007A0F3:6B011056::100:admin@pve:",
                          "UPID:-x:01000000:0007A0F3:6B011056:a:100:admin@pve:",
                          "UPID:node1:01000000:0007A0F3:6B011056:a/b:100:admin@pve:"}) {
    EXPECT_FALSE(Upid::parse(bad)) << bad;
  }
}

TEST(Tasks, ATaskIsVisibleAtOnceAndEndsWithItsLog) {
  Folder folder;
  sys::Loop loop;
  sys::SystemClock clock;
  loop.run([](Folder& folder, sys::Clock& clock, sys::Executor executor) -> sys::Async<void> {
    Tasks tasks(folder.path, "n1", clock, executor);
    const Upid upid = tasks.start({"qmstart", "100", admin, "r1"}, [](Context& task) -> sys::Async<void> {
      task.log("first");
      co_await sys::yield_to_loop();
      task.warn("second");
    });
    EXPECT_TRUE(tasks.info(upid.text()).running);
    const Info ended = co_await tasks.wait(upid.text());
    EXPECT_EQ(ended.exit_status, "WARNINGS: 1");
    co_await tasks.shut_down();
    const LogPage page = co_await tasks.log(upid.text(), 0, 0);
    EXPECT_EQ(page.lines, (std::vector<std::string>{"first", "WARN: second", "TASK WARNINGS: 1"}));
    Filter filter;
    EXPECT_EQ(tasks.list(filter, [](const Info&) { return true; }).total, 1U);
    EXPECT_EQ(tasks.list(filter, [](const Info&) { return false; }).total, 0U);
  }(folder, clock, loop.executor()));
}

TEST(Tasks, WhoListensHearsOfEachLineOfAVisibleTaskOnly) {
  Folder folder;
  sys::Loop loop;
  sys::SystemClock clock;
  loop.run([](Folder& folder, sys::Clock& clock, sys::Executor executor) -> sys::Async<void> {
    Tasks tasks(folder.path, "n1", clock, executor);
    std::vector<std::size_t> heard;
    const auto listening =
        tasks.subscribe([&heard](const Info& info) { heard.push_back(info.lines); });
    const auto work = [](Context& task) -> sys::Async<void> {
      task.log("first\nsecond");
      co_await sys::yield_to_loop();
      task.progress(0.5, "half");
      task.log("third");
    };
    co_await tasks.run({"hidden", "100", admin, ""}, work);
    EXPECT_EQ(heard, std::vector<std::size_t>{});
    const Upid upid = tasks.start({"qmstart", "100", admin, "r1"}, work);
    co_await tasks.wait(upid.text());
    // Start, two lines, progress, a line, the closing line, the end.
    EXPECT_EQ(heard, (std::vector<std::size_t>{0, 2, 2, 3, 4, 4}));
    co_await tasks.shut_down();
  }(folder, clock, loop.executor()));
}

TEST(Tasks, ATaskIsOnDiskBeforeItsUpidIsTold) {
  Folder folder;
  sys::Loop loop;
  sys::SystemClock clock;
  loop.run([](Folder& folder, sys::Clock& clock, sys::Executor executor) -> sys::Async<void> {
    Tasks tasks(folder.path, "n1", clock, executor);
    const Upid upid = tasks.start({"qmstart", "100", admin, "request-1"},
                                  [](Context&) -> sys::Async<void> { co_return; });
    // Nothing has run since: a daemon killed here still finds the task at its next start.
    const Archive::Content found = Archive(folder.path).read(10);
    EXPECT_EQ(found.unfinished.size(), 1U);
    if (found.unfinished.empty()) co_return;
    EXPECT_EQ(found.unfinished.front().upid.text(), upid.text());
    EXPECT_EQ(found.unfinished.front().request, "request-1");
    co_await tasks.wait(upid.text());
  }(folder, clock, loop.executor()));
}

TEST(Tasks, AFailureUndoesWhatTheJournalHoldsNewestFirst) {
  Folder folder;
  sys::Loop loop;
  sys::SystemClock clock;
  std::vector<std::string> undone;
  loop.run([](Folder& folder, sys::Clock& clock, sys::Executor executor,
              std::vector<std::string>& undone) -> sys::Async<void> {
    Tasks tasks(folder.path, "n1", clock, executor);
    tasks.undo_handlers().add("thing", [&undone](json::object details) -> sys::Async<std::string> {
      undone.push_back(text_member(details, "name").value_or(""));
      co_return "removed " + undone.back();
    });
    const Upid upid = tasks.start({"qmcreate", "100", admin, ""}, [](Context& task) -> sys::Async<void> {
      co_await task.journal().will("thing", {{"name", "a"}});
      const std::uint64_t b = co_await task.journal().will("thing", {{"name", "b"}});
      co_await task.journal().will("thing", {{"name", "c"}});
      co_await task.journal().keep(b);
      throw Error::failed("test", "no space left");
    });
    const Info ended = co_await tasks.wait(upid.text());
    EXPECT_EQ(ended.exit_status, "no space left");
    EXPECT_EQ(undone, (std::vector<std::string>{"c", "a"}));
    co_await tasks.shut_down();
    const LogPage page = co_await tasks.log(upid.text(), 0, 0);
    EXPECT_EQ(page.lines.back(), "TASK ERROR: no space left");
    EXPECT_EQ(page.lines.front(), "undone: removed c");
  }(folder, clock, loop.executor(), undone));
}

TEST(Tasks, ACancelledTaskEndsAsInterrupted) {
  Folder folder;
  sys::Loop loop;
  sys::SystemClock clock;
  loop.run([](Folder& folder, sys::Clock& clock, sys::Executor executor) -> sys::Async<void> {
    Tasks tasks(folder.path, "n1", clock, executor);
    const Upid upid = tasks.start({"sleep", "", admin, ""}, [](Context& task) -> sys::Async<void> {
      co_await task.cancel().wait();
      task.cancel().check();
    });
    co_await sys::yield_to_loop();
    tasks.stop(upid.text(), "root@pam");
    const Info ended = co_await tasks.wait(upid.text());
    EXPECT_EQ(ended.exit_status, "interrupted by root@pam");
  }(folder, clock, loop.executor()));
}

TEST(Tasks, WhatADeadDaemonLeftIsUndoneAndEndsAsFailed) {
  Folder folder;
  sys::SystemClock clock;
  std::string upid;
  {
    // The loop is dropped in the middle of the task, as a crash would.
    sys::Loop loop;
    loop.run([](Folder& folder, sys::Clock& clock, sys::Executor executor,
                std::string& upid) -> sys::Async<void> {
      // Never destroyed, as in a process that is killed; static, so that they are no leak.
      static Tasks* dead;
      static sys::Event* reached;
      dead = new Tasks(folder.path, "n1", clock, executor);
      reached = new sys::Event(executor);
      upid = dead->start({"qmcreate", "100", admin, ""}, [](Context& task) -> sys::Async<void> {
        co_await task.journal().will("thing", {{"name", "half"}});
        reached->set();
        co_await task.cancel().wait();
      }).text();
      co_await reached->wait();
    }(folder, clock, loop.executor(), upid));
  }
  sys::Loop loop;
  std::vector<std::string> undone;
  loop.run([](Folder& folder, sys::Clock& clock, sys::Executor executor, std::string& upid,
              std::vector<std::string>& undone) -> sys::Async<void> {
    Tasks tasks(folder.path, "n1", clock, executor);
    tasks.undo_handlers().add("thing", [&undone](json::object details) -> sys::Async<std::string> {
      undone.push_back(text_member(details, "name").value_or(""));
      co_return "removed";
    });
    co_await tasks.recover();
    EXPECT_EQ(undone, std::vector<std::string>{"half"});
    const Info info = tasks.info(upid);
    EXPECT_FALSE(info.running);
    EXPECT_TRUE(info.exit_status.starts_with("interrupted")) << info.exit_status;
    co_await tasks.recover();
    EXPECT_EQ(undone.size(), 1U) << "an undo ran twice";
  }(folder, clock, loop.executor(), upid, undone));
}

TEST(Tasks, AFolderWhoseStateAPowerFailureTookIsStillATaskWithItsJournal) {
  Folder folder;
  const std::string upid = "UPID:n1:01000000:0007A0F3:6B011056:qmstart:100:admin@pve:";
  const std::string own = folder.path + "/6/" + upid;
  sys::make_directories(own, 0700);
  sys::write_file(own + "/state.json", "", 0600);
  sys::write_file(own + "/journal",
                  R"([{"number":1,"kind":"thing","details":{"name":"half"},"kept":false}])", 0600);
  // A journal of effects that ended with the boot may be empty, too.
  const std::string other = "UPID:n1:01000001:0007A0F3:6B011056:qmstart:101:admin@pve:";
  sys::make_directories(folder.path + "/6/" + other, 0700);
  sys::write_file(folder.path + "/6/" + other + "/journal", "", 0600);
  sys::Loop loop;
  sys::SystemClock clock;
  loop.run([](Folder& folder, sys::Clock& clock, sys::Executor executor, std::string upid,
              std::string other) -> sys::Async<void> {
    std::vector<std::string> undone;
    Tasks tasks(folder.path, "n1", clock, executor);
    tasks.undo_handlers().add("thing", [&undone](json::object details) -> sys::Async<std::string> {
      undone.push_back(text_member(details, "name").value_or(""));
      co_return "removed";
    });
    co_await tasks.recover();
    EXPECT_EQ(undone, std::vector<std::string>{"half"});
    for (const std::string& each : {upid, other}) {
      const Info info = tasks.info(each);
      EXPECT_FALSE(info.running);
      EXPECT_TRUE(info.exit_status.starts_with("interrupted")) << info.exit_status;
    }
  }(folder, clock, loop.executor(), upid, other));
}

TEST(Tasks, AnUnknownOrMalformedUpidIsAParameterError) {
  Folder folder;
  sys::Loop loop;
  sys::SystemClock clock;
  Tasks tasks(folder.path, "n1", clock, loop.executor());
  const auto text_of = [&tasks](const std::string& upid) -> std::string {
    try {
      (void)tasks.info(upid);
    } catch (const Error& error) {
      return error.parameters().at("upid");
    }
    return "";
  };
  EXPECT_EQ(text_of("UPID:bad"), "unable to parse worker upid");
  EXPECT_EQ(text_of("UPID:n1:01000000:0007A0F3:6B011056:qmstart:100:a@pve:"), "no such task");
}

}  // namespace
}  // namespace posada::task
