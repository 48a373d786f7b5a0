// Volumes of containers that wait, are taken back, or move to another storage, on a real host.
#include <filesystem>

#include "contract/ct/node_fixture.h"
#include "storage/volume_id.h"

namespace posada::ct::testing {
namespace {

guest::GuestConfig config_of(const Node& node, std::uint32_t id) {
  return guest::parse_config(node.text(id), grammar(), GuestId{id}).config;
}

std::string source_of(const Node& node, std::uint32_t id, const std::string& key) {
  return std::string(parse_mount(key, config_of(node, id).main.get(key)).source());
}

bool has_file(Node& node, const std::string& volume) {
  return sys::exists(node.storages.path(storage::parse_volume_id(volume)));
}

sys::Async<void> change(Node& node, std::uint32_t id, ConfigChange change) {
  co_await node.containers.set_config(node.root, GuestId{id}, std::move(change));
}

sys::Async<void> taken_back(Node& node) {
  co_await node.create(210, small);
  co_await node.power_on(210);
  ConfigChange add;
  add.set["mp0"] = "local:0.02,mp=/srv";
  co_await change(node, 210, add);
  EXPECT_FALSE(config_of(node, 210).main.has("mp0"));
  const std::string first(parse_mount("mp0", config_of(node, 210).pending.get("mp0")).source());
  // Another one in its place, then none.
  co_await change(node, 210, add);
  const std::string second(parse_mount("mp0", config_of(node, 210).pending.get("mp0")).source());
  EXPECT_NE(first, second);
  EXPECT_EQ(config_of(node, 210).main.get("unused0"), first);
  ConfigChange back;
  back.revert = {"mp0"};
  co_await change(node, 210, back);
  EXPECT_FALSE(config_of(node, 210).pending.has("mp0"));
  EXPECT_EQ(config_of(node, 210).main.get("unused1"), second);
  EXPECT_TRUE(has_file(node, first) && has_file(node, second));
  // A change of options alone leaves the volume where it is.
  add.set["mp0"] = second + ",mp=/srv";
  co_await change(node, 210, add);
  add.set["mp0"] = second + ",mp=/data";
  co_await change(node, 210, add);
  co_await node.power_off(210);
  EXPECT_EQ(source_of(node, 210, "mp0"), second);
  co_await node.power_on(210);
  add.set["mp0"] = second + ",mp=/elsewhere";
  co_await change(node, 210, add);
  co_await change(node, 210, back);
  EXPECT_EQ(source_of(node, 210, "mp0"), second);
  EXPECT_FALSE(config_of(node, 210).main.has("unused2"));
}

sys::Async<std::string> moved(Node& node, std::uint32_t id, const std::string& key,
                              const std::string& storage, bool remove_source) {
  VolumeMove move;
  move.key = key;
  move.storage = storage;
  move.remove_source = remove_source;
  co_return co_await node.ended(node.containers.move_volume(node.root, GuestId{id}, move));
}

sys::Async<void> moved_to_another_storage(Node& node) {
  co_await node.storages.create(
      {"second", "dir", {{"path", node.folder + "/second"}, {"content", "rootdir"}}});
  guest::Values values = small;
  values["mp0"] = "local:0.02,mp=/srv";
  co_await node.create(211, values);
  co_await node.power_on(211);
  co_await node.inside(211, {"sh", "-c", "echo root > /root/note; echo data > /srv/note"});
  const std::string running = co_await moved(node, 211, "mp0", "second", true);
  EXPECT_EQ(running, "cannot move volumes of a running container");
  co_await node.power_off(211);
  const std::string old_root = source_of(node, 211, "rootfs");
  const std::string old_data = source_of(node, 211, "mp0");
  std::string status = co_await moved(node, 211, "mp0", "second", true);
  EXPECT_EQ(status, "OK");
  status = co_await moved(node, 211, "rootfs", "second", false);
  EXPECT_EQ(status, "OK");
  const guest::ConfigSection config = config_of(node, 211).main;
  EXPECT_TRUE(source_of(node, 211, "mp0").starts_with("second:211/")) << config.get("mp0");
  EXPECT_TRUE(source_of(node, 211, "rootfs").starts_with("second:211/")) << config.get("rootfs");
  EXPECT_TRUE(config.get("mp0").find("mp=/srv") != std::string::npos) << config.get("mp0");
  EXPECT_FALSE(has_file(node, old_data));
  EXPECT_EQ(config.get("unused0"), old_root);
  EXPECT_FALSE(config.has("unused1"));
  EXPECT_TRUE(has_file(node, old_root));
  co_await node.power_on(211);
  const std::string notes = co_await node.inside(211, {"cat", "/root/note", "/srv/note"});
  EXPECT_EQ(notes, "root\ndata");
}

TEST(Containers, KeepAVolumeWhoseMountPointIsTakenBackAsUnused) {
  with_node({taken_back});
}

TEST(Containers, MoveTheirVolumesToAnotherStorageWithAllThatIsInThem) {
  with_node({moved_to_another_storage});
}

}  // namespace
}  // namespace posada::ct::testing
