// Hook scripts of containers, with a real script and a real container.
#include <algorithm>

#include "contract/ct/node_fixture.h"

namespace posada::ct::testing {
namespace {

// Writes the phases into a file; fails where `fails` says.
sys::Async<void> write_script(Node& node, const std::string& fails) {
  const std::string folder = node.folder + "/vz/snippets";
  sys::make_directories(folder);
  sys::write_file(folder + "/hook.sh",
                  "#!/bin/sh\necho \"$1 $2\" >> " + node.folder + "/phases\n" +
                      "echo \"seen $2\"\n[ \"$2\" != \"" + fails + "\" ]\n",
                  0755);
  co_return;
}

std::string phases(Node& node) {
  const std::string text = sys::read_file_if_exists(node.folder + "/phases").value_or("");
  sys::remove_file(node.folder + "/phases");
  return text;
}

sys::Async<std::string> refusal(Node& node, const std::string& value) {
  ConfigChange change;
  change.set["hookscript"] = value;
  try {
    co_await node.containers.set_config(node.root, GuestId{220}, change);
  } catch (const Error& error) {
    co_return error.parameters().contains("hookscript") ? error.parameters().at("hookscript")
                                                        : error.wire();
  }
  co_return "";
}

sys::Async<void> four_phases(Node& node) {
  co_await node.create(220, small);
  const std::string no_snippet = co_await refusal(node, "local:iso/x.iso");
  EXPECT_NE(no_snippet.find("is no snippet"), std::string::npos) << no_snippet;
  const std::string absent = co_await refusal(node, "local:snippets/hook.sh");
  EXPECT_NE(absent, "");
  co_await write_script(node, "post-start");
  const std::string accepted = co_await refusal(node, "local:snippets/hook.sh");
  EXPECT_EQ(accepted, "");
  const task::Upid start = node.containers.power_on(node.root, GuestId{220}, false);
  const std::string started = co_await node.ended(start);
  EXPECT_EQ(started, "WARNINGS: 1") << "only the phase before a start can refuse it";
  EXPECT_EQ(phases(node), "220 pre-start\n220 post-start\n");
  const task::LogPage log = co_await node.tasks.log(start.text(), 0, 0);
  EXPECT_TRUE(std::ranges::find(log.lines, "seen pre-start") != log.lines.end());
  co_await node.power_off(220);
  EXPECT_EQ(phases(node), "220 pre-stop\n220 post-stop\n");
  // It ends by itself: nobody has asked.
  co_await node.ended(node.containers.power_on(node.root, GuestId{220}, false));
  phases(node);
  co_await node.inside(220, {"sh", "-c", "kill -USR2 1"});
  for (int look = 0; look < 1000 && node.containers.running(GuestId{220}); ++look)
    co_await node.clock.sleep(sys::Milliseconds(20));
  EXPECT_EQ(phases(node), "220 post-stop\n");
  co_await write_script(node, "pre-start");
  const std::string refused =
      co_await node.ended(node.containers.power_on(node.root, GuestId{220}, false));
  EXPECT_EQ(refused, "hookscript error for 220 on pre-start: it ended with status 1");
  EXPECT_FALSE(node.containers.running(GuestId{220}));
}

// A script with a child, both of which hang in the phase; the task is stopped then.
sys::Async<std::string> stopped(Node& node, const std::string& phase, bool starts) {
  const std::string file = node.folder + "/hangs";
  sys::write_file(node.folder + "/vz/snippets/hook.sh",
                  "#!/bin/sh\n[ \"$2\" = \"" + phase + "\" ] || exit 0\nsleep 1000 &\n" +
                      "echo $! > " + file + ".new\nmv " + file + ".new " + file + "\nwait\n",
                  0755);
  const task::Upid upid = starts ? node.containers.power_on(node.root, GuestId{220}, false)
                                 : node.containers.power_off(node.root, GuestId{220}, {});
  for (int look = 0; look < 3000 && !sys::exists(file); ++look)
    co_await node.clock.sleep(sys::Milliseconds(20));
  const auto child = to_integer(trim(sys::read_file_if_exists(file).value_or("")));
  sys::remove_file(file);
  node.tasks.stop(upid.text(), "root@pam");
  const std::string status = co_await node.ended(upid);
  for (int look = 0; look < 1000 && sys::start_ticks(static_cast<int>(child.value_or(0))); ++look)
    co_await node.clock.sleep(sys::Milliseconds(20));
  EXPECT_TRUE(child.has_value()) << phase;
  EXPECT_EQ(sys::start_ticks(static_cast<int>(child.value_or(0))), 0U) << phase;
  co_return status;
}

sys::Async<void> hanging(Node& node) {
  const std::string interrupted = "interrupted by root@pam";
  const std::string refused = co_await stopped(node, "pre-start", true);
  EXPECT_EQ(refused, interrupted);
  EXPECT_FALSE(node.containers.running(GuestId{220}));
  const std::string taken_back = co_await stopped(node, "post-start", true);
  EXPECT_EQ(taken_back, interrupted);
  EXPECT_FALSE(node.containers.running(GuestId{220}));
  co_await write_script(node, "none");
  co_await node.power_on(220);
  const std::string goes_on = co_await stopped(node, "pre-stop", false);
  EXPECT_EQ(goes_on, interrupted);
  EXPECT_TRUE(node.containers.running(GuestId{220}));
  const std::string ended = co_await stopped(node, "post-stop", false);
  EXPECT_EQ(ended, interrupted);
  EXPECT_FALSE(node.containers.running(GuestId{220}));
}

TEST(HookScripts, AreRunInEachPhaseAndEndWithTheTaskThatIsStopped) {
  with_node({four_phases, hanging});
}

}  // namespace
}  // namespace posada::ct::testing
