// The config text engine with a small grammar of its own: what any guest's config can rely on.
#include "guest/config_text.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "base/property_formats.h"
#include "guest/properties.h"

namespace posada::guest {
namespace {

Grammar small_grammar() {
  Grammar grammar;
  grammar.guest_word = "CT";
  grammar.pending_section = "pve:pending";
  grammar.keys.add("cores", rule::integer(1))
      .add("onboot", rule::boolean())
      .add("rootfs", rule::text())
      .add_numbered("unused", 10, rule::text());
  grammar.snapshot_keys.add("snaptime", rule::integer(0));
  grammar.raw_prefix = "lxc.";
  grammar.volume_of = [](std::string_view, std::string_view value) -> std::optional<std::string> {
    return std::string(value);
  };
  return grammar;
}

Parsed read(std::string_view text, Strictness strictness = Strictness::lax) {
  return parse_config(text, small_grammar(), GuestId{101}, strictness);
}

TEST(ConfigText, KeysAreWrittenInByteOrderAndSectionsInTheirs) {
  const auto parsed = read(
      "rootfs: a:1\ncores: 2\n\n[zz]\nsnaptime: 5\n\n[pve:pending]\ncores: 3\ndelete: onboot\n\n"
      "[aa]\nsnaptime: 4\n");
  EXPECT_TRUE(parsed.problems.empty());
  EXPECT_EQ(write_config(parsed.config, small_grammar()),
            "cores: 2\nrootfs: a:1\n\n[pve:pending]\ncores: 3\ndelete: onboot\n\n[aa]\n"
            "snaptime: 4\n\n[zz]\nsnaptime: 5\n");
}

TEST(ConfigText, DescriptionLinesMayStandAnywhereAndComeBackFirst) {
  const auto parsed = read("#one%3A 1\ncores: 1\n#two\n");
  EXPECT_EQ(parsed.config.main.description, "one: 1\ntwo");
  EXPECT_EQ(write_config(parsed.config, small_grammar()), "#one%3A 1\n#two\ncores: 1\n");
}

TEST(ConfigText, ALineWithControlCharactersIsLeftOutSoThatTheGuestCanBeEdited) {
  const std::string text("cores: 2\nrootfs: a:1\0b\n[pve:pending]\ndelete: cores\0\n", 52);
  const auto parsed = read(text);
  EXPECT_EQ(parsed.problems.size(), 2U);
  EXPECT_EQ(write_config(parsed.config, small_grammar()), "cores: 2\n");
}

TEST(ConfigText, RawLinesKeepTheirOrderAfterTheKeys) {
  const auto parsed = read("lxc.z = 1\nlxc.a: 2\ncores: 1\n");
  EXPECT_EQ(write_config(parsed.config, small_grammar()), "cores: 1\nlxc.z: 1\nlxc.a: 2\n");
}

TEST(ConfigText, ABadLineIsToldWithItsNumberAndLeftOut) {
  const auto parsed = read("cores: 1\nonboot: perhaps\nnonsense\ndelete: x\n");
  ASSERT_EQ(parsed.problems.size(), 3U);
  EXPECT_EQ(parsed.problems[0].line, 2U);
  EXPECT_EQ(parsed.problems[0].text,
            "CT 101 - unable to parse value of 'onboot' - type check ('boolean') failed - got "
            "'perhaps'");
  EXPECT_EQ(parsed.problems[1].line, 3U);
  EXPECT_EQ(write_config(parsed.config, small_grammar()), "cores: 1\n");
}

TEST(ConfigText, StrictReadingThrowsTheFirstProblemWithItsLine) {
  try {
    read("cores: 1\n\ncores: 2\n", Strictness::strict);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), "guest.config-invalid");
    EXPECT_EQ(error.arguments().at("line"), "3");
    EXPECT_STREQ(error.what(), "CT 101 - duplicate key: cores");
  }
}

TEST(ConfigText, AnUnusedVolumeThatIsUsedAgainIsDropped) {
  const auto parsed = read("rootfs: a:1\nunused0: a:1\nunused1: a:2\n");
  EXPECT_EQ(write_config(parsed.config, small_grammar()), "rootfs: a:1\nunused1: a:2\n");
}

TEST(ConfigText, AWaitingChangeThatSaysWhatIsSoIsDropped) {
  GuestConfig config;
  config.main.values = {{"memory", "128"}};
  config.set_later("memory", "128");
  config.delete_later("swap", false);
  config.clean_pending();
  EXPECT_FALSE(config.has_pending());
}

TEST(ConfigText, TheLastOfAWaitingValueAndAWaitingDeletionWins) {
  GuestConfig config;
  config.main.values = {{"memory", "128"}};
  config.set_later("memory", "256");
  config.delete_later("memory", true);
  EXPECT_TRUE(config.pending.values.empty());
  EXPECT_EQ(print_pending_deletes(config.deletes), "!memory");
  EXPECT_FALSE(config.next().has("memory"));
  config.set_later("memory", "512");
  EXPECT_TRUE(config.deletes.empty());
  EXPECT_EQ(config.next().get("memory"), "512");
}

TEST(ConfigText, NumberedKeysHaveALimitAndNoLeadingZero) {
  const auto grammar = small_grammar();
  EXPECT_TRUE(grammar.keys.knows("unused9"));
  EXPECT_FALSE(grammar.keys.knows("unused10"));
  EXPECT_FALSE(grammar.keys.knows("unused01"));
  EXPECT_FALSE(grammar.keys.knows("unused"));
}

TEST(ConfigText, AValueWritesNoLinesOfItsOwn) {
  const auto grammar = small_grammar();
  for (const std::string& value :
       {std::string("a\ncores: 8"), std::string("a\r"), std::string("a\0b", 3)}) {
    EXPECT_THROW(grammar.keys.check("rootfs", value), Error);
    GuestConfig config;
    config.main.values["rootfs"] = value;
    EXPECT_THROW(write_config(config, grammar), Error);
    config = {};
    config.snapshots["before"].raw.emplace_back("lxc.x", value);
    EXPECT_THROW(write_config(config, grammar), Error);
  }
}

TEST(Properties, OneBareValueStandsForTheDefaultKey) {
  const PropertyFormat format(formats::qemu_net);
  EXPECT_EQ(format.print(format.parse("virtio=BC:24:11:00:00:01,firewall=on")),
            "virtio=BC:24:11:00:00:01,firewall=1");
  EXPECT_EQ(format.print(format.parse("firewall=0,virtio")), "virtio,firewall=0");
  EXPECT_THROW(format.parse("virtio,e1000"), Error);
  EXPECT_THROW(format.parse("virtio,unknown=1"), Error);
  EXPECT_THROW(format.parse("firewall=1"), Error);
}

TEST(Properties, SizesKeepTheirUnit) {
  EXPECT_EQ(parse_size("32G"), 32ULL << 30);
  EXPECT_EQ(parse_size("528K"), 528ULL << 10);
  EXPECT_EQ(parse_size("x"), std::nullopt);
  EXPECT_EQ(print_size(32ULL << 30), "32G");
  EXPECT_EQ(print_size(104858ULL << 10), "104858K");
  EXPECT_EQ(print_size(1000), "1000");
}

}  // namespace
}  // namespace posada::guest
