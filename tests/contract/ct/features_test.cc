// Copies, templates, sizes, suspending and the guest's own files, on a real host.
#include <filesystem>

#include "contract/ct/node_fixture.h"
#include "storage/volume_id.h"
#include "sys/cgroup_view.h"

namespace posada::ct::testing {
namespace {

sys::Async<std::string> failure_of(sys::Async<void> work) {
  try {
    co_await std::move(work);
  } catch (const Error& error) {
    co_return error.what();
  }
  co_return "";
}

sys::Async<void> own_files(Node& node) {
  guest::Values values = small_with_card;
  values["net0"] = "name=eth0,bridge=vmbr0,ip=10.9.8.7/24,gw=10.9.8.1";
  values["nameserver"] = "10.9.8.53";
  values["searchdomain"] = "example.org";
  co_await node.create(201, values);
  co_await node.power_on(201);
  const std::string name = co_await node.inside(201, {"cat", "/etc/hostname"});
  EXPECT_EQ(name, "demo-ct");
  const std::string hosts = co_await node.inside(201, {"cat", "/etc/hosts"});
  EXPECT_NE(hosts.find("10.9.8.7 demo-ct.example.org demo-ct"), std::string::npos) << hosts;
  const std::string resolvers = co_await node.inside(201, {"cat", "/etc/resolv.conf"});
  EXPECT_NE(resolvers.find("nameserver 10.9.8.53"), std::string::npos) << resolvers;
  const std::string cards = co_await node.inside(201, {"cat", "/etc/network/interfaces"});
  EXPECT_NE(cards.find("iface eth0 inet static\n\taddress 10.9.8.7"), std::string::npos) << cards;
  const std::string owner = co_await node.inside(201, {"stat", "-c", "%u:%g", "/etc/hosts"});
  EXPECT_EQ(owner, "0:0");
}

// A link to the host's file in place of a file that the start writes.
sys::Async<void> hostile_files(Node& node) {
  co_await node.create(202, small_with_card);
  const std::string victim = node.folder + "/victim";
  sys::write_file(victim, "untouched");
  const auto config = guest::parse_config(node.text(202), grammar(), GuestId{202}).config.main;
  const std::string root = node.storages.path(
      storage::parse_volume_id(parse_mount("rootfs", config.get("rootfs")).source()));
  std::filesystem::remove(root + "/etc/hostname");
  std::filesystem::create_symlink(victim, root + "/etc/hostname");
  co_await node.power_on(202);
  EXPECT_EQ(sys::read_file(victim), "untouched");
  const std::string name = co_await node.inside(202, {"cat", "/etc/hostname"});
  EXPECT_EQ(name, "demo-ct");
  co_await node.power_off(202);
  // A folder there ends the start with the file's name, and leaves nothing that runs.
  std::filesystem::remove(root + "/etc/hosts");
  std::filesystem::create_directory(root + "/etc/hosts");
  const std::string refused =
      co_await node.ended(node.containers.power_on(node.root, GuestId{202}, false));
  EXPECT_NE(refused.find("/etc/hosts"), std::string::npos) << refused;
  EXPECT_FALSE(node.containers.running(GuestId{202}));
  EXPECT_FALSE(sys::exists(node.folder + "/run/202"));
}

sys::Async<void> copied(Node& node) {
  guest::Values values = small_with_card;
  values["mp0"] = "local:0.02,mp=/srv";
  co_await node.create(203, values);
  co_await node.power_on(203);
  co_await node.inside(203, {"sh", "-c", "echo kept > /srv/note; ln -s note /srv/link"});
  CloneOptions options;
  options.target = GuestId{204};
  options.name = "copy";
  std::string refused;
  try {
    node.containers.clone(node.root, GuestId{203}, options);
  } catch (const Error& error) {
    refused = error.what();
  }
  EXPECT_EQ(refused, "Cannot do full clones on a running container without snapshots");
  co_await node.power_off(203);
  const std::string made =
      co_await node.ended(node.containers.clone(node.root, GuestId{203}, options));
  EXPECT_EQ(made, "OK");
  const auto source = guest::parse_config(node.text(203), grammar(), GuestId{203}).config.main;
  const auto copy = guest::parse_config(node.text(204), grammar(), GuestId{204}).config.main;
  EXPECT_NE(copy.get("net0"), source.get("net0")) << "the address of a card is of one guest";
  EXPECT_EQ(copy.get("hostname"), "copy");
  co_await node.power_on(204);
  const std::string note = co_await node.inside(204, {"cat", "/srv/link"});
  EXPECT_EQ(note, "kept");
  co_await node.power_off(204);
  co_await node.containers.make_template(node.root, GuestId{204});
  const std::string start =
      co_await node.ended(node.containers.power_on(node.root, GuestId{204}, false));
  EXPECT_EQ(start, "you can't start a CT if it's a template");
  const std::string twice =
      co_await failure_of(node.containers.make_template(node.root, GuestId{204}));
  EXPECT_EQ(twice, "unable to create template, because CT is already a template");
}

sys::Async<std::int64_t> blocks(Node& node) {
  const std::string text = co_await node.inside(205, {"stat", "-f", "-c", "%b", "/srv"});
  co_return to_integer(text).value_or(0);
}

sys::Async<std::string> resized(Node& node, const char* key, const char* size) {
  co_return co_await node.ended(node.containers.resize(node.root, GuestId{205}, key, size, ""));
}

sys::Async<void> grown(Node& node) {
  guest::Values values = small_with_card;
  values["mp0"] = "local:0.02,mp=/srv";
  co_await node.create(205, values);
  co_await node.power_on(205);
  const std::int64_t before = co_await blocks(node);
  co_await node.power_off(205);
  std::string status = co_await resized(node, "mp0", "+20M");
  EXPECT_EQ(status, "OK");
  co_await node.power_on(205);
  const std::int64_t after = co_await blocks(node);
  EXPECT_GT(after, before);
  const auto config = guest::parse_config(node.text(205), grammar(), GuestId{205}).config.main;
  EXPECT_TRUE(config.get("mp0").ends_with("size=41452K")) << config.get("mp0");
  status = co_await resized(node, "mp0", "1M");
  EXPECT_NE(status.find("unable to shrink disk size"), std::string::npos) << status;
  status = co_await resized(node, "rootfs", "8G");
  EXPECT_NE(status.find("a folder without a size"), std::string::npos) << status;
}

sys::Async<void> grown_while_running(Node& node) {
  guest::Values values = small_with_card;
  values["mp0"] = "local:0.02,mp=/srv";
  co_await node.create(205, values);
  co_await node.power_on(205);
  const std::int64_t before = co_await blocks(node);
  const std::string status = co_await resized(node, "mp0", "+20M");
  EXPECT_EQ(status, "OK");
  const std::int64_t after = co_await blocks(node);
  EXPECT_GT(after, before);
}

// Bit 24 of the effective capabilities.
bool may_grow_mounted_file_systems() {
  const std::string status = sys::read_file("/proc/self/status");
  const std::size_t at = status.find("CapEff:\t");
  return (std::strtoull(status.c_str() + at + 8, nullptr, 16) >> 24 & 1) == 1;
}

sys::Async<void> suspended(Node& node) {
  co_await node.create(206, small_with_card);
  co_await node.power_on(206);
  const std::string group = "posada/" + node.instance + "/ct-206/guest";
  std::string status = co_await node.ended(node.containers.suspend(node.root, GuestId{206}));
  EXPECT_EQ(status, "OK");
  EXPECT_TRUE(sys::CgroupView().frozen(group));
  status = co_await node.ended(node.containers.resume(node.root, GuestId{206}));
  EXPECT_EQ(status, "OK");
  EXPECT_FALSE(sys::CgroupView().frozen(group));
  const std::string alive = co_await node.inside(206, {"echo", "alive"});
  EXPECT_EQ(alive, "alive");
  // What is frozen hears no signal: shutting down lets it go on first, stopping too.
  co_await node.ended(node.containers.suspend(node.root, GuestId{206}));
  status = co_await node.ended(node.containers.shut_down(node.root, GuestId{206}, {}));
  EXPECT_EQ(status, "OK");
  co_await node.power_on(206);
  co_await node.ended(node.containers.suspend(node.root, GuestId{206}));
  co_await node.power_off(206);
  EXPECT_TRUE(sys::CgroupView().processes("posada/" + node.instance + "/ct-206").empty());
}

// Somebody else ends process 1.
sys::Async<void> killed(Node& node) {
  co_await node.create(207, small_with_card);
  co_await node.power_on(207);
  const json::object status = co_await node.containers.status(GuestId{207});
  const int init = static_cast<int>(integer_member(status, "pid").value_or(0));
  const auto process = sys::adopt(node.executor, init, sys::start_ticks(init));
  EXPECT_TRUE(process.has_value());
  if (process) process->signal(9);
  for (int look = 0; look < 1000 && node.containers.running(GuestId{207}); ++look)
    co_await node.clock.sleep(sys::Milliseconds(20));
  EXPECT_FALSE(node.containers.running(GuestId{207}));
  EXPECT_FALSE(sys::exists(node.folder + "/run/207"));
  EXPECT_TRUE(sys::CgroupView().processes("posada/" + node.instance + "/ct-207").empty());
  co_await node.power_on(207);
}

sys::Async<void> two_at_once(Node& node) {
  co_await node.create(208, small_with_card);
  const task::Upid one = node.containers.power_on(node.root, GuestId{208}, false);
  const task::Upid two = node.containers.power_on(node.root, GuestId{208}, false);
  const std::string first = co_await node.ended(one);
  const std::string second = co_await node.ended(two);
  EXPECT_EQ(first, "OK");
  EXPECT_EQ(second, "CT 208 already running");
  // What is suspended can be stopped.
  co_await node.ended(node.containers.suspend(node.root, GuestId{208}));
  const task::Upid stop = node.containers.power_off(node.root, GuestId{208}, {});
  const std::string stopped = co_await node.ended(stop);
  EXPECT_EQ(stopped, "OK");
}

sys::Async<void> shell(std::string script) {
  sys::Command command;
  command.arguments = {"sh", "-ec", std::move(script)};
  co_await sys::run_checked(std::move(command));
}

// Creates from an archive that is not to be trusted; the task's end.
sys::Async<std::string> create_from(Node& node, const char* archive, const char* root) {
  Creation creation;
  creation.id = GuestId{209};
  creation.values = small_with_card;
  creation.values["rootfs"] = root;
  creation.os_template = std::string("local:vztmpl/") + archive;
  const std::string status =
      co_await node.ended(node.containers.create(node.root, std::move(creation)));
  EXPECT_FALSE(node.registry.find(GuestId{209}).has_value() && status != "OK");
  co_return status;
}

sys::Async<void> no_volume_is_left(Node& node) {
  const auto left = co_await node.storages.volumes_of(GuestId{209});
  EXPECT_TRUE(left.empty());
  const std::string images = node.folder + "/vz/images/209";
  EXPECT_TRUE(!std::filesystem::exists(images) || std::filesystem::is_empty(images));
}

sys::Async<void> hostile_templates(Node& node) {
  const std::string cache = node.folder + "/vz/template/cache/", work = node.folder + "/work";
  co_await shell("mkdir -p " + work + "/a " + work + "/b/evil " + node.folder + "/outside; cd " +
                 work + "; ln -s " + node.folder + "/outside a/evil; echo x > b/evil/file; " +
                 "tar cf " + cache + "link.tar -C a evil; tar rf " + cache +
                 "link.tar -C b evil/file; gzip " + cache + "link.tar; tar czPf " + cache +
                 "absolute.tar.gz " + work + "/b/evil/file; echo no archive > " + cache +
                 "text.tar.gz; head -c 2000 " + cache + "demo-ct.tar.zst > " + cache +
                 "cut.tar.zst");
  for (const char* archive : {"link.tar.gz", "absolute.tar.gz", "text.tar.gz", "cut.tar.zst"}) {
    SCOPED_TRACE(archive);
    const std::string status = co_await create_from(node, archive, "local:0");
    EXPECT_NE(status, "OK");
    EXPECT_NE(status.find("unpack"), std::string::npos) << status;
    co_await no_volume_is_left(node);
  }
  EXPECT_TRUE(std::filesystem::is_empty(node.folder + "/outside"));
  // The template does not fit: what was made goes again.
  const std::string full = co_await create_from(node, "demo-ct.tar.zst", "local:0.001");
  EXPECT_NE(full.find("No space left"), std::string::npos) << full;
  co_await no_volume_is_left(node);
}

TEST(Containers, FromArchivesThatAreDamagedHostileOrTooLargeLeaveNothing) {
  with_node({hostile_templates});
}

TEST(Containers, FindTheirNameAddressesAndResolversInTheirOwnFiles) {
  with_node({own_files});
}

TEST(Containers, CannotMakeTheirStartWriteToTheHost) {
  with_node({hostile_files});
}

TEST(Containers, AreCopiedWithTheirVolumesWhileTheyAreOffAndBecomeTemplates) {
  with_node({copied});
}

TEST(Containers, GetLargerVolumesWhileTheyAreOff) {
  with_node({grown});
}

TEST(Containers, GetLargerVolumesWhileTheyRun) {
  if (!may_grow_mounted_file_systems()) GTEST_SKIP() << "needs CAP_SYS_RESOURCE";
  with_node({grown_while_running});
}

TEST(Containers, AreSuspendedAndCanStillBeEnded) {
  with_node({suspended});
}

TEST(Containers, WhoseProcess1IsKilledAreStoppedAndLeaveNothing) {
  with_node({killed});
}

TEST(Containers, AreStartedOnceByTwoRequestsAtOnce) {
  with_node({two_at_once});
}

}  // namespace
}  // namespace posada::ct::testing
