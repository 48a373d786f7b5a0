// New qcow2 images, judged by QEMU's own tool, and images that were made to hurt.
#include <cstdlib>
#include <filesystem>

#include <gtest/gtest.h>

#include "base/json.h"
#include "image/bytes.h"
#include "image/image.h"
#include "sys/file.h"
#include "sys/folder.h"
#include "sys/loop.h"
#include "sys/process.h"

namespace posada::image {
namespace {

struct ImageFolder {
  ImageFolder() {
    std::string shape = (std::filesystem::temp_directory_path() / "posada-image-XXXXXX").string();
    path = mkdtemp(shape.data());
  }
  ~ImageFolder() { std::filesystem::remove_all(path); }
  std::string path;
};

class Qcow2 : public testing::Test {
 protected:
  // Output of qemu-img; fails the test when it exits with a status other than 0.
  std::string qemu_img(std::vector<std::string> arguments) {
    sys::Loop loop;
    std::string output;
    arguments.insert(arguments.begin(), "qemu-img");
    loop.run(run(arguments, output));
    return output;
  }

  static sys::Async<void> run(std::vector<std::string> arguments, std::string& output) {
    sys::Command command;
    command.arguments = std::move(arguments);
    sys::Finished finished = co_await sys::run(std::move(command));
    EXPECT_EQ(finished.status, 0) << finished.output << finished.errors;
    output = finished.output;
  }

  json::object info(const std::string& name) {
    return json::parse(qemu_img({"info", "--output=json", path(name)})).as_object();
  }

  std::string path(const std::string& name) const { return folder_.path + "/" + name; }

  sys::Fd make(const std::string& name, std::uint64_t bytes, Preallocation preallocation,
               const std::optional<Backing>& backing = {}) {
    sys::Fd file = sys::Folder(folder_.path).create(name, 0600);
    create_qcow2(file, bytes, preallocation, backing);
    return file;
  }

  sys::Fd make_with(const std::string& name, std::vector<std::string> options, std::string size) {
    std::vector<std::string> arguments = {"create", "-q", "-f", "qcow2"};
    arguments.insert(arguments.end(), options.begin(), options.end());
    arguments.push_back(path(name));
    if (!size.empty()) arguments.push_back(size);
    qemu_img(arguments);
    return sys::Folder(folder_.path).open(name, true);
  }

