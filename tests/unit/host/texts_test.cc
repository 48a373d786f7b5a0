// The texts that the machine keeps: settings, names, package sources.
#include <gtest/gtest.h>

#include "base/error.h"
#include "host/name_service.h"
#include "host/options.h"
#include "host/package_sources.h"

namespace posada::host {
namespace {

TEST(OptionLines, are_printed_as_they_were_read) {
  const std::string text = "#two words%3A one\n#second line\nkeyboard: es\nmigration: insecure\n";
  const OptionLines options = parse_options(text);
  EXPECT_EQ(options.description, "two words: one\nsecond line");
  EXPECT_EQ(options.values.at("migration"), "insecure");
  EXPECT_EQ(print_options(options), text);
}

TEST(OptionLines, name_the_line_that_is_wrong) {
  try {
    parse_options("keyboard: es\nnonsense\n");
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.arguments().at("line"), "2");
  }
  EXPECT_THROW(parse_options("keyboard: es\nkeyboard: de\n"), Error);
}

TEST(PropertyObject, has_typed_members) {
  EXPECT_EQ(property_object("next-id", "lower=200,upper=300"),
            json::value({{"lower", 200}, {"upper", 300}}));
  EXPECT_EQ(property_object("migration", "insecure,network=10.0.0.0/8"),
            json::value({{"type", "insecure"}, {"network", "10.0.0.0/8"}}));
  EXPECT_EQ(property_object("migration", "no=such"), json::value("no=such"));
}

TEST(Resolver, reads_the_first_three_servers_and_the_last_search_line) {
  const Resolver resolver = parse_resolver(
      "# made by hand\ndomain old.test\nsearch a.test b.test\nnameserver 192.0.2.1\n"
      "nameserver 192.0.2.2\nnameserver 2001:db8::3\nnameserver 192.0.2.4\n");
  EXPECT_EQ(resolver.search, "a.test b.test");
  EXPECT_EQ(resolver.servers, (std::vector<std::string>{"192.0.2.1", "192.0.2.2", "2001:db8::3"}));
}

TEST(Resolver, keeps_every_line_that_is_not_its_own) {
  EXPECT_EQ(change_resolver("# note\nsearch old.test\nnameserver 192.0.2.1\noptions ndots:2\n",
                            {"new.test", {"192.0.2.9", "192.0.2.9", "192.0.2.8"}}),
            "search new.test\nnameserver 192.0.2.9\nnameserver 192.0.2.8\n# note\n"
            "options ndots:2\n");
}

TEST(Hosts, a_fault_names_its_line) {
  EXPECT_FALSE(hosts_fault("127.0.0.1 localhost\n\n# note\nfe80::1%eth0 node # link\n"));
  EXPECT_EQ(hosts_fault("127.0.0.1 localhost\nlocalhost 127.0.0.1\n"),
            "line 2: 'localhost' is no IP address");
  EXPECT_EQ(hosts_fault("127.0.0.1\n"), "line 1: no name follows the address 127.0.0.1");
}

TEST(PackageSources, one_line_entries_keep_options_comments_and_state) {
  const SourceFile file = parse_one_line_sources(
      "# a note\ndeb [arch=amd64,arm64 signed-by=/k.gpg] http://a.test/debian stable main contrib"
      " # mirror\n# deb http://b.test sid main\nnonsense\n");
  ASSERT_EQ(file.sources.size(), 2U);
  EXPECT_EQ(file.sources[0].uris, std::vector<std::string>{"http://a.test/debian"});
  EXPECT_EQ(file.sources[0].components, (std::vector<std::string>{"main", "contrib"}));
  EXPECT_EQ(file.sources[0].options[0].second, (std::vector<std::string>{"amd64", "arm64"}));
  EXPECT_EQ(file.sources[0].comment, "mirror");
  EXPECT_TRUE(file.sources[0].enabled);
  EXPECT_FALSE(file.sources[1].enabled);
  EXPECT_EQ(file.error, "line 4 is no package source");
}

TEST(PackageSources, stanzas_of_a_sources_file_are_entries) {
  const SourceFile file = parse_deb822_sources(
      "# note\nTypes: deb deb-src\nURIs: http://a.test/debian\nSuites: stable\n stable-updates\n"
      "Components: main\nSigned-By: /k.gpg\n\nTypes: deb\nURIs: http://b.test\nSuites: sid\n"
      "Enabled: no\n");
  ASSERT_EQ(file.sources.size(), 2U);
  EXPECT_EQ(file.sources[0].types, (std::vector<std::string>{"deb", "deb-src"}));
  EXPECT_EQ(file.sources[0].suites, (std::vector<std::string>{"stable", "stable-updates"}));
  EXPECT_EQ(file.sources[0].options[0].first, "Signed-By");
  EXPECT_TRUE(file.sources[0].enabled);
  EXPECT_FALSE(file.sources[1].enabled);
}

}  // namespace
}  // namespace posada::host
