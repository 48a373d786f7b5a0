// What a start finds of the tasks before it.
#include "task/archive.h"

#include <gtest/gtest.h>

#include "sys/file.h"

namespace posada::task {
namespace {

struct Place {
  Place() {
    char shape[] = "/tmp/posada-archive-XXXXXX";
    path = ::mkdtemp(shape);
  }
  ~Place() { sys::remove_tree(path); }
  std::string path;
};

Info task(std::uint32_t number) {
  Info info;
  info.upid.node = "n1";
  info.upid.pid = number;
  info.upid.start_time = 1000 + number;
  info.upid.type = "qmstart";
  info.upid.id = "100";
  info.upid.user = {"admin@pve", ""};
  return info;
}

Info ended(Info info) {
  info.running = false;
  info.exit_status = "OK";
  info.end_time = 5000;
  return info;
}

std::vector<std::uint32_t> pids(const std::vector<Info>& infos) {
  std::vector<std::uint32_t> result;
  for (const Info& info : infos) result.push_back(info.upid.pid);
  return result;
}

using Pids = std::vector<std::uint32_t>;

TEST(Archive, EndedAndUnfinishedTasksAreToldApart) {
  Place place;
  const Archive archive(place.path);
  for (const std::uint32_t number : {1U, 2U, 3U}) archive.begin(task(number));
  archive.end(ended(task(1)), false);
  archive.end(ended(task(3)), true);
  const Archive::Content content = archive.read(100);
  EXPECT_EQ(pids(content.ended), Pids{1});
  EXPECT_EQ(pids(content.unfinished), (Pids{2, 3})) << "3 has something to undo";
  EXPECT_TRUE(content.unfinished.front().running);
  EXPECT_EQ(content.ended.front().exit_status, "OK");
}

TEST(Archive, TheFirstStartHasNoFolderYet) {
  Place place;
  EXPECT_TRUE(Archive(place.path + "/tasks").read(100).ended.empty());
}

TEST(Archive, ATaskThatHadNotBegunLeavesNothing) {
  Place place;
  const Archive archive(place.path);
  archive.begin(task(1));
  sys::remove_tree(archive.folder_of(task(1).upid));
  EXPECT_TRUE(archive.read(100).unfinished.empty());
  EXPECT_TRUE(sys::list_directory(place.path + "/active").empty());
}

TEST(Archive, ATaskWhoseStateIsLostIsKnownByItsName) {
  Place place;
  const Archive archive(place.path);
  archive.begin(task(1));
  sys::remove_file(archive.folder_of(task(1).upid) + "/state.json");
  const Archive::Content content = archive.read(100);
  EXPECT_EQ(pids(content.unfinished), Pids{1});
  EXPECT_TRUE(content.unfinished.front().running);
}

TEST(Archive, AfterABootTheJournalsAreFoundWithoutTheirMarks) {
  Place place;
  const Archive archive(place.path);
  archive.begin(task(1));
  archive.begin(task(2));
  archive.end(ended(task(2)), false);
  sys::append_file(archive.folder_of(task(1).upid) + "/journal", "[]", 0600);
  (void)archive.read(100);
  sys::remove_tree(place.path + "/active");
  EXPECT_TRUE(archive.read(100).unfinished.empty()) << "of the same boot: nothing is looked for";
  sys::write_file(place.path + "/boot", "another", 0600);
  EXPECT_EQ(pids(archive.read(100).unfinished), Pids{1});
}

TEST(Archive, AfterABootAnIndexThatLostItsEndIsWrittenAnew) {
  Place place;
  const Archive archive(place.path);
  archive.begin(task(1));
  archive.end(ended(task(1)), false);
  (void)archive.read(100);
  archive.begin(task(2));
  archive.end(ended(task(2)), false);
  sys::write_file(place.path + "/index", "", 0600);
  sys::write_file(place.path + "/boot", "another", 0600);
  EXPECT_EQ(pids(archive.read(100).ended), (Pids{1, 2}));
  EXPECT_EQ(pids(archive.read(100).ended), (Pids{1, 2})) << "from the index";
}

TEST(Archive, ACrashBetweenTheStateAndTheIndexLosesNoTask) {
  Place place;
  const Archive archive(place.path);
  archive.begin(task(1));
  archive.end(ended(task(1)), true);  // the state is written, the mark still there
  EXPECT_EQ(pids(archive.read(100).unfinished), Pids{1});
  archive.end(ended(task(1)), false);
  EXPECT_EQ(pids(archive.read(100).ended), Pids{1});
}

TEST(Archive, ALineThatAPowerCutLeftHalfWrittenCostsOnlyItself) {
  Place place;
  const Archive archive(place.path);
  archive.begin(task(1));
  archive.end(ended(task(1)), false);
  sys::append_file(place.path + "/index", R"({"upid":"UPID:n1:0000)", 0600);
  EXPECT_EQ(pids(archive.read(100).ended), Pids{1});
  archive.begin(task(2));
  archive.end(ended(task(2)), false);
  EXPECT_EQ(pids(archive.read(100).ended), (Pids{1, 2}));
}

TEST(Archive, TheOldestAreForgottenWithTheirFolders) {
  Place place;
  const Archive archive(place.path);
  for (std::uint32_t number = 1; number <= 7; ++number) {
    archive.begin(task(number));
    archive.end(ended(task(number)), false);
  }
  EXPECT_EQ(archive.read(4).ended.size(), 7U) << "not before there are twice as many";
  EXPECT_EQ(pids(archive.read(3).ended), (Pids{5, 6, 7}));
  EXPECT_FALSE(sys::exists(archive.folder_of(task(4).upid)));
  EXPECT_TRUE(sys::exists(archive.folder_of(task(5).upid)));
  EXPECT_EQ(pids(archive.read(100).ended), (Pids{5, 6, 7})) << "the index was written anew";
}

TEST(Archive, WithoutAnIndexTheFoldersTell) {
  Place place;
  const Archive archive(place.path);
  archive.begin(task(3));
  sys::remove_tree(place.path + "/active");
  for (const std::uint32_t number : {1U, 2U}) {
    archive.begin(task(number));
    archive.end(ended(task(number)), false);
  }
  sys::remove_file(place.path + "/index");
  const Archive::Content content = archive.read(100);
  EXPECT_EQ(pids(content.ended), (Pids{1, 2}));
  EXPECT_EQ(pids(content.unfinished), Pids{3}) << "it was running";
  EXPECT_TRUE(sys::exists(place.path + "/index"));
}

}  // namespace
}  // namespace posada::task
