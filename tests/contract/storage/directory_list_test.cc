// What a directory storage lists, against the conformance cases.
#include <filesystem>

#include "contract/storage/fixture.h"
#include "image/image.h"
#include "storage/directory_layout.h"
#include "storage/drivers/directory.h"
#include "support/conformance.h"
#include "sys/folder.h"

namespace posada::storage::testing {
namespace {

// Makes the files of a case below `root`, with the backing files that it names.
void make_files(const json::object& test, const std::string& root) {
  std::size_t next_backing = 0;
  for (const json::value& value : test.at("files").as_array()) {
    std::string path(value.as_string());
    path = root + path.substr(5);  // "@DIR@"
    if (path.ends_with('/')) {
      sys::make_directories(path);
      continue;
    }
    const std::filesystem::path file(path);
    sys::make_directories(file.parent_path());
    const sys::Fd image = sys::Folder(file.parent_path()).create(file.filename(), 0644);
    if (file.extension() != ".qcow2") {
      sys::set_length(image, 131072);
      continue;
    }
    std::optional<image::Backing> backing;
    if (!test.at("backing").is_null() && next_backing < test.at("backing").as_array().size())
      backing =
          image::Backing{std::string(test.at("backing").as_array()[next_backing++].as_string()),
                         image::Kind::qcow2};
    image::create_qcow2(image, 131072, image::Preallocation::off, backing);
  }
}

TEST(DirectoryListing, agrees_with_the_conformance_cases) {
  const auto cases = posada::testing::conformance("storage_names");
  if (!cases) GTEST_SKIP() << "conformance/storage_names.json is not here";
  setenv("TZ", "UTC", 1);
  tzset();
  std::size_t checked = 0;
  for (const json::value& value : cases->at("cases").as_array()) {
    const json::object& test = value.as_object();
    if (test.at("op").as_string() != "list_volumes") continue;
    Place place;
    make_files(test, place.path);
    DirectoryDriver driver({"local", "dir", {{"path", place.path}}});
    std::set<Content> contents;
    for (const json::value& content : test.at("content_types").as_array())
      contents.insert(*content_from(std::string(content.as_string())));
    std::optional<GuestId> guest;
    if (const auto number = text_member(test, "only_vmid"))
      guest = GuestId{static_cast<std::uint32_t>(std::stoul(*number))};
    const std::vector<ListedVolume> listed = driver.list(contents, guest);
    const json::array& expected = test.at("expect").at("value").as_array();
    const std::string id(test.at("id").as_string());
    ASSERT_EQ(listed.size(), expected.size()) << id;
    for (std::size_t i = 0; i < listed.size(); ++i) {
      const json::object& wanted = expected[i].as_object();
      const ListedVolume& volume = listed[i];
      EXPECT_EQ(volume.id.text(), text_member(wanted, "volid")) << id;
      EXPECT_EQ(volume.format, text_member(wanted, "format")) << id;
      EXPECT_EQ(volume.parent, text_member(wanted, "parent").value_or("")) << id;
      if (volume.guest) EXPECT_EQ(volume.guest->text(), text_member(wanted, "vmid")) << id;
      if (volume.format == "raw" || volume.format == "qcow2")
        EXPECT_EQ(volume.bytes, 131072U) << id;
      if (volume.content == Content::backup)
        EXPECT_EQ(volume.created, integer_member(wanted, "ctime")) << id;
      ++checked;
    }
  }
  EXPECT_GT(checked, 20U);
}

}  // namespace
}  // namespace posada::storage::testing
