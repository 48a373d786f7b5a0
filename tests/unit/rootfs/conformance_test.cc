// Configs and root folders of many distributions, and what must stand in their files afterwards.
#include "support/conformance.h"

#include <cstdlib>
#include <filesystem>

#include <gtest/gtest.h>

#include "base/property_formats.h"
#include "base/property_string.h"
#include "base/text.h"
#include "rootfs/setup.h"
#include "sys/file.h"

namespace posada::rootfs {
namespace {

constexpr std::int64_t today = 20000;

struct Folder {
  Folder() {
    char shape[] = "/tmp/posada-rootfs-XXXXXX";
    top = ::mkdtemp(shape);
    root = top + "/root";
    sys::make_directories(root);
  }
  ~Folder() { sys::remove_tree(top); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  std::string top, root;
};

void make_file(const std::string& root, const std::string& path, const json::value& content) {
  sys::make_directories(root + path.substr(0, path.rfind('/')));
  if (const json::object* link = content.if_object())
    std::filesystem::create_symlink(std::string(link->at("symlink").as_string()), root + path);
  else
    sys::write_file(root + path, std::string_view(content.as_string()));
}

std::string member(const PropertyValues& values, const char* name) {
  const auto found = values.find(name);
  return found == values.end() ? "" : found->second;
}

Setup setup_of(const std::string& config) {
  Setup setup;
  for (const std::string& line : split(config, '\n')) {
    const std::size_t colon = line.find(": ");
    if (colon == std::string::npos) continue;
    const std::string key = line.substr(0, colon), value = line.substr(colon + 2);
    if (key == "hostname") setup.hostname = value;
    if (key == "ostype") setup.distribution = value;
    if (key == "searchdomain") setup.search_domains = split_list(value);
    if (key == "nameserver") setup.name_servers = split_list(value);
    if (key == "tty") setup.terminals = to_integer(value).value_or(0);
    if (!key.starts_with("net")) continue;
    const auto card = parse_property_string(formats::lxc_net, value, key);
    setup.cards.push_back({member(card, "name"), member(card, "ip"), member(card, "gw"),
                           member(card, "ip6"), member(card, "gw6")});
  }
  // What the host that made the expectations had.
  if (setup.search_domains.empty() && setup.name_servers.empty()) {
    setup.search_domains = {"proxmox.com"};
    setup.name_servers = {"8.8.8.8", "8.8.8.9"};
  }
  return setup;
}

// The generator of the expectations: 48 bits, seeded with zero.
struct Sequence {
  std::uint64_t state = 0x330e;
  double next() {
    state = (state * 0x5deece66dULL + 0xb) & ((1ULL << 48) - 1);
    return static_cast<double>(state) / static_cast<double>(1ULL << 48);
  }
};

void prepare(const Folder& folder, const Setup& setup) {
  Sequence sequence;
  const Chance chance{[&] { return sequence.next(); },
                      [] { return std::string("00000000-0000-0000-0000-000000000000"); }};
  prepare_new(Files(folder.root), setup, {"$5$SALT$PASS", "ssh-rsa ABCDEFG ABC@DEF", today},
              chance);
}

void check(const json::object& item) {
  const Folder folder;
  for (const auto& [path, content] : item.at("rootfs").as_object())
    make_file(folder.root, path, content);
  const Setup setup = setup_of(std::string(item.at("config").as_string()));
  prepare(folder, setup);
  const json::object& files = item.at("expect").as_object().at("files").as_object();
  for (int pass = 0; pass < 2; ++pass) {
    for (const auto& [path, content] : files) {
      std::string wanted(content.as_string());
      if (const std::size_t at = wanted.find("@DAYS@"); at != std::string::npos)
        wanted.replace(at, 6, std::to_string(today));
      EXPECT_EQ(sys::read_file_if_exists(folder.root + std::string(path)).value_or("(absent)"),
                wanted)
          << std::string_view(path) << (pass == 1 ? " when prepared again" : "");
    }
    prepare(folder, setup);
  }
}

TEST(GuestFiles, AreWhatEachDistributionExpects) {
  const auto file = testing::conformance("ct_guest_setup");
  if (!file) GTEST_SKIP() << "conformance/ct_guest_setup.json is absent";
  const json::array& cases = file->at("cases").as_array();
  ASSERT_GE(cases.size(), 10U);
  for (const json::value& item : cases) {
    SCOPED_TRACE(text_of(item.as_object().at("id")));
    check(item.as_object());
  }
}

}  // namespace
}  // namespace posada::rootfs
