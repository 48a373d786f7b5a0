// The daemon killed between any two steps of creating, starting, changing, copying and removing a
// container: the next daemon finishes or undoes, and nothing is left that nobody owns. A child
// process runs the steps with one failpoint armed; this process is the next daemon.
#include <filesystem>
#include <set>

#include "base/failpoint.h"
#include "contract/ct/node_fixture.h"
#include "guest/properties.h"
#include "storage/volume_id.h"

namespace posada::ct::testing {
namespace {

constexpr GuestId first{201}, second{202};

std::string folder_of_child() {
  const char* folder = std::getenv("POSADA_TEST_FOLDER");
  return folder == nullptr ? "" : folder;
}

sys::Async<void> expect_ok(Node& node, task::Upid upid) {
  const std::string status = co_await node.ended(std::move(upid));
  EXPECT_EQ(status, "OK");
}

sys::Async<void> whole_life(Node& node) {
  co_await node.create(201, {{"hostname", "demo-ct"},
                             {"rootfs", "local:0"},
                             {"mp0", "local:0.02,mp=/srv"},
                             {"memory", "128"},
                             {"net0", "name=eth0,bridge=vmbr0,ip=10.9.8.7/24"}});
  co_await node.power_on(201);
  ConfigChange change;
  change.set = {{"memory", "96"}, {"hostname", "later"}, {"mp1", "local:0,mp=/opt"}};
  co_await node.containers.set_config(node.root, first, change);
  co_await node.power_off(201);
  co_await expect_ok(node, node.containers.resize(node.root, first, "mp0", "+16M", ""));
  CloneOptions options;
  options.target = second;
  co_await expect_ok(node, node.containers.clone(node.root, first, options));
  co_await node.containers.make_template(node.root, second);
  co_await node.power_on(201);  // what waited takes effect
  co_await node.power_off(201);
  co_await expect_ok(node, node.containers.destroy(node.root, second, {}));
  co_await expect_ok(node, node.containers.destroy(node.root, first, {}));
  std::string seen;
  for (const std::string& name : failpoints_seen()) seen += name + "\n";
  sys::write_file(folder_of_child() + "/seen", seen);
}

// Runs only as the child of the test below.
TEST(DISABLED_Crash, WholeLife) {
  const Place place(folder_of_child());
  sys::Loop loop;
  Node node(place, loop.executor());
  loop.run(run_on(node, whole_life, true, false));
}

sys::Async<void> run_child(sys::Executor executor, std::string folder, std::string failpoints) {
  sys::Command command;
  command.arguments = {sys::own_program_folder() + "/contract_ct",
                       "--gtest_filter=DISABLED_Crash.WholeLife",
                       "--gtest_also_run_disabled_tests"};
  command.environment = {{"POSADA_FAILPOINTS", failpoints}, {"POSADA_TEST_FOLDER", folder}};
  if (const char* cache = std::getenv("POSADA_IMAGE_CACHE"))
    command.environment["POSADA_IMAGE_CACHE"] = cache;
  command.no_new_privileges = false;
  auto child = sys::spawn(executor, command);
  co_await child.wait();
}

void life_with(const std::string& folder, const std::string& failpoints) {
  sys::Loop loop;
  loop.run(run_child(loop.executor(), folder, failpoints));
}

// The config says the size that each volume has, and so does the file system in it.
sys::Async<void> check_sizes(Node& node, GuestId id) {
  if (!node.registry.find(id)) co_return;
  const auto config = guest::parse_config(node.text(id.number), grammar(), id).config;
  for (const MountPoint& mount : mounts(config.main)) {
    const auto volume = storage::parse_volume_id(mount.source());
    if (storage::parse_volume_name(volume.name).format == "subvol") continue;
    const auto info = co_await node.storages.info(volume);
    EXPECT_EQ(mount.options.at("size"), guest::print_size(info.bytes)) << mount.key;
    if (node.containers.running(id)) continue;
    sys::Command look;
    look.arguments = {"dumpe2fs", "-h", node.storages.path(volume)};
    const auto told = co_await sys::run_checked(std::move(look));
    const std::string blocks = "Block count:";
    const auto at = told.output.find(blocks);
    const auto line = told.output.substr(at, told.output.find('\n', at) - at);
    const auto count = to_integer(trim(line.substr(blocks.size()))).value_or(0);
    const auto unit = told.output.find("Block size:");
    const auto size = to_integer(trim(told.output.substr(
        unit + blocks.size(), told.output.find('\n', unit) - unit - blocks.size())));
    // A last group that would be too small for its own tables is left out.
    EXPECT_NEAR(static_cast<double>(count * size.value_or(0)), static_cast<double>(info.bytes), 4e6)
        << mount.key;
  }
}

// What lies in the storage, against what the config names.
sys::Async<void> check_volumes(Node& node, GuestId id) {
  std::set<std::string> named, found;
  if (node.registry.find(id)) {
    const auto config = guest::parse_config(node.text(id.number), grammar(), id).config;
    for (const std::string& volume : guest::named_volumes(config, grammar())) named.insert(volume);
  }
  const std::string images = node.folder + "/vz/images/" + id.text();
  if (std::filesystem::exists(images)) {
    for (const auto& entry : std::filesystem::directory_iterator(images))
      found.insert("local:" + id.text() + "/" + entry.path().filename().string());
  }
  EXPECT_EQ(found, named);
  co_await check_sizes(node, id);
  for (const auto& volume : co_await node.storages.volumes_of(id))
    EXPECT_TRUE(named.contains(volume.id.text())) << volume.id.text();
}

sys::Async<void> check_guest(Node& node, GuestId id) {
  const std::string run = node.folder + "/run/" + id.text();
  const std::string group = "posada/" + node.instance + "/ct-" + id.text();
  for (int look = 0; look < 500 && sys::exists(run) && !node.containers.running(id); ++look)
    co_await node.clock.sleep(sys::Milliseconds(20));  // what is left is being released
  co_await check_volumes(node, id);
  const bool running = node.containers.running(id);
  EXPECT_EQ(sys::exists(run), running);
  EXPECT_EQ(sys::CgroupView().processes(group).empty(), !running);
  if (running) co_await node.power_off(id.number);
  EXPECT_TRUE(sys::CgroupView().remove(group));
  if (!node.registry.find(id)) co_return;
  const auto config = guest::parse_config(node.text(id.number), grammar(), id).config;
  if (!flag(config.main, "template", false)) {
    co_await node.power_on(id.number);  // what is there works
    co_await node.power_off(id.number);
  }
  co_await expect_ok(node, node.containers.destroy(node.root, id, {}));
}

sys::Async<void> nothing_is_left(Node& node) {
  co_await node.storages.sweep([](const std::string&) { return false; });
  co_await check_guest(node, second);
  co_await check_guest(node, first);
}

void next_daemon(const Place& place) {
  sys::Loop loop;
  Node node(place, loop.executor());
  loop.run(run_on(node, nothing_is_left, false, true));
}

TEST(Crash, AtEveryFailpointTheNextDaemonFindsNothingHalfMade) {
  NEEDS_CONTAINERS();
  std::vector<std::string> names;
  {
    const Place place;
    life_with(place.path, "none=error");
    for (const std::string& name :
         split_list(sys::read_file_if_exists(place.path + "/seen").value_or(""), "\n")) {
      if (name.starts_with("ct.")) names.push_back(name);
    }
    next_daemon(place);
  }
  ASSERT_GE(names.size(), 18U);
  for (const std::string& name : names) {
    SCOPED_TRACE(name);
    const Place place;
    life_with(place.path, name + "=kill");
    EXPECT_FALSE(sys::exists(place.path + "/seen")) << "the failpoint did not fire";
    next_daemon(place);
  }
  std::cout << names.size() << " failpoints, each with a kill\n";
}

}  // namespace
}  // namespace posada::ct::testing
