// The daemon is killed at each step of the work on volumes; the next one finds every file with its
// record and every record with its file, and nothing that nobody wanted.
#include <cstdlib>

#include "contract/storage/fixture.h"
#include "storage/directory_layout.h"
#include "storage/records.h"
#include "sys/process.h"

namespace posada::storage::testing {
namespace {

sys::Async<void> work(Node* node, task::Context* task) {
  Storages& storages = node->storages;
  Volume first =
      co_await storages.allocate(disk(100, 8 * mebi, VolumeFormat::qcow2), &task->journal());
  co_await adopt(*node, first);
  const Volume base = co_await storages.make_template(first.id, task->journal());
  co_await adopt(*node, base);
  Volume clone =
      co_await storages.linked_clone(base.id, disk(101, 0, VolumeFormat::qcow2), &task->journal());
  co_await adopt(*node, clone);
  co_await storages.remove(clone.id);
  const Volume last =
      co_await storages.allocate(disk(102, 8 * mebi, VolumeFormat::raw), &task->journal());
  co_await adopt(*node, last);
}

sys::Async<void> run_to_the_end(Node& node) {
  co_await node.start();
  Node* place = &node;
  const task::Upid upid =
      node.tasks.start({"work", "", {"root@pam", ""}, ""},
                       [place](task::Context& task) { return work(place, &task); });
  co_await node.tasks.wait(upid.text());
  co_await node.stop();
}

// Run by the test below in a process of its own, which a failpoint kills.
TEST(Victim, DISABLED_works_until_it_is_killed) {
  const char* folder = std::getenv("POSADA_TEST_FOLDER");
  ASSERT_NE(folder, nullptr);
  sys::Loop loop;
  Node node(folder, loop.executor());
  loop.run(run_to_the_end(node));
}

sys::Async<void> kill_at(std::string point, std::string folder, int& status) {
  sys::Command command;
  command.arguments = {sys::own_program_folder() + "/contract_storage",
                       "--gtest_also_run_disabled_tests", "--gtest_filter=Victim.*"};
  command.environment = {{"POSADA_TEST_FOLDER", folder}, {"POSADA_FAILPOINTS", point}};
  status = (co_await sys::run(std::move(command))).status;
}

sys::Async<void> start_anew(Node& node, std::string point, bool sweep_first) {
  co_await node.start();
  if (!sweep_first) co_await node.tasks.recover();
  co_await node.storages.sweep([](const std::string&) { return false; });
  if (sweep_first) co_await node.tasks.recover();
  std::set<std::string> files;
  for (const ListedVolume& volume : co_await node.storages.list("local", {}))
    files.insert(own_name(parse_volume_name(volume.id.name)));
  std::set<std::string> records;
  const std::string prefix = record_key("local", "");
  for (const store::Entry& entry : node.mirror.list(prefix)) {
    records.insert(entry.key.substr(prefix.size()));
    EXPECT_EQ(record_from(entry)->state, VolumeState::ready) << point << ": " << entry.key;
  }
  EXPECT_EQ(files, records) << "after a kill at " << point;
  for (const std::string& guest : sys::list_directory(node.local("images")))
    EXPECT_FALSE(sys::list_directory(node.local("images/" + guest)).empty()) << point;
  co_await node.stop();
}

TEST(Crash, at_any_step_leaves_files_and_records_that_agree) {
  for (const std::string name :
       {"storage.allocate.journaled", "storage.allocate.reserved", "storage.directory.file-made",
        "storage.allocate.made", "storage.rename.reserved", "storage.rename.done",
        "storage.remove.marked", "storage.remove.gone"}) {
    // Allocations happen three times; what happens once is swept in both orders.
    const bool once = name.starts_with("storage.re");
    for (int pass = 1; pass <= (once ? 2 : 3); ++pass) {
      const std::string point = name + "=kill@" + (once ? "1" : std::to_string(pass));
      Place place;
      int status = 0;
      {
        sys::Loop loop;
        loop.run(kill_at(point, place.path, status));
      }
      EXPECT_EQ(status, 128 + 9) << "the failpoint " << point << " was not reached";
      sys::Loop loop;
      Node node(place.path, loop.executor());
      loop.run(start_anew(node, point, once && pass == 2));
    }
  }
}

}  // namespace
}  // namespace posada::storage::testing
