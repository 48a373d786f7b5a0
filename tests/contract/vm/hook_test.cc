// Hook scripts of machines, with a real script and a real QEMU. What a script may do and say is
// tested with containers.
#include "contract/vm/machine_fixture.h"

namespace posada::vm {
namespace {

using posada::testing::failure_of;
using posada::testing::Node;
using posada::testing::with_node;

const GuestId id{100};

// Writes the phases into a file; fails in the phase `fails`.
void write_script(const Node& node, const std::string& fails) {
  const std::string folder = node.folder + "/vz/snippets";
  sys::make_directories(folder);
  sys::write_file(folder + "/hook.sh",
                  "#!/bin/sh\necho \"$1 $2\" >> " + node.folder + "/phases\n[ \"$2\" != \"" +
                      fails + "\" ]\n",
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
  const std::string refusal =
      co_await failure_of(node.machines.set_config(node.root, id, with_hook("local:iso/x.iso")));
  EXPECT_NE(refusal.find("is no snippet"), std::string::npos) << refusal;
  write_script(node, "post-start");
  co_await node.machines.set_config(node.root, id, with_hook("local:snippets/hook.sh"));
  const std::string started = co_await node.ended(node.machines.power_on(node.root, id, {}));
  EXPECT_EQ(started, "WARNINGS: 1");
  EXPECT_EQ(phases(node), "100 pre-start\n100 post-start\n");
  co_await node.power_off(100);
  EXPECT_EQ(phases(node), "100 pre-stop\n100 post-stop\n");
  write_script(node, "pre-start");
  const std::string refused = co_await node.ended(node.machines.power_on(node.root, id, {}));
  EXPECT_EQ(refused, "hookscript error for 100 on pre-start: it ended with status 1");
  EXPECT_FALSE(node.machines.running(id));
}

TEST(HookScripts, AreRunInEachPhaseOfAMachineToo) {
  NEEDS_QEMU();
  with_node(four_phases);
}

}  // namespace
}  // namespace posada::vm
