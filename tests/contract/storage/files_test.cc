// Files that come in and copies of disks, through real workers.
#include <chrono>
#include <thread>

#include "base/digest.h"
#include "contract/storage/fixture.h"
#include "image/image.h"
#include "sys/channel.h"
#include "sys/folder.h"
#include "sys/process.h"

namespace posada::storage::testing {
namespace {

void send_chunk(const sys::Fd& socket, std::string_view bytes) {
  std::string header(4, '\0');
  for (std::size_t i = 0; i < 4; ++i) header[i] = static_cast<char>(bytes.size() >> (8 * i));
  sys::write_all(socket, header);
  sys::write_all(socket, bytes);
}

sys::Async<void> receive(Node* node, Incoming incoming, std::shared_ptr<sys::Fd> socket,
                         task::Context* task) {
  co_await node->storages.receive(*task, incoming, std::move(*socket));
}

// Starts the task of an upload; the browser's end of the socket comes back.
std::pair<task::Upid, sys::Fd> begin_upload(Node& node, Incoming incoming) {
  auto [ours, theirs] = sys::socket_pair();
  auto socket = std::make_shared<sys::Fd>(std::move(theirs));
  Node* place = &node;
  const task::Upid upid = node.tasks.start({"imgcopy", "", {"root@pam", ""}, ""},
                                           [place, incoming, socket](task::Context& task) {
                                             return receive(place, incoming, socket, &task);
                                           });
  return {upid, std::move(ours)};
}

// Sends a whole file from a thread of its own, as the socket does not take it at once.
std::thread send_all(sys::Fd socket, const std::string& bytes) {
  return std::thread([&bytes, fd = std::make_shared<sys::Fd>(std::move(socket))] {
    for (std::size_t at = 0; at < bytes.size(); at += mebi)
      send_chunk(*fd, std::string_view(bytes).substr(at, mebi));
    send_chunk(*fd, "");
  });
}

Incoming iso(const std::string& file) {
  return {.storage = "local",
          .content = Content::iso,
          .file = file,
          .checksum_algorithm = {},
          .checksum = {}};
}

// Everything below the folder of ISO images, hidden names too.
std::vector<std::string> iso_files(Node& node) {
  return sys::list_directory(node.local("template/iso"));
}

TEST(Uploads, appear_whole_with_their_checksum_verified) {
  with_node([](Node& node) -> sys::Async<void> {
    const std::string bytes(3 * mebi + 17, 'x');
    Incoming incoming = iso("x.iso");
    incoming.checksum_algorithm = "sha256";
    incoming.checksum = sha256_hex(bytes);
    auto [upid, socket] = begin_upload(node, incoming);
    std::thread browser = send_all(std::move(socket), bytes);
    const task::Info ended = co_await node.tasks.wait(upid.text());
    browser.join();
    EXPECT_EQ(ended.exit_status, "OK");
    const auto listed = co_await node.storages.list("local", {});
    EXPECT_EQ(listed.size(), 1U);
    if (!listed.empty()) {
      EXPECT_EQ(listed.at(0).id.text(), "local:iso/x.iso");
      EXPECT_EQ(listed.at(0).bytes, bytes.size());
    }
  });
}

TEST(Uploads, that_are_cut_off_leave_nothing) {
  with_node([](Node& node) -> sys::Async<void> {
    auto [upid, socket] = begin_upload(node, iso("x.iso"));
    send_chunk(socket, std::string(100'000, 'x'));
    socket.reset();
    const task::Info ended = co_await node.tasks.wait(upid.text());
    EXPECT_EQ(ended.exit_status, "upload aborted: the connection ended after 100000 bytes");
    EXPECT_TRUE(iso_files(node).empty());
  });
}

TEST(Uploads, with_a_wrong_checksum_leave_what_was_there) {
  with_node([](Node& node) -> sys::Async<void> {
    sys::write_file(node.local("template/iso/x.iso"), "old");
    Incoming incoming = iso("x.iso");
    incoming.checksum_algorithm = "md5";
    incoming.checksum = "00000000000000000000000000000000";
    auto [upid, socket] = begin_upload(node, incoming);
    send_chunk(socket, "new");
    send_chunk(socket, "");
    const task::Info ended = co_await node.tasks.wait(upid.text());
    EXPECT_TRUE(ended.exit_status.starts_with("checksum mismatch")) << ended.exit_status;
    EXPECT_EQ(sys::read_file(node.local("template/iso/x.iso")), "old");
    EXPECT_EQ(iso_files(node).size(), 1U);
  });
}

TEST(Uploads, of_a_disk_that_names_another_file_are_refused) {
  with_node([](Node& node) -> sys::Async<void> {
    const std::string file = node.local("evil.qcow2");
    sys::Command create;
    create.arguments = {"qemu-img", "create", "-q", "-f",          "qcow2", "-F",
                        "raw",      "-u",     "-b", "/etc/shadow", file,    "1M"};
    co_await sys::run_checked(create);
    Incoming incoming{.storage = "local",
                      .content = Content::import,
                      .file = "evil.qcow2",
                      .checksum_algorithm = {},
                      .checksum = {}};
    auto [upid, socket] = begin_upload(node, incoming);
    send_chunk(socket, sys::read_file(file));
    send_chunk(socket, "");
    const task::Info ended = co_await node.tasks.wait(upid.text());
    EXPECT_TRUE(ended.exit_status.starts_with("qcow2 image refused: it has a backing file"))
        << ended.exit_status;
    EXPECT_TRUE(sys::list_directory(node.local("import")).empty());
  });
}

TEST(Uploads, that_are_stopped_end_at_once_and_leave_nothing) {
  with_node([](Node& node) -> sys::Async<void> {
    auto [upid, socket] = begin_upload(node, iso("x.iso"));
    send_chunk(socket, "begin");
    node.tasks.stop(upid.text(), "root@pam");
    const task::Info ended = co_await node.tasks.wait(upid.text());
    EXPECT_NE(ended.exit_status, "OK");
    EXPECT_TRUE(iso_files(node).empty());
  });
}

TEST(Uploads, with_a_name_that_is_not_of_their_content_are_refused) {
  with_node([](Node& node) -> sys::Async<void> {
    for (const char* name : {"x.exe", "../x.iso", "a/b.iso", "x\n.iso", ""}) {
      auto [upid, socket] = begin_upload(node, iso(name));
      const task::Info ended = co_await node.tasks.wait(upid.text());
      EXPECT_NE(ended.exit_status.find("filename"), std::string::npos) << ended.exit_status;
    }
  });
}

TEST(Uploads, go_on_when_the_daemon_has_gone_and_are_found_by_the_next_one) {
  with_node([](Node& node) -> sys::Async<void> {
    auto [upid, socket] = begin_upload(node, iso("x.iso"));
    send_chunk(socket, "first ");
    const std::string folder = node.folder_of_local() + "/../tasks/" +
                               std::string(1, "0123456789ABCDEF"[upid.start_time & 15]) + "/" +
                               upid.text();
    const auto deadline = node.clock.boot_time() + std::chrono::seconds(20);
    while (!sys::exists(folder + "/worker-1/control") && node.clock.boot_time() < deadline)
      co_await node.clock.sleep(sys::Milliseconds(5));
    EXPECT_TRUE(task::Workers::lives(folder));
    // A second follower, as after a restart, hears the same end.
    Node* place = &node;
    const task::Upid second =
        node.tasks.start({"adopt", "", {"root@pam", ""}, ""}, [place, folder](task::Context& task) {
          return [](Node* at, std::string of, task::Context* context) -> sys::Async<void> {
            struct Adopted final : task::Context {
              Adopted(task::Context& inner_, std::string folder_)
                  : inner(inner_), place(std::move(folder_)) {}
              const task::Upid& upid() const override { return inner.upid(); }
              const Identity& user() const override { return inner.user(); }
              void log(std::string text) override { inner.log(std::move(text)); }
              void warn(std::string text) override { inner.warn(std::move(text)); }
              void progress(double fraction, std::string message) override {
                inner.progress(fraction, std::move(message));
              }
              void waits_for(std::string text) override { inner.waits_for(std::move(text)); }
              sys::CancelToken cancel() const override { return inner.cancel(); }
              task::Journal& journal() override { return inner.journal(); }
              const std::string& folder() const override { return place; }
              task::Context& inner;
              std::string place;
            };
            Adopted adopted(*context, of);
            const json::object result = co_await at->workers.follow(adopted);
            EXPECT_EQ(integer_member(result, "bytes"), 10);
          }(place, folder, &task);
        });
    send_chunk(socket, "last");
    send_chunk(socket, "");
    EXPECT_EQ((co_await node.tasks.wait(upid.text())).exit_status, "OK");
    EXPECT_EQ((co_await node.tasks.wait(second.text())).exit_status, "OK");
    EXPECT_FALSE(task::Workers::lives(folder));
    EXPECT_EQ(sys::read_file(node.local("template/iso/x.iso")), "first last");
  });
}

TEST(Copies, of_a_disk_hold_the_same_bytes_in_another_format) {
  with_node([](Node& node) -> sys::Async<void> {
    const Volume source = co_await node.storages.allocate(disk(100, 8 * mebi, VolumeFormat::raw));
    {
      const OpenVolume opened = co_await node.storages.open(source.id, Access::read_write);
      sys::write_at(opened.read_write, "the first bytes", 0);
      sys::write_at(opened.read_write, "the last bytes", 8 * mebi - 512);
    }
    Node* place = &node;
    const VolumeId id = source.id;
    std::vector<Volume> made;
    std::vector<Volume>* out = &made;
    const task::Upid upid = node.tasks.start(
        {"qmclone", "100", {"root@pam", ""}, ""}, [place, id, out](task::Context& task) {
          return [](Node* at, VolumeId of, std::vector<Volume>* copies,
                    task::Context* context) -> sys::Async<void> {
            const Volume copied =
                co_await at->storages.copy(*context, of, disk(101, 0, VolumeFormat::qcow2));
            store::Transaction transaction;
            at->storages.adopt(copied, transaction);
            co_await at->mirror.commit(std::move(transaction));
            copies->push_back(copied);
          }(place, id, out, &task);
        });
    EXPECT_EQ((co_await node.tasks.wait(upid.text())).exit_status, "OK");
    EXPECT_EQ(made.size(), 1U);
    if (made.empty()) co_return;
    EXPECT_EQ(made[0].id.text(), "local:101/vm-101-disk-0.qcow2");
    EXPECT_EQ(made[0].bytes, 8 * mebi);
    sys::Command compare;
    compare.arguments = {"qemu-img",
                         "compare",
                         "-f",
                         "raw",
                         "-F",
                         "qcow2",
                         node.storages.path(source.id),
                         node.storages.path(made[0].id)};
    co_await sys::run_checked(compare);
  });
}

// What importing a file of the host into a new volume of guest 100 ends with.
sys::Async<void> import_file(Node* node, std::string path, task::Context* task) {
  const Volume made =
      co_await node->storages.import_file(*task, path, disk(100, 0, VolumeFormat::raw));
  store::Transaction transaction;
  node->storages.adopt(made, transaction);
  co_await node->mirror.commit(std::move(transaction));
}

sys::Async<std::string> import_outcome(Node& node, std::string path) {
  Node* place = &node;
  const task::Upid upid = node.tasks.start(
      {"import", "100", {"root@pam", ""}, ""},
      [place, path](task::Context& task) { return import_file(place, path, &task); });
  co_return (co_await node.tasks.wait(upid.text())).exit_status;
}

TEST(Imports, of_a_format_that_is_not_read_are_refused_by_its_name_and_leave_nothing) {
  with_node([](Node& node) -> sys::Async<void> {
    struct Case {
      std::string format, options, file, expected;
    };
    for (const Case& each : std::vector<Case>{
             {"vhdx", "subformat=dynamic", "x.vhdx", "a VHDX image"},
             {"vdi", "static=off", "x.vdi", "a VDI image"},
             {"vpc", "subformat=dynamic", "x.vhd", "a VHD image"},
             {"vpc", "subformat=fixed", "fixed.img", "a VHD image"},
             {"vpc", "subformat=fixed", "fixed.raw", "a VHD image"},
             {"qcow2", "compat=1.1", "x.raw", "a qcow2 image: give it a name that ends in .qcow2"},
         }) {
      const std::string file = node.local(each.file);
      sys::Command create;
      create.arguments = {"qemu-img", "create",     "-q", "-f", each.format,
                          "-o",       each.options, file, "4M"};
      co_await sys::run_checked(create);
      const std::string end = co_await import_outcome(node, file);
      EXPECT_TRUE(end.starts_with("'" + each.file + "' is " + each.expected)) << end;
    }
    sys::write_file(node.local("x.img"), "\x1f\x8b\x08 and more");
    EXPECT_EQ(co_await import_outcome(node, node.local("x.img")),
              "'x.img' is compressed (gzip): unpack it first");
    EXPECT_TRUE(sys::list_directory(node.local("images/100")).empty());
  });
}

TEST(Imports, of_a_file_whose_name_says_nothing_follow_its_bytes) {
  with_node([](Node& node) -> sys::Async<void> {
    const std::string file = node.local("cloud.img");
    sys::Command create;
    create.arguments = {"qemu-img", "create", "-q", "-f", "qcow2", file, "4M"};
    co_await sys::run_checked(create);
    sys::Command fill;
    fill.arguments = {"qemu-io", "-f", "qcow2", "-c", "write -P 7 1M 64k", file};
    co_await sys::run_checked(fill);
    EXPECT_EQ(co_await import_outcome(node, file), "OK");
    const std::string made = sys::read_file(node.local("images/100/vm-100-disk-0.raw"));
    EXPECT_EQ(made.size(), 4 * mebi);
    EXPECT_EQ(made.substr(mebi, 65536), std::string(65536, '\7'));
  });
}

TEST(Uploads, of_a_disk_in_another_format_than_its_name_says_are_refused) {
  with_node([](Node& node) -> sys::Async<void> {
    const std::string file = node.local("x.vhdx");
    sys::Command create;
    create.arguments = {"qemu-img", "create", "-q", "-f", "vhdx", file, "4M"};
    co_await sys::run_checked(create);
    auto [upid, socket] = begin_upload(node, {.storage = "local",
                                              .content = Content::import,
                                              .file = "x.raw",
                                              .checksum_algorithm = {},
                                              .checksum = {}});
    const std::string bytes = sys::read_file(file);
    std::thread browser = send_all(std::move(socket), bytes);
    const std::string end = (co_await node.tasks.wait(upid.text())).exit_status;
    browser.join();
    EXPECT_TRUE(end.starts_with("'x.raw' is a VHDX image")) << end;
    EXPECT_TRUE(sys::list_directory(node.local("import")).empty());
  });
}

TEST(Downloads, from_addresses_inside_are_refused) {
  with_node([](Node& node) -> sys::Async<void> {
    Node* place = &node;
    for (const std::string url :
         {"http://127.0.0.1:1/x.iso", "http://[::1]:1/x.iso", "http://169.254.169.254/x.iso",
          "http://2130706433:1/x.iso", "http://0x7f.1:1/x.iso", "http://localhost:1/x.iso",
          "file:///etc/passwd", "gopher://127.0.0.1/x"}) {
      const task::Upid upid = node.tasks.start(
          {"download", "", {"root@pam", ""}, ""}, [place, url](task::Context& task) {
            return [](Node* at, std::string from, task::Context* context) -> sys::Async<void> {
              co_await at->storages.download(*context, iso("x.iso"), {.url = from});
            }(place, url, &task);
          });
      const task::Info ended = co_await node.tasks.wait(upid.text());
      EXPECT_TRUE(ended.exit_status.starts_with("download refused") ||
                  ended.exit_status.find("not supported") != std::string::npos ||
                  ended.exit_status.find("not enabled") != std::string::npos ||
                  ended.exit_status.find("disabled") != std::string::npos)
          << url << ": " << ended.exit_status;
      EXPECT_TRUE(iso_files(node).empty());
    }
  });
}

}  // namespace
}  // namespace posada::storage::testing
