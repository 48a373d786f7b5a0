// What taking, removing and going back to snapshots does to the config's text, case by case as the
// field's reference implementation does it.
#include <iostream>
#include <set>

#include <gtest/gtest.h>

#include "base/error.h"
#include "guest/snapshots.h"
#include "support/conformance.h"
#include "vm/config.h"
#include "vm/config_edit.h"

namespace posada::vm {
namespace {

std::vector<std::string> disk_volumes(const guest::ConfigSection& section) {
  std::vector<std::string> result;
  for (const Drive& disk : drives(section)) {
    if (disk.names_volume() && !disk.is_cdrom()) result.emplace_back(disk.file());
  }
  return result;
}

void keep_volume(guest::ConfigSection& section, const std::string& volume) {
  guest::keep_unused(section, volume);
}

void apply(guest::GuestConfig& config, const std::string& step, const std::string& name,
           const std::string& comment) {
  constexpr std::int64_t now = 1234567890;
  if (step == "prepare" || step == "create") guest::begin_snapshot(config, name, comment, now);
  if (step == "commit" || step == "create") guest::finish_snapshot(config, name);
  if (step == "delete") {
    guest::begin_snapshot_removal(config, name);
    guest::finish_snapshot_removal(config, name);
  }
  if (step == "rollback") {
    guest::begin_rollback(config, name);
    guest::finish_rollback(config, name, disk_volumes, keep_volume);
  }
}

// Cases that fail for what is outside the text: locks, the storage, the saving of memory.
bool is_about_the_text(const json::object& entry) {
  if (entry.at("kind") != "VM") return false;
  const auto& parameters = entry.at("params").as_object();
  if (const auto* memory = parameters.if_contains("vmstate"); memory && *memory == json::value(1)) {
    return false;
  }
  const auto* error = entry.at("expect").as_object().if_contains("error");
  if (error == nullptr) return true;
  const std::string text(error->as_string());
  return text.find("does not exist") != std::string::npos || text == "missing snapshot lock" ||
         text == "wrong snapshot state" || text.starts_with("unable to rollback to incomplete");
}

TEST(SnapshotConformance, TextsAreAsTheFieldKnowsThem) {
  const auto file = testing::conformance("snapshots");
  if (!file) GTEST_SKIP() << "conformance/snapshots.json is absent";
  std::size_t compared = 0;
  for (const json::value& item : file->at("cases").as_array()) {
    const json::object& entry = item.as_object();
    if (!is_about_the_text(entry)) continue;
    SCOPED_TRACE(std::string(entry.at("id").as_string()));
    const GuestId id{entry.at("vmid").to_number<std::uint32_t>()};
    const std::string before(entry.at("config").as_string());
    auto config = guest::parse_config(before, grammar(), id).config;
    const json::object& expect = entry.at("expect").as_object();
    std::string failure;
    try {
      apply(config, std::string(entry.at("op").as_string()),
            std::string(entry.at("snapshot").as_string()),
            text_member(entry.at("params").as_object(), "comment").value_or(""));
    } catch (const Error& error) {
      failure = error.what();
    }
    EXPECT_EQ(failure, text_member(expect, "error").value_or(""));
    if (failure.empty()) {
      const auto wanted =
          guest::parse_config(std::string(expect.at("config").as_string()), grammar(), id).config;
      EXPECT_EQ(guest::write_config(config, grammar()), guest::write_config(wanted, grammar()));
    }
    ++compared;
  }
  EXPECT_GE(compared, 10U);
  std::cout << compared << " cases compared\n";
}

}  // namespace
}  // namespace posada::vm