  ImageFolder folder_;
};

constexpr std::uint64_t mebi = 1024 * 1024;
constexpr std::uint64_t gibi = 1024 * mebi;

TEST_F(Qcow2, a_new_image_passes_the_check_of_qemu_at_every_size) {
  for (const std::uint64_t bytes :
       {std::uint64_t{512}, 64 * mebi, gibi, gibi + 512, 100 * gibi, 4096 * gibi, 5000 * gibi}) {
    const sys::Fd file = make("sparse.qcow2", bytes, Preallocation::off);
    qemu_img({"check", path("sparse.qcow2")});
    EXPECT_EQ(integer_member(info("sparse.qcow2"), "virtual-size"), bytes);
    EXPECT_LT(sys::status_of(file).bytes, mebi);
    sys::Folder(folder_.path).remove("sparse.qcow2");
  }
}

TEST_F(Qcow2, an_image_with_filled_tables_passes_the_check_and_reads_as_zeros) {
  for (const std::uint64_t bytes : {std::uint64_t{65536}, gibi, 3 * gibi + 65536}) {
    const sys::Fd file = make("full.qcow2", bytes, Preallocation::metadata);
    const std::string report = qemu_img({"check", "--output=json", path("full.qcow2")});
    const json::object check = json::parse(report).as_object();
    EXPECT_EQ(integer_member(check, "allocated-clusters"), integer_member(check, "total-clusters"));
    EXPECT_FALSE(check.contains("leaks"));
    EXPECT_LT(sys::status_of(file).used, 2 * mebi);
    sys::Folder(folder_.path).create("zeros.raw", 0600);
    EXPECT_NE(
        qemu_img({"convert", "-f", "qcow2", "-O", "raw", path("full.qcow2"), path("zeros.raw")}),
        "failed");
    EXPECT_LT(sys::status_of(sys::Folder(folder_.path).open("zeros.raw", false)).used, mebi);
    sys::Folder(folder_.path).remove("full.qcow2");
    sys::Folder(folder_.path).remove("zeros.raw");
  }
}

TEST_F(Qcow2, an_image_with_reserved_blocks_owns_its_space) {
  const sys::Fd file = make("reserved.qcow2", 64 * mebi, Preallocation::falloc);
  qemu_img({"check", path("reserved.qcow2")});
  EXPECT_GE(sys::status_of(file).used, 64 * mebi);
}

TEST_F(Qcow2, a_linked_clone_reads_what_its_base_holds) {
  make("base.qcow2", gibi, Preallocation::off);
  make("clone.qcow2", gibi, Preallocation::metadata, Backing{"base.qcow2", Kind::qcow2});
  qemu_img({"check", path("clone.qcow2")});
  const json::object facts = info("clone.qcow2");
  EXPECT_EQ(text_member(facts, "backing-filename"), "base.qcow2");
  EXPECT_EQ(text_member(facts, "backing-filename-format"), "qcow2");
  const Facts ours = inspect(sys::Folder(folder_.path).open("clone.qcow2", false), Kind::qcow2);
  EXPECT_EQ(ours.backing_file, "base.qcow2");
  EXPECT_EQ(ours.backing_format, "qcow2");
}

TEST_F(Qcow2, growing_keeps_the_image_consistent) {
  sys::Fd file = make("grow.qcow2", gibi, Preallocation::metadata);
  EXPECT_TRUE(grow_qcow2(file, 300 * gibi));
  qemu_img({"check", path("grow.qcow2")});
  EXPECT_EQ(integer_member(info("grow.qcow2"), "virtual-size"), 300 * gibi);
  sys::Fd foreign = make_with("foreign.qcow2", {"-o", "cluster_size=4k"}, "1000M");
  EXPECT_TRUE(grow_qcow2(foreign, gibi));
  qemu_img({"check", path("foreign.qcow2")});
}

TEST_F(Qcow2, growing_beyond_the_table_is_left_to_qemu) {
  sys::Fd file = make("large.qcow2", gibi, Preallocation::off);
  EXPECT_FALSE(grow_qcow2(file, 5000 * gibi));
  EXPECT_EQ(integer_member(info("large.qcow2"), "virtual-size"), gibi);
}

TEST_F(Qcow2, an_image_of_qemu_is_read_as_qemu_reads_it) {
  const sys::Fd file = make_with("plain.qcow2", {}, "3G");
  const Facts facts = inspect(file, Kind::qcow2);
  EXPECT_EQ(facts.bytes, 3 * gibi);
  EXPECT_EQ(facts.damage, "");
  EXPECT_NO_THROW(require_self_contained(facts));
  EXPECT_EQ(guess(file), Kind::qcow2);
  const sys::Fd extended =
      make_with("extended.qcow2", {"-o", "extended_l2=on,cluster_size=128k"}, "3G");
  EXPECT_NO_THROW(require_self_contained(inspect(extended, Kind::qcow2)));
}

TEST_F(Qcow2, an_image_that_refers_to_another_file_is_refused) {
  make_with("below.qcow2", {}, "1M");
  const sys::Fd backed = make_with("backed.qcow2", {"-F", "qcow2", "-b", "below.qcow2"}, "");
  EXPECT_THROW(require_self_contained(inspect(backed, Kind::qcow2)), Error);
  const sys::Fd split =
      make_with("split.qcow2", {"-o", "data_file=" + path("data.raw") + ",data_file_raw=on"}, "1M");
  EXPECT_THROW(require_self_contained(inspect(split, Kind::qcow2)), Error);
}

TEST_F(Qcow2, absurd_headers_are_refused_by_name) {
  struct Case {
    std::size_t offset;
    std::size_t width;
    std::uint64_t value;
    std::string_view reason;
  };
  const Case cases[] = {
      {20, 4, 40, "cluster size"},
      {20, 4, 0, "cluster size"},
      {36, 4, 0xffffffff, "L1 table"},
      {36, 4, 0, "L1 table"},
      {24, 8, ~std::uint64_t{0}, "virtual size"},
      {56, 4, 0x10000000, "refcount table"},
      {60, 4, 0x7fffffff, "snapshots"},
      {72, 8, 1 << 1, "corrupt"},
      {72, 8, std::uint64_t{1} << 40, "features"},
      {100, 4, 0xfffffff0, "header"},
      {96, 4, 60, "refcounts"},
      {32, 4, 1, "encrypted"},
      {72, 8, 1 << 2, "other files"},
      {8, 8, 0x7fffffffff, "backing file"},
  };
  for (const Case& wrong : cases) {
    sys::Fd file = make("bad.qcow2", gibi, Preallocation::off);
    std::string value(wrong.width, '\0');
    put_big_endian(value, 0, wrong.value, wrong.width);
    sys::write_at(file, value, wrong.offset);
    try {
      require_self_contained(inspect(file, Kind::qcow2));
      ADD_FAILURE() << "accepted: " << wrong.reason;
    } catch (const Error& error) {
      EXPECT_NE(error.wire().find(wrong.reason), std::string::npos) << error.wire();
    }
    sys::Folder(folder_.path).remove("bad.qcow2");
  }
}

TEST_F(Qcow2, a_file_cut_off_at_any_byte_of_its_header_is_an_error_and_no_crash) {
  sys::Fd file = make("cut.qcow2", gibi, Preallocation::off);
  for (std::uint64_t length = 0; length < 112; ++length) {
    sys::Fd cut = sys::Folder(folder_.path).create("short.qcow2", 0600);
    sys::write_at(cut, sys::read_at(file, length, 0), 0);
    try {
      inspect(cut, Kind::qcow2);
    } catch (const Error&) {
    }
    sys::Folder(folder_.path).remove("short.qcow2");
  }
}

TEST_F(Qcow2, what_a_guest_writes_into_a_raw_disk_does_not_change_its_kind) {
  sys::Fd file = sys::Folder(folder_.path).create("disk.raw", 0600);
  create_raw(file, mebi, Preallocation::off);
  const sys::Fd hostile = make("inner.qcow2", gibi, Preallocation::off);
  sys::write_at(file, sys::read_at(hostile, 4096, 0), 0);
  const Facts facts = inspect(file, Kind::raw);
  EXPECT_EQ(facts.kind, Kind::raw);
  EXPECT_EQ(facts.bytes, mebi);
}

TEST_F(Qcow2, a_vmdk_of_one_file_is_accepted_and_one_that_names_files_is_refused) {
  qemu_img({"create", "-q", "-f", "vmdk", path("one.vmdk"), "2G"});
  const Facts one = inspect(sys::Folder(folder_.path).open("one.vmdk", false), Kind::vmdk);
  EXPECT_EQ(one.bytes, 2 * gibi);
  EXPECT_NO_THROW(require_self_contained(one));
  qemu_img(
      {"create", "-q", "-f", "vmdk", "-o", "subformat=monolithicFlat", path("flat.vmdk"), "2G"});
  const Facts flat = inspect(sys::Folder(folder_.path).open("flat.vmdk", false), Kind::vmdk);
  EXPECT_THROW(require_self_contained(flat), Error);
}

TEST_F(Qcow2, a_full_disk_gives_its_reason) {
  const sys::Fd full = sys::Fd(sys::open_beneath(sys::open_directory("/dev"), "full", 2));
  try {
    sys::write_at(full, "x", 0);
    FAIL();
  } catch (const Error& error) {
    EXPECT_NE(error.wire().find("No space left on device"), std::string::npos);
  }
}

}  // namespace
}  // namespace posada::image
