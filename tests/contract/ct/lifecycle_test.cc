// The life of a container on a real host: made from a template, started, looked at, changed,
// found again by another daemon, stopped, removed.
#include "contract/ct/node_fixture.h"
#include "sys/stream.h"

namespace posada::ct::testing {
namespace {

constexpr GuestId guest_id{201};

sys::Async<void> made_and_started(Node& node) {
  co_await node.create(201, small_with_card);
  co_await node.power_on(201);
  const json::object status = co_await node.containers.status(guest_id);
  EXPECT_EQ(text_member(status, "status"), "running");
  EXPECT_GT(integer_member(status, "pid").value_or(0), 1);
  EXPECT_GT(integer_member(status, "mem").value_or(0), 0);
  EXPECT_EQ(integer_member(status, "maxmem"), 128 * 1024 * 1024);
  const std::string name = co_await node.inside(201, {"hostname"});
  EXPECT_EQ(name, "demo-ct");
  const std::string map = co_await node.inside(201, {"cat", "/proc/self/uid_map"});
  EXPECT_NE(map.find("1300000"), std::string::npos) << map;
  const std::string card = co_await node.inside(201, {"cat", "/sys/class/net/eth0/address"});
  EXPECT_TRUE(card.starts_with("bc:24:11:")) << card;
  const std::string again =
      co_await node.ended(node.containers.power_on(node.root, guest_id, false));
  EXPECT_EQ(again, "CT 201 already running");
}

sys::Async<void> found_again(Node& node) {
  EXPECT_TRUE(node.containers.running(guest_id));
  const std::string name = co_await node.inside(201, {"hostname"});
  EXPECT_EQ(name, "demo-ct");
  const task::Upid down = node.containers.shut_down(node.root, guest_id, {});
  const std::string status = co_await node.ended(down);
  EXPECT_EQ(status, "OK");
  EXPECT_FALSE(node.containers.running(guest_id));
  EXPECT_FALSE(sys::exists("/sys/fs/cgroup/memory/posada/" + node.instance + "/ct-201"));
  const task::Upid gone = node.containers.destroy(node.root, guest_id, {});
  const std::string removed = co_await node.ended(gone);
  EXPECT_EQ(removed, "OK");
  EXPECT_FALSE(node.registry.find(guest_id).has_value());
  const auto left = co_await node.storages.volumes_of(guest_id);
  EXPECT_TRUE(left.empty());
}

sys::Async<void> with_a_size(Node& node) {
  guest::Values values = small_with_card;
  values["rootfs"] = "local:0.1";
  co_await node.create(202, values);
  co_await node.power_on(202);
  const std::string root = co_await node.inside(202, {"df", "-T", "/"});
  EXPECT_NE(root.find("ext4"), std::string::npos) << root;
  const std::string written = co_await node.inside(202, {"sh", "-c", "echo kept > /root/note"});
  EXPECT_EQ(written, "");
  const task::Upid again =
      node.containers.reboot(node.root, GuestId{202}, std::chrono::seconds(30));
  const std::string status = co_await node.ended(again);
  EXPECT_EQ(status, "OK");
  const std::string note = co_await node.inside(202, {"cat", "/root/note"});
  EXPECT_EQ(note, "kept");
  const task::Upid off = node.containers.power_off(node.root, GuestId{202}, {});
  const std::string stopped = co_await node.ended(off);
  EXPECT_EQ(stopped, "OK");
  // An immediate start after a stop must find nothing in its way.
  co_await node.power_on(202);
}

sys::Async<void> typed_into(Node& node) {
  co_await node.create(203, small_with_card);
  co_await node.power_on(203);
  sys::Fd terminal = co_await node.containers.console(GuestId{203});
  sys::Stream stream(node.executor, std::move(terminal));
  stream.write("\n");
  std::string seen;
  while (seen.find("login:") == std::string::npos && !stream.closed())
    seen += co_await stream.read();
  EXPECT_NE(seen.find("login:"), std::string::npos) << seen;
  stream.close();
  // The next viewer gets the same terminal.
  const sys::Fd second = co_await node.containers.console(GuestId{203});
  EXPECT_TRUE(static_cast<bool>(second));
}

sys::Async<void> changed(Node& node) {
  co_await node.create(204, small_with_card);
  co_await node.power_on(204);
  ConfigChange change;
  change.set = {{"memory", "96"}, {"hostname", "later"}};
  co_await node.containers.set_config(node.root, GuestId{204}, change);
  const json::object now = node.containers.config(GuestId{204}, true);
  EXPECT_EQ(integer_member(now, "memory"), 96);
  EXPECT_EQ(text_member(now, "hostname"), "demo-ct") << "waits for the next start";
  const json::object later = node.containers.config(GuestId{204}, false);
  EXPECT_EQ(text_member(later, "hostname"), "later");
  change.set = {{"unprivileged", "0"}};
  std::string refused;
  try {
    co_await node.containers.set_config(node.root, GuestId{204}, change);
  } catch (const Error& error) {
    refused = error.parameters().contains("unprivileged") ? "by name" : error.what();
  }
  EXPECT_EQ(refused, "by name");
}

TEST(Containers, LiveFromTheirTemplateToTheirRemovalAcrossTwoDaemons) {
  with_node({made_and_started, found_again});
}

TEST(Containers, WithASizeHaveAFileSystemOfTheirOwnThatSurvivesAReboot) {
  with_node({with_a_size});
}

TEST(Containers, ShowATerminalThatTheNextViewerTakesOver) {
  with_node({typed_into});
}

TEST(Containers, TakeLimitsAtOnceAndOtherChangesAtTheNextStart) {
  with_node({changed});
}

}  // namespace
}  // namespace posada::ct::testing
