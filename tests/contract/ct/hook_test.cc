// Hook scripts of containers, with a real script and a real container.
#include <algorithm>

#include "contract/ct/node_fixture.h"

namespace posada::ct::testing {
namespace {

const guest::Values small = {{"hostname", "demo-ct"}, {"rootfs", "local:0"}, {"memory", "128"}};

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

TEST(HookScripts, AreRunInEachPhaseAndOnlyTheOneBeforeAStartCanRefuseIt) {
  with_node({four_phases});
}

}  // namespace
}  // namespace posada::ct::testing
