// Storages that stop answering: a FUSE file system whose server never answers stands for a dead
// NFS server or a dying disk. What is asked of it ends with its name; nothing else notices.
#include <cerrno>

#include <sys/mount.h>
#include <sys/stat.h>

#include <fcntl.h>
#include <unistd.h>

#include <fmt/format.h>

#include "contract/storage/fixture.h"

namespace posada::storage::testing {
namespace {

// Hangs whoever touches it until `end`.
class HangingMount {
 public:
  explicit HangingMount(std::string path) : path_(std::move(path)) {
    server_ = sys::Fd(::open("/dev/fuse", O_RDWR | O_CLOEXEC));
    if (!server_) return;
    const std::string options =
        fmt::format("fd={},rootmode=40000,user_id=0,group_id=0", server_.get());
    mounted_ = ::mount("nobody-answers", path_.c_str(), "fuse", MS_NOSUID | MS_NODEV,
                       options.c_str()) == 0;
  }
  ~HangingMount() { end(); }
  HangingMount(const HangingMount&) = delete;
  HangingMount& operator=(const HangingMount&) = delete;

  bool mounted() const { return mounted_; }
  // Whoever waits gets an error, and the folder below is there again.
  void end() {
    server_.reset();
    if (std::exchange(mounted_, false)) ::umount2(path_.c_str(), MNT_DETACH);
  }

