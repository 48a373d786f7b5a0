// Files that a guest has put in the way.
#include <cstdlib>
#include <filesystem>

#include <sys/stat.h>

#include <gtest/gtest.h>

#include "base/error.h"
#include "rootfs/setup.h"
#include "sys/file.h"

namespace posada::rootfs {
namespace {

class GuestFilesInTheWay : public ::testing::Test {
 protected:
  GuestFilesInTheWay() {
    char shape[] = "/tmp/posada-rootfs-XXXXXX";
    root_ = ::mkdtemp(shape);
    sys::make_directories(root_ + "/etc");
    sys::write_file(root_ + "/etc/debian_version", "12.1\n");
    setup_.hostname = "web";
  }
  ~GuestFilesInTheWay() override { sys::remove_tree(root_); }

  std::string prepare() const {
    try {
      prepare_start(Files(root_), setup_, real_chance());
    } catch (const Error& error) {
      return error.what();
    }
    return "";
  }
  std::string text(const std::string& path) const {
    return sys::read_file_if_exists(root_ + path).value_or("(absent)");
  }

  std::string root_;
  rootfs::Setup setup_;
};

TEST_F(GuestFilesInTheWay, ALinkIsReplacedAndItsTargetStaysAsItWas) {
  sys::write_file(root_ + "/victim", "untouched");
  std::filesystem::create_symlink(root_ + "/victim", root_ + "/etc/hostname");
  EXPECT_EQ(prepare(), "");
  EXPECT_EQ(text("/victim"), "untouched");
  EXPECT_EQ(text("/etc/hostname"), "web\n");
  EXPECT_FALSE(std::filesystem::is_symlink(root_ + "/etc/hostname"));
}

TEST_F(GuestFilesInTheWay, APipeOrAHugeFileEndsItWithTheFilesName) {
  ASSERT_EQ(::mkfifo((root_ + "/etc/hosts").c_str(), 0644), 0);
  EXPECT_NE(prepare().find("/etc/hosts is no regular file"), std::string::npos) << prepare();
  std::filesystem::remove(root_ + "/etc/hosts");
  sys::write_file(root_ + "/etc/hosts", "");
  std::filesystem::resize_file(root_ + "/etc/hosts", 1ULL << 40);
  EXPECT_NE(prepare().find("/etc/hosts is larger"), std::string::npos) << prepare();
}

TEST_F(GuestFilesInTheWay, AFileThatTheGuestKeepsToItselfStays) {
  sys::write_file(root_ + "/etc/hosts", "mine\n");
  sys::write_file(root_ + "/etc/.pve-ignore.hosts", "");
  EXPECT_EQ(prepare(), "");
  EXPECT_EQ(text("/etc/hosts"), "mine\n");
  EXPECT_EQ(text("/etc/hostname"), "web\n");
}

TEST_F(GuestFilesInTheWay, ModesStayAndAnUnmanagedGuestIsLeftAlone) {
  sys::write_file(root_ + "/etc/hosts", "", 0600);
  EXPECT_EQ(prepare(), "");
  const auto mode = std::filesystem::status(root_ + "/etc/hosts").permissions();
  EXPECT_EQ(mode, std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
  setup_.distribution = "unmanaged";
  setup_.hostname = "other";
  EXPECT_EQ(prepare(), "");
  EXPECT_EQ(text("/etc/hostname"), "web\n");
}

}  // namespace
}  // namespace posada::rootfs
