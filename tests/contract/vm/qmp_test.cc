// The monitor and agent clients against a real QEMU, and against peers that misbehave.
#include "vm/qmp.h"

#include "contract/vm/qemu_fixture.h"
#include "sys/file.h"
#include "vm/agent.h"

namespace posada::vm {
namespace {

using posada::testing::on_loop;
using posada::testing::Qemu;
using posada::testing::TemporaryFolder;

#define EXPECT_FAILS_WITH(code_text, expression)        \
  try {                                                 \
    co_await (expression);                              \
    ADD_FAILURE() << "should have failed";              \
  } catch (const Error& error) {                        \
    EXPECT_EQ(error.code(), code_text) << error.what(); \
  }

sys::Async<void> asks_and_hears(sys::Executor executor) {
  const TemporaryFolder folder;
  Qemu qemu(executor, folder.path());
  std::vector<std::string> events;
  sys::Event resumed(executor);
  Qmp qmp(executor, co_await sys::connect_unix(executor, qemu.monitor_path()),
          [&](const QmpEvent& event) {
            events.push_back(event.name);
            if (event.name == "RESUME") resumed.set();
          });
  const auto greeting = co_await qmp.greet();
  EXPECT_GE(greeting.at("version").at("qemu").at("major").as_int64(), 7);
  const json::value status = co_await qmp.execute("query-status");
  EXPECT_EQ(status.at("status").as_string(), "prelaunch");
  co_await qmp.execute("cont");
  EXPECT_TRUE(co_await resumed.wait_for(sys::Milliseconds(10000)));
  EXPECT_FAILS_WITH("vm.qmp", qmp.execute("no-such-command"));
  EXPECT_FALSE(qmp.closed());
}

TEST(Qmp, AnswersFindTheirCommandAndEventsAreHeard) {
  NEEDS_QEMU();
  on_loop(asks_and_hears);
}

sys::Async<void> hands_a_descriptor(sys::Executor executor) {
  const TemporaryFolder folder;
  Qemu qemu(executor, folder.path(), {"-vnc", "none,password=on"});
  Qmp qmp(executor, co_await sys::connect_unix(executor, qemu.monitor_path()));
  co_await qmp.greet();
  auto ends = sys::socket_pair();
  std::vector<sys::Fd> handed;
  handed.push_back(std::move(ends.second));
  co_await qmp.execute_with("getfd", {{"fdname", "console"}}, std::move(handed));
  co_await qmp.execute("set_password", {{"protocol", "vnc"}, {"password", "secret12"}});
  co_await qmp.execute("add_client", {{"protocol", "vnc"}, {"fdname", "console"}});
  sys::Stream console(executor, std::move(ends.first));
  EXPECT_EQ(co_await console.read(12), "RFB 003.008\n");
}

TEST(Qmp, ADescriptorHandedOverBecomesAConsole) {
  NEEDS_QEMU();
  on_loop(hands_a_descriptor);
}

sys::Async<void> loses_qemu(sys::Executor executor) {
  const TemporaryFolder folder;
  Qemu qemu(executor, folder.path());
  bool ended = false;
  Qmp qmp(executor, co_await sys::connect_unix(executor, qemu.monitor_path()), {},
          [&] { ended = true; });
  co_await qmp.greet();
  qemu.child().signal(9);
  co_await qemu.child().wait();
  EXPECT_FAILS_WITH("vm.qmp-closed", qmp.execute("query-status"));
  EXPECT_TRUE(ended);
  EXPECT_TRUE(qmp.closed());
}

TEST(Qmp, AKilledQemuFailsWhatWaitsAndEndsTheConnection) {
  NEEDS_QEMU();
  on_loop(loses_qemu);
}

sys::Async<void> hears(sys::Executor executor, std::string said) {
  auto ends = sys::socket_pair();
  sys::Stream liar(executor, std::move(ends.second));
  Qmp qmp(executor, std::move(ends.first));
  liar.write("{\"QMP\": {\"version\": {}, \"capabilities\": []}}\n" + said);
  EXPECT_FAILS_WITH("vm.qmp-closed", qmp.greet());
  EXPECT_TRUE(qmp.closed());
}

sys::Async<void> hears_nonsense(sys::Executor executor) {
  co_await hears(executor, "this is no JSON\n");
  co_await hears(executor, "[1, 2]\n");
  co_await hears(executor, "{\"return\": 1}\n");
  co_await hears(executor, std::string(40, '[') + "\n");
}

TEST(Qmp, NonsenseEndsTheConnectionAndNothingElse) {
  on_loop(hears_nonsense);
}

sys::Async<void> waits_for_a_silent_peer(sys::Executor executor) {
  auto ends = sys::socket_pair();
  Qmp qmp(executor, std::move(ends.first));
  EXPECT_FAILS_WITH("vm.qmp-timeout", qmp.greet(sys::Milliseconds(30)));
  EXPECT_FAILS_WITH("vm.qmp-timeout", qmp.execute("query-status", {}, sys::Milliseconds(30)));
}

TEST(Qmp, ASilentMonitorFailsTheCommandAtItsDeadline) {
  on_loop(waits_for_a_silent_peer);
}

// A guest agent of our own on the channel's place: the test decides what the guest says.
class FakeAgent {
 public:
  FakeAgent(sys::Executor executor, const std::string& path, std::string answer)
      : listener_(executor, path, 0600), scope_(executor) {
    scope_.spawn("fake agent", serve(executor, &listener_, std::move(answer)));
  }
  ~FakeAgent() {
    listener_.close();
    scope_.stop();
  }

