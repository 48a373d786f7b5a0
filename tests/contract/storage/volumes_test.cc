// Guests' volumes from allocation to removal, with what goes wrong in between.
#include <filesystem>

#include "base/json.h"
#include "contract/storage/fixture.h"
#include "sys/folder.h"
#include "sys/process.h"

namespace posada::storage::testing {
namespace {

TEST(Volumes, are_numbered_from_the_first_free_one_whatever_their_format) {
  with_node([](Node& node) -> sys::Async<void> {
    const Volume first = co_await node.storages.allocate(disk(100, gibi, VolumeFormat::raw));
    const Volume second = co_await node.storages.allocate(disk(100, gibi, VolumeFormat::qcow2));
    EXPECT_EQ(first.id.text(), "local:100/vm-100-disk-0.raw");
    EXPECT_EQ(second.id.text(), "local:100/vm-100-disk-1.qcow2");
    co_await node.storages.remove(first.id);
    const Volume third = co_await node.storages.allocate(disk(100, gibi, VolumeFormat::qcow2));
    EXPECT_EQ(third.id.text(), "local:100/vm-100-disk-0.qcow2");
  });
}

TEST(Volumes, give_descriptors_and_their_virtual_size) {
  with_node([](Node& node) -> sys::Async<void> {
    for (const VolumeFormat format : {VolumeFormat::raw, VolumeFormat::qcow2}) {
      const Volume made = co_await node.storages.allocate(disk(100, gibi, format));
      const OpenVolume opened = co_await node.storages.open(made.id, Access::read_write);
      EXPECT_EQ(opened.bytes, gibi);
      EXPECT_EQ(opened.format, format);
      EXPECT_TRUE(opened.read_only);
      EXPECT_TRUE(opened.read_write);
      EXPECT_THROW(sys::write_at(opened.read_only, "x", 0), Error);
      const OpenVolume reader = co_await node.storages.open(made.id, Access::read_only);
      EXPECT_FALSE(reader.read_write);
    }
  });
}

sys::Async<void> allocate_into(Node& node, std::uint32_t guest, std::vector<std::string>& out,
                               int& errors) {
  try {
    const Volume volume = co_await node.storages.allocate(disk(guest, gibi, VolumeFormat::qcow2));
    out.push_back(volume.id.text());
  } catch (const Error& error) {
    ++errors;
    ADD_FAILURE() << error.wire();
  }
}

TEST(Volumes, that_two_hundred_calls_ask_for_at_once_are_all_made) {
  with_node([](Node& node) -> sys::Async<void> {
    std::vector<std::string> made;
    int errors = 0;
    sys::Scope scope(node.executor);
    for (std::uint32_t i = 0; i < 100; ++i)
      scope.spawn("one", allocate_into(node, 1000 + i, made, errors));
    for (std::uint32_t i = 0; i < 100; ++i)
      scope.spawn("same", allocate_into(node, 100, made, errors));
    co_await scope.join();
    EXPECT_EQ(errors, 0);
    EXPECT_EQ(std::set<std::string>(made.begin(), made.end()).size(), 200U);
  });
}

TEST(Volumes, that_nobody_adopted_are_swept_and_the_others_stay) {
  with_node([](Node& node) -> sys::Async<void> {
    const Volume kept = co_await node.storages.allocate(disk(100, gibi, VolumeFormat::raw));
    co_await adopt(node, kept);
    const Volume lost = co_await node.storages.allocate(disk(100, gibi, VolumeFormat::raw));
    Allocation busy = disk(101, gibi, VolumeFormat::raw);
    busy.task = "UPID:alive";
    const Volume held = co_await node.storages.allocate(busy);
    const auto removed =
        co_await node.storages.sweep([](const std::string& upid) { return upid == "UPID:alive"; });
    EXPECT_EQ(removed, std::vector<VolumeId>{lost.id});
    EXPECT_TRUE(sys::exists(node.storages.path(kept.id)));
    EXPECT_TRUE(sys::exists(node.storages.path(held.id)));
    EXPECT_FALSE(sys::exists(node.storages.path(lost.id)));
    EXPECT_EQ(node.mirror.list("volume/").size(), 2U);
  });
}

TEST(Volumes, of_a_task_that_fails_are_removed_unless_they_were_adopted) {
  with_node([](Node& node) -> sys::Async<void> {
    Node* place = &node;
    std::vector<Volume> made;
    std::vector<Volume>* out = &made;
    const task::Upid upid = node.tasks.start(
        {"qmcreate", "100", {"root@pam", ""}, ""}, [place, out](task::Context& task) {
          return [](Node* at, std::vector<Volume>* volumes,
                    task::Context* context) -> sys::Async<void> {
            volumes->push_back(co_await at->storages.allocate(disk(100, gibi, VolumeFormat::raw),
                                                              &context->journal()));
            volumes->push_back(co_await at->storages.allocate(disk(100, gibi, VolumeFormat::qcow2),
                                                              &context->journal()));
            co_await adopt(*at, volumes->at(0));
            throw Error::failed("test", "the task failed");
          }(place, out, &task);
        });
    const task::Info ended = co_await node.tasks.wait(upid.text());
    EXPECT_EQ(ended.exit_status, "the task failed");
    EXPECT_TRUE(sys::exists(node.storages.path(made.at(0).id)));
    EXPECT_FALSE(sys::exists(node.storages.path(made.at(1).id)));
    EXPECT_EQ(node.mirror.list("volume/").size(), 1U);
  });
}

TEST(Volumes, on_a_full_disk_leave_nothing_and_say_why) {
  with_node([](Node& node) -> sys::Async<void> {
    const std::string full = node.folder_of_local() + "-full";
    sys::make_directories(full);
    sys::Command mount;
    mount.arguments = {"mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", full};
    if ((co_await sys::run(mount)).status != 0) {
      std::puts("SKIPPED: a small file system cannot be mounted here (needs root)");
      co_return;
    }
    co_await node.storages.create(
        {"small", "dir", {{"path", full}, {"content", "images"}, {"preallocation", "full"}}});
    Allocation large = disk(100, 16 * 1024 * 1024, VolumeFormat::raw);
    large.storage = "small";
    const std::string text = co_await error_text(node.storages.allocate(large));
    EXPECT_EQ(text,
              "unable to create volume 'small:100/vm-100-disk-0.raw': write: No space left on "
              "device");
    EXPECT_TRUE(node.mirror.list("volume/").empty());
    EXPECT_TRUE(sys::list_directory(full + "/images").empty());
    sys::Command unmount;
    unmount.arguments = {"umount", full};
    co_await sys::run_checked(unmount);
  });
}

TEST(Volumes, reached_through_a_link_are_refused) {
  with_node([](Node& node) -> sys::Async<void> {
    sys::make_directories(node.local("images/100"));
    std::filesystem::create_symlink("/etc/passwd", node.local("images/100/vm-100-disk-0.raw"));
    std::filesystem::create_directory_symlink("/etc", node.local("images/101"));
    std::filesystem::create_symlink("/etc/passwd", node.local("template/iso/x.iso"));
    for (const char* id :
         {"local:100/vm-100-disk-0.raw", "local:101/vm-101-disk-0.raw", "local:iso/x.iso"}) {
      EXPECT_NE(co_await error_text(node.storages.open(parse_volume_id(id), Access::read_only)), "")
          << id;
    }
    EXPECT_NE(co_await error_text(node.storages.allocate(disk(101, gibi, VolumeFormat::raw))), "");
    EXPECT_FALSE(sys::exists("/etc/vm-101-disk-0.raw"));
    EXPECT_TRUE((co_await node.storages.list("local", {})).empty());
  });
}

TEST(Volumes, whose_header_names_a_file_of_the_host_are_not_opened) {
  with_node([](Node& node) -> sys::Async<void> {
    const Volume volume = co_await node.storages.allocate(disk(100, gibi, VolumeFormat::qcow2));
    sys::Command rebase;
    rebase.arguments = {"qemu-img", "rebase", "-u",          "-F",
                        "raw",      "-b",     "/etc/passwd", node.storages.path(volume.id)};
    co_await sys::run_checked(rebase);
    const std::string text = co_await error_text(node.storages.open(volume.id, Access::read_only));
    EXPECT_NE(text.find("backing file"), std::string::npos) << text;
  });
}

TEST(Volumes, linked_to_a_template_open_with_their_base_and_keep_it_alive) {
  with_node([](Node& node) -> sys::Async<void> {
    Node* place = &node;
    co_await node.tasks.run({"qmtemplate", "9", {"root@pam", ""}, ""}, [place](
                                                                           task::Context& task) {
      return [](Node* at, task::Context* context) -> sys::Async<void> {
        Volume disk_of_9 = co_await at->storages.allocate(disk(9000, gibi, VolumeFormat::qcow2));
        co_await adopt(*at, disk_of_9);
        const Volume base = co_await at->storages.make_template(disk_of_9.id, context->journal());
        EXPECT_EQ(base.id.text(), "local:9000/base-9000-disk-0.qcow2");
        co_await adopt(*at, base);
        const Volume clone = co_await at->storages.linked_clone(
            base.id, disk(100, 0, VolumeFormat::qcow2), &context->journal());
        EXPECT_EQ(clone.id.text(), "local:9000/base-9000-disk-0.qcow2/100/vm-100-disk-0.qcow2");
        co_await adopt(*at, clone);
        const OpenVolume opened = co_await at->storages.open(clone.id, Access::read_write);
        EXPECT_EQ(opened.bytes, gibi);
        EXPECT_EQ(opened.backing.size(), 1U);
        EXPECT_EQ(co_await error_text(at->storages.remove(base.id)),
                  "base volume '9000/base-9000-disk-0.qcow2' is still in use by linked clones");
        co_await at->storages.remove(clone.id);
        co_await at->storages.remove(base.id);
        EXPECT_TRUE(at->mirror.list("volume/").empty());
      }(place, &task);
    });
  });
}

TEST(Volumes, that_became_a_template_in_a_task_that_failed_have_their_name_again) {
  with_node([](Node& node) -> sys::Async<void> {
    Node* place = &node;
    Volume volume = co_await node.storages.allocate(disk(100, gibi, VolumeFormat::raw));
    co_await adopt(node, volume);
    const VolumeId id = volume.id;
    const task::Upid upid = node.tasks.start(
        {"qmtemplate", "100", {"root@pam", ""}, ""}, [place, id](task::Context& task) {
          return [](Node* at, VolumeId of, task::Context* context) -> sys::Async<void> {
            co_await at->storages.make_template(of, context->journal());
            throw Error::failed("test", "the task failed");
          }(place, id, &task);
        });
    co_await node.tasks.wait(upid.text());
    EXPECT_TRUE(sys::exists(node.storages.path(id)));
    EXPECT_EQ(node.mirror.list("volume/").size(), 1U);
  });
}

TEST(Volumes, grow_and_do_not_shrink) {
  with_node([](Node& node) -> sys::Async<void> {
    for (const VolumeFormat format : {VolumeFormat::raw, VolumeFormat::qcow2}) {
      const Volume volume = co_await node.storages.allocate(disk(100, gibi, format));
      co_await node.storages.resize(volume.id, 3 * gibi);
      EXPECT_EQ((co_await node.storages.info(volume.id)).bytes, 3 * gibi);
      EXPECT_EQ(co_await error_text(node.storages.resize(volume.id, gibi)),
                "shrinking disks is not supported");
    }
  });
}

TEST(Volumes, are_refused_by_name_when_storage_or_content_do_not_fit) {
  with_node([](Node& node) -> sys::Async<void> {
    Allocation allocation = disk(100, gibi, VolumeFormat::raw);
    allocation.storage = "nowhere";
    EXPECT_EQ(co_await error_text(node.storages.allocate(allocation)),
              "storage 'nowhere' does not exist");
    co_await node.storages.create(
        {"off", "dir", {{"path", node.folder_of_local() + "2"}, {"disable", "1"}}});
    allocation.storage = "off";
    EXPECT_EQ(co_await error_text(node.storages.allocate(allocation)), "storage 'off' is disabled");
    co_await node.storages.create(
        {"isos", "dir", {{"path", node.folder_of_local() + "3"}, {"content", "iso"}}});
    allocation.storage = "isos";
    EXPECT_EQ(co_await error_text(node.storages.allocate(allocation)),
              "storage 'isos' does not support content-type 'images'");
    Allocation named = disk(100, gibi, VolumeFormat::raw);
    for (const char* name : {"vm-101-disk-0.raw", "../x.raw", "vm-100-disk-0.qcow2", "x.raw"}) {
      named.name = name;
      EXPECT_NE(co_await error_text(node.storages.allocate(named)), "") << name;
    }
    EXPECT_EQ(co_await error_text(node.storages.open(parse_volume_id("local:100/vm-100-disk-7.raw"),
                                                     Access::read_only)),
              "volume 'local:100/vm-100-disk-7.raw' does not exist");
  });
}

}  // namespace
}  // namespace posada::storage::testing
