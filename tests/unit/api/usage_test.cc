#include "api/usage.h"

#include <gtest/gtest.h>

#include "base/property_formats.h"
#include "base/text.h"

namespace posada::api {
namespace {

const Method& method(Verb verb, std::vector<std::string> segments) {
  return *find_route(verb, segments).method;
}

TEST(Usage, NamesWhatMustBeGiven) {
  EXPECT_EQ(
      usage_line(method(Verb::post, {"nodes", "a", "lxc"}), {"pct create", {"vmid"}, {"node"}}),
      "USAGE: pct create <vmid> --ostemplate <string> [OPTIONS]");
  EXPECT_EQ(usage_line(method(Verb::get, {"version"}), {"pvesh get /version", {}, {}}),
            "USAGE: pvesh get /version");
}

TEST(Usage, DescribesEveryParameterWithItsValues) {
  std::string text =
      usage_text(method(Verb::post, {"nodes", "a", "qemu"}), {"qm create", {"vmid"}, {"node"}});
  EXPECT_NE(text.find("\n  vmid <integer> (100 - 999999999)\n          Id of the guest\n"),
            std::string::npos);
  EXPECT_NE(text.find("\n  --bios <ovmf | seabios> (default=seabios)\n          Firmware\n"),
            std::string::npos);
  EXPECT_NE(text.find("\n  --net[0-31] [model=]<enum>"), std::string::npos);
  EXPECT_EQ(text.find("--node"), std::string::npos);
}

TEST(Usage, LinesFitATerminal) {
  for (const Method& one : methods()) {
    for (const std::string& line : split(usage_text(one, {"x", {}, {}}), '\n')) {
      if (line.starts_with("USAGE") || line.find(' ', 10) == std::string::npos) continue;
      EXPECT_LE(line.size(), 110u) << line;
    }
  }
}

TEST(Usage, ShowsPropertyStrings) {
  Rule rule;
  rule.properties = &formats::qemu_spice_enhancements;
  EXPECT_EQ(value_hint(rule), "[foldersharing=<1|0>] [,videostreaming=<off|all|filter>]");
  rule.properties = &formats::qemu_ivshmem;
  EXPECT_EQ(value_hint(rule), "size=<integer> [,name=<string>]");
  rule.properties = &formats::qemu_vga;
  EXPECT_EQ(value_hint(rule), "[[type=]<enum>] [,clipboard=<vnc>] [,memory=<integer>]");
}

}  // namespace
}  // namespace posada::api
