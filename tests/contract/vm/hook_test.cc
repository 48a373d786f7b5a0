// Hook scripts of machines, with a real script and a real QEMU. What a script may do and say is
// tested with containers.
#include "base/text.h"
#include "contract/vm/machine_fixture.h"

namespace posada::vm {
namespace {

using posada::testing::failure_of;
using posada::testing::guest_id;
using posada::testing::Node;
using posada::testing::with_node;

// Writes the phases into a file; fails in the phase `fails`.
void write_script(const Node& node, const std::string& fails) {
  const std::string folder = node.folder + "/vz/snippets";
  sys::make_directories(folder);
  sys::write_file(
      folder + "/hook.sh",
      "#!/bin/sh\necho \"$1 $2\" >> " + node.folder + "/phases\n[ \"$2\" != \"" + fails + "\" ]\n",
      0755);
}

std::string phases(const Node& node) {
  const std::string text = sys::read_file_if_exists(node.folder + "/phases").value_or("");
  sys::remove_file(node.folder + "/phases");
  return text;
}

ConfigChange with_hook(const std::string& value) {
  ConfigChange change;
  change.set["hookscript"] = value;
  return change;
}

sys::Async<void> four_phases(Node& node) {
  co_await node.create(100, {{"memory", "32"}, {"ostype", "l26"}});
  const std::string refusal = co_await failure_of(
      node.machines.set_config(node.root, guest_id, with_hook("local:iso/x.iso")));
  EXPECT_NE(refusal.find("is no snippet"), std::string::npos) << refusal;
  write_script(node, "post-start");
  co_await node.machines.set_config(node.root, guest_id, with_hook("local:snippets/hook.sh"));
  const std::string started = co_await node.ended(node.machines.power_on(node.root, guest_id, {}));
  EXPECT_EQ(started, "WARNINGS: 1");
  EXPECT_EQ(phases(node), "100 pre-start\n100 post-start\n");
  co_await node.power_off(100);
  EXPECT_EQ(phases(node), "100 pre-stop\n100 post-stop\n");
  write_script(node, "pre-start");
  const std::string refused = co_await node.ended(node.machines.power_on(node.root, guest_id, {}));
  EXPECT_EQ(refused, "hookscript error for 100 on pre-start: it ended with status 1");
  EXPECT_FALSE(node.machines.running(guest_id));
}

// Hangs in the phase `hangs`, with a child of its own, and says so with a file.
void write_hanging_script(const Node& node, const std::string& hangs) {
  const std::string folder = node.folder + "/vz/snippets";
  sys::make_directories(folder);
  sys::write_file(folder + "/hook.sh",
                  "#!/bin/sh\n[ \"$2\" = \"" + hangs + "\" ] || exit 0\nsleep 1000 &\n" +
                      "echo $$ $! > " + node.folder + "/hangs.new\nmv " + node.folder +
                      "/hangs.new " + node.folder + "/hangs\nwait\n",
                  0755);
}

// Stops the task when its script hangs; how the task ends, once script and child have.
sys::Async<std::string> stopped(Node& node, task::Upid upid) {
  const std::string file = node.folder + "/hangs";
  const bool hangs = co_await node.until([&] { return sys::exists(file); });
  EXPECT_TRUE(hangs);
  const auto pids = split_list(sys::read_file_if_exists(file).value_or(""), " \n");
  EXPECT_EQ(pids.size(), 2U);
  sys::remove_file(file);
  node.tasks.stop(upid.text(), "root@pam");
  const std::string status = co_await node.ended(upid);
  for (const std::string& pid : pids) {
    const bool gone = co_await node.until(
        [&] { return sys::start_ticks(static_cast<int>(to_integer(pid).value_or(0))) == 0; });
    EXPECT_TRUE(gone) << pid;
  }
  co_return status;
}

sys::Async<void> hanging(Node& node) {
  co_await node.create(100, {{"memory", "32"}, {"ostype", "l26"}});
  write_hanging_script(node, "pre-start");
  co_await node.machines.set_config(node.root, guest_id, with_hook("local:snippets/hook.sh"));
  for (const std::string phase : {"pre-start", "post-start"}) {
    write_hanging_script(node, phase);
    const std::string start =
        co_await stopped(node, node.machines.power_on(node.root, guest_id, {}));
    EXPECT_EQ(start, "interrupted by root@pam") << phase;
    EXPECT_FALSE(node.machines.running(guest_id)) << phase;
    EXPECT_FALSE(sys::exists(node.folder + "/run/100")) << phase;
  }
  write_hanging_script(node, "pre-stop");
  co_await node.power_on(100);
  const std::string stop = co_await stopped(node, node.machines.power_off(node.root, guest_id, {}));
  EXPECT_EQ(stop, "interrupted by root@pam");
  EXPECT_TRUE(node.machines.running(guest_id)) << "what had not begun is not done";
  write_hanging_script(node, "post-stop");
  const std::string after =
      co_await stopped(node, node.machines.power_off(node.root, guest_id, {}));
  EXPECT_EQ(after, "interrupted by root@pam");
  EXPECT_FALSE(node.machines.running(guest_id));
}

TEST(HookScripts, ThatHangsEndsWithItsTaskAndTheStartIsTakenBack) {
  NEEDS_QEMU();
  with_node(hanging);
}

TEST(HookScripts, AreRunInEachPhaseOfAMachineToo) {
  NEEDS_QEMU();
  with_node(four_phases);
}

}  // namespace
}  // namespace posada::vm