 private:
  static sys::Async<void> serve(sys::Executor executor, sys::ChannelListener* listener,
                                std::string answer) {
    sys::Fd socket = co_await listener->accept();
    sys::Stream stream(executor, std::move(socket));
    const std::string hello = co_await stream.read();
    const json::value sync = json::parse(hello.substr(1));
    // What a late answer of an earlier command may have left on the channel.
    stream.write("{\"return\": {\"left\": \"over\"}}\n");
    stream.write("\xff{\"return\": " + std::to_string(sync.at("arguments").at("id").as_int64()) +
                 "}\n");
    co_await stream.read();
    stream.write(answer);
    co_await stream.read();
  }
  sys::ChannelListener listener_;
  sys::Scope scope_;
};

sys::Async<void> talks_to_agents(sys::Executor executor) {
  const TemporaryFolder folder;
  const std::string path = folder.path() + "/agent";
  {
    FakeAgent fake(executor, path, "{\"return\": {\"version\": \"8\"}}\n");
    Agent agent(executor, path);
    const json::value info = co_await agent.execute("guest-info");
    EXPECT_EQ(info.at("version").as_string(), "8");
  }
  {
    FakeAgent fake(executor, path, "{\"error\": {\"desc\": \"not allowed\"}}\n");
    Agent agent(executor, path);
    EXPECT_FAILS_WITH("vm.agent", agent.execute("guest-exec"));
  }
  {
    FakeAgent fake(executor, path, "nonsense\n");
    Agent agent(executor, path);
    EXPECT_FAILS_WITH("vm.agent", agent.execute("guest-info"));
  }
  {
    FakeAgent fake(executor, path, "");
    Agent agent(executor, path);
    EXPECT_FAILS_WITH("vm.agent-timeout", agent.execute("guest-info", {}, sys::Milliseconds(50)));
  }
}

TEST(Agent, WhatTheGuestSaysIsBoundedAndNeverTrusted) {
  on_loop(talks_to_agents);
}

sys::Async<void> asks_a_guest_without_agent(sys::Executor executor) {
  const TemporaryFolder folder;
  Qemu qemu(executor, folder.path(),
            {"-device", "virtio-serial", "-device",
             "virtserialport,chardev=qga0,name=org.qemu.guest_agent.0"});
  Agent agent(executor, qemu.agent_path());
  EXPECT_FAILS_WITH("vm.agent-not-running", agent.execute("guest-ping"));
}

TEST(Agent, AGuestWithoutAgentIsToldApart) {
  NEEDS_QEMU();
  on_loop(asks_a_guest_without_agent);
}

}  // namespace
}  // namespace posada::vm