 private:
  std::string path_;
  sys::Fd server_;
  bool mounted_ = false;
};

constexpr sys::Milliseconds patience(30'000);

sys::Async<void> until(Node& node, const std::string& storage,
                       std::function<bool(const StorageStatus&)> holds) {
  const auto deadline = node.clock.boot_time() + patience;
  while (!holds(node.storages.status(storage))) {
    if (node.clock.boot_time() > deadline) {
      throw Error::failed("test", storage + ": " + node.storages.status(storage).problem);
    }
    co_await node.clock.sleep(sys::Milliseconds(20));
  }
}

sys::Async<void> until_active(Node& node, const std::string& storage, bool active) {
  co_await until(node, storage,
                 [active](const StorageStatus& status) { return status.active == active; });
}

sys::Async<void> until_problem(Node& node, const std::string& storage, std::string words) {
  co_await until(node, storage, [words](const StorageStatus& status) {
    return status.problem.find(words) != std::string::npos;
  });
}

std::string path_beside(Node& node) {
  const std::string path = node.local("../dying");
  return path.substr(0, path.find("/vz/")) + "/dying";
}

sys::Async<void> one_hangs(Node& node) {
  const std::string path = path_beside(node);
  co_await node.storages.create({"dying", "dir", {{"path", path}, {"content", "images,iso"}}});
  co_await until_active(node, "dying", true);
  HangingMount mount(path);
  if (!mount.mounted()) {
    GTEST_LOG_(INFO) << "skipped: needs root and FUSE";
    co_return;
  }
  // Each of these hangs in the kernel, with a thread of its own; more than the storage has threads.
  sys::Scope scope(node.executor);
  std::vector<std::string> ends;
  const auto ask = [](Node& asked, std::vector<std::string>& all) -> sys::Async<void> {
    all.push_back(co_await error_text(asked.storages.list("dying", {Content::iso, {}})));
  };
  for (int i = 0; i < 6; ++i) scope.spawn("list", ask(node, ends));
  co_await sys::yield_to_loop();

  // Meanwhile another storage works as ever.
  for (std::uint32_t guest = 100; guest < 110; ++guest) {
    const Volume volume =
        co_await node.storages.allocate(disk(guest, 1 << 20, VolumeFormat::qcow2));
    EXPECT_FALSE(volume.uuid.empty());
  }
  EXPECT_TRUE(ends.empty()) << "they were to hang while the others worked";

  co_await scope.join();
  EXPECT_EQ(ends, std::vector<std::string>(6, "storage 'dying' is not online"));
  EXPECT_FALSE(node.storages.status("dying").active);
  EXPECT_EQ(node.storages.status("dying").problem, "storage 'dying' does not answer");
  EXPECT_TRUE(node.storages.status("local").active);
  // Now nobody waits: what is asked is refused at once, without another thread.
  EXPECT_EQ(co_await error_text(node.storages.allocate([] {
              Allocation wanted = disk(200, 1 << 20, VolumeFormat::raw);
              wanted.storage = "dying";
              return wanted;
            }())),
            "storage 'dying' is not online");
  const auto age = node.storages.status("dying").age;
  co_await node.clock.sleep(sys::Milliseconds(5));
  EXPECT_GT(node.storages.status("dying").age, age);

  mount.end();
  co_await until_active(node, "dying", true);
  EXPECT_TRUE((co_await node.storages.list("dying", {Content::iso, {}})).empty());
}

TEST(HangingStorage, OnlyItsOwnCallsFailAndItComesBackByItself) {
  with_node(one_hangs);
}

sys::Async<void> defined_while_it_hangs(Node& node) {
  const std::string path = path_beside(node);
  sys::make_directories(path);
  HangingMount mount(path);
  if (!mount.mounted()) {
    GTEST_LOG_(INFO) << "skipped: needs root and FUSE";
    co_return;
  }
  co_await node.storages.create({"dying", "dir", {{"path", path}, {"content", "images"}}});
  EXPECT_FALSE(node.storages.status("dying").active);
  const Volume volume = co_await node.storages.allocate(disk(100, 1 << 20, VolumeFormat::raw));
  EXPECT_FALSE(volume.uuid.empty());
  co_await node.storages.erase("dying");
  EXPECT_EQ(co_await error_text(node.storages.list("dying", {})), "storage 'dying' does not exist");
}

TEST(HangingStorage, ItsDefinitionIsMadeAndRemovedWithoutWaitingForIt) {
  with_node(defined_while_it_hangs);
}

sys::Async<void> changed_definition(Node& node) {
  const std::string path = path_beside(node);
  co_await node.storages.create({"files", "dir", {{"path", path}, {"content", "iso"}}});
  Allocation wanted = disk(100, 1 << 20, VolumeFormat::raw);
  wanted.storage = "files";
  EXPECT_EQ(co_await error_text(node.storages.allocate(wanted)),
            "storage 'files' does not support content-type 'images'");
  co_await node.storages.change("files", {{"content", "iso,images"}}, {}, "");
  EXPECT_EQ(co_await error_text(node.storages.allocate(wanted)), "");
  co_await node.storages.change("files", {{"nodes", "elsewhere"}}, {}, "");
  EXPECT_EQ(co_await error_text(node.storages.allocate(wanted)),
            "storage 'files' is not available on node 'n1'");
  co_await node.storages.change("files", {{"disable", "1"}}, {"nodes"}, "");
  EXPECT_EQ(co_await error_text(node.storages.allocate(wanted)), "storage 'files' is disabled");
  co_await node.storages.change("files", {}, {"disable"}, "");
  EXPECT_EQ(co_await error_text(node.storages.allocate(wanted)), "");
}

TEST(StorageDefinitions, ContentNodesAndDisableCountFromTheNextCallOn) {
  with_node(changed_definition);
}

sys::Async<void> unprepared_folder(Node& node) {
  const std::string path = path_beside(node);
  co_await node.storages.create(
      {"given", "dir", {{"path", path}, {"content", "images"}, {"create-base-path", "0"}}});
  Allocation wanted = disk(100, 1 << 20, VolumeFormat::raw);
  wanted.storage = "given";
  co_await until_problem(node, "given", "does not exist");
  EXPECT_EQ(node.storages.status("given").problem,
            "unable to activate storage 'given' - directory '" + path +
                "' does not exist or is unreachable");
  EXPECT_FALSE(sys::exists(path));
  co_await node.storages.change("given", {{"is_mountpoint", "1"}}, {"create-base-path"}, "");
  sys::make_directories(path);
  co_await until_problem(node, "given", "mount point");
  EXPECT_FALSE(node.storages.status("given").active);
}

TEST(StorageDefinitions, AFolderThatIsToBeThereAlreadyIsNotMade) {
  with_node(unprepared_folder);
}

}  // namespace
}  // namespace posada::storage::testing
