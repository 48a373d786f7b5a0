// How the field's reference implementation reads and writes VM configs, case by case.
#include <gtest/gtest.h>

#include "base/error.h"
#include "base/text.h"
#include "support/conformance.h"
#include "vm/config.h"

namespace posada::vm {
namespace {

std::string parse_and_write(const json::object& entry) {
  const bool strict = entry.at("strict").as_bool();
  const auto parsed =
      guest::parse_config(entry.at("config").as_string(), grammar(), GuestId{8006},
                          strict ? guest::Strictness::strict : guest::Strictness::lax);
  return guest::write_config(parsed.config, grammar());
}

std::string restore(const json::object& entry) {
  const std::string text(entry.at("config").as_string());
  const std::string id = std::to_string(entry.at("vmid").as_int64());
  std::map<std::string, std::string, std::less<>> places;
  for (const BackupDisk& disk : backup_disks(text)) {
    const std::string format = disk.format.empty() ? "raw" : disk.format;
    places[disk.key] =
        "target:" + id + "/vm-" + id + "-disk-" + std::to_string(places.size()) + "." + format;
  }
  return restored_config(text, [&](std::string_view key) -> std::optional<std::string> {
    const auto found = places.find(key);
    return found == places.end() ? std::nullopt : std::optional(found->second);
  });
}

TEST(ConfigConformance, EveryConfigTextIsReadAndWrittenAsTheReferenceDoes) {
  const auto file = testing::conformance("qemu_config_roundtrip");
  if (!file) {
    GTEST_SKIP() << "conformance/qemu_config_roundtrip.json is absent";
  }
  for (const json::value& item : file->at("cases").as_array()) {
    const json::object& entry = item.as_object();
    SCOPED_TRACE(std::string(entry.at("id").as_string()));
    const json::object& expect = entry.at("expect").as_object();
    const auto run = entry.at("op").as_string() == "parse_write" ? parse_and_write : restore;
    try {
      const std::string written = run(entry);
      ASSERT_TRUE(expect.contains("config")) << "should have failed";
      EXPECT_EQ(written, std::string(expect.at("config").as_string()));
    } catch (const Error& error) {
      ASSERT_TRUE(expect.contains("error")) << error.what();
      EXPECT_EQ(std::string(error.what()), std::string(expect.at("error").as_string()));
    }
  }
}

TEST(ConfigConformance, ListsOfWaitingDeletionsAreReadAndWrittenAsTheReferenceDoes) {
  const auto file = testing::conformance("small_grammars");
  if (!file) {
    GTEST_SKIP() << "conformance/small_grammars.json is absent";
  }
  int seen = 0;
  for (const json::value& item : file->at("cases").as_array()) {
    const json::object& entry = item.as_object();
    const std::string op(entry.at("op").as_string());
    if (op == "parse_pending_delete") {
      ++seen;
      guest::PendingDeletes expected;
      for (const auto& [key, value] : entry.at("expect").at("value").as_object()) {
        expected[std::string(key)] = value.at("force").as_int64() == 1;
      }
      const auto text = entry.at("input").as_array().at(0).as_string();
      EXPECT_EQ(guest::parse_pending_deletes(text), expected) << text;
    } else if (op == "print_pending_delete") {
      ++seen;
      guest::PendingDeletes deletes;
      for (const auto& [key, value] : entry.at("input").as_array().at(0).as_object()) {
        deletes[std::string(key)] = value.at("force").as_int64() == 1;
      }
      EXPECT_EQ(guest::print_pending_deletes(deletes),
                std::string(entry.at("expect").at("value").as_string()));
    }
  }
  EXPECT_GE(seen, 7);
}

}  // namespace
}  // namespace posada::vm
