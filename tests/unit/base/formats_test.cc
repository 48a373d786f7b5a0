#include "base/formats.h"

#include <set>

#include <gtest/gtest.h>

#include "base/property_formats.h"
#include "base/property_string.h"

namespace posada {
namespace {

struct Case {
  std::string_view format;
  std::vector<std::string_view> good;
  std::vector<std::string_view> bad;
};

TEST(Formats, TellGoodTextsFromBadOnes) {
  for (const Case& one : std::vector<Case>{
           {"pve-vmid", {"100", "999999999"}, {"99", "0100", "1000000000", "", "10a", "-100"}},
           {"pve-node", {"pve", "node-1", "1"}, {"", "-a", "a-", "a.b", "a_b"}},
           {"pve-storage-id", {"local", "local-lvm", "a.b_c"}, {"", "a", "1a", "a-", "a/b"}},
           {"pve-userid", {"root@pam", "a!b@pve", "a@b@pve"}, {"root", "@pam", "a b@pam", "a@p"}},
           {"pve-realm", {"pam", "my-realm"}, {"", "p", "1a", "a/b"}},
           {"pve-poolid", {"a", "a/b/c"}, {"", "a/b/c/d", "a//b", "a b"}},
           {"pve-tag", {"web", "Web_1", "_a", "0.1"}, {"", "-a", "a b", "ä"}},
           {"ipv4", {"0.0.0.0", "255.255.255.255"}, {"256.1.1.1", "1.2.3", "01.2.3.4", ""}},
           {"ipv6",
            {"::", "::1", "fe80::1", "1:2:3:4:5:6:7:8", "::ffff:1.2.3.4"},
            {":", "1::2::3", "1:2:3:4:5:6:7", "12345::", "1:2:3:4:5:6:7:8:9", "::1.2.3"}},
           {"CIDR", {"10.0.0.0/8", "fd00::/64"}, {"10.0.0.0", "10.0.0.0/7", "10.0.0.0/33", "/8"}},
           {"FullRangeCIDR", {"0.0.0.0/0", "::/0"}, {"0.0.0.0/-1", "0.0.0.0/00"}},
           {"ipv4mask", {"255.255.255.0", "24"}, {"255.0.255.0", "33"}},
           {"pve-ipv4-config", {"dhcp", "manual", "10.0.0.2/24"}, {"auto", "10.0.0.2"}},
           {"pve-ipv6-config", {"auto", "dhcp", "fd00::2/64"}, {"10.0.0.2/24"}},
           {"mac-addr",
            {"BC:24:11:00:00:01", "02:00:00:00:00:00"},
            {"01:00:00:00:00:00", "BC-24-11-00-00-01", "BC:24:11:00:00", ""}},
           {"dns-name", {"a", "a.b-c.d", "vubuntu_1"}, {"", "_a", "-a", "a.", "a..b", "a b"}},
           {"email-opt", {"", "a@b", "a+b@c.de"}, {"a", "@b", "a@", "a b@c"}},
           {"pve-iface", {"eth0", "enp0s31f6", "vmbr0", "eth0.5", "eth0:1"}, {"a", "0a", "a b"}},
           {"pve-volume-id", {"local:iso/a.iso", "local:8"}, {"local", ":a", "local:", "lo cal:a"}},
           {"pve-volume-id-or-qm-path",
            {"none", "cdrom", "/dev/sda", "local:8"},
            {"", "/a/../b", "abc"}},
           {"disk-size", {"8", "4G", "1.5T"}, {"", "G", "4P", "-1G", "4GB"}},
           {"pve-hotplug-features", {"0", "1", "network,disk"}, {"net"}},
           {"pve-cpuset", {"0", "0-3,5"}, {"a", "3-0", "0-", ""}},
           {"pve-lxc-mp-string", {"local:8", "/srv/data"}, {"", "/srv/../etc", "../x", "/a/./b"}},
           {"pve-storage-path", {"/srv/a-b_c.d@e"}, {"srv", "/a/../b", "/a b", ""}},
           {"pve-node-list", {"", "a", "a,b;c d"}, {"a,b_c"}},
           {"pve-vmid-list", {"100,101"}, {"100,1"}},
           {"storage-pair-list", {"1", "a1:b1", "local,a1:b1"}, {"a1:b1:c1", "?"}},
           {"pve-fw-addr-spec",
            {"10.0.0.1", "10.0.0.1-10.0.0.9,10.1.0.0/16", "+set", "dc/name"},
            {"10.0.0.1,fd00::1", "10.0.0.0/33", "?"}},
           {"pve-fw-dport-spec", {"80", "80,443", "1000:2000", "https"}, {"70000", "2:1", ""}},
           {"pve-vlan-id-or-range-list", {"2-4094", "5 7"}, {"0", "4095", "7-5"}},
           {"pve-storage-portal-dns",
            {"10.0.0.1", "host:3260", "[fd00::1]:3260", "fd00::1"},
            {"host:0", "a:b", "host:99999"}},
           {"pve-replication-job-id", {"100-0"}, {"100", "99-0", "100-"}},
           {"urlencoded", {"", "a%20b"}, {"a b", "a\"b"}},
       }) {
    for (std::string_view text : one.good) {
      EXPECT_EQ(check_format(one.format, text), std::nullopt) << one.format << ": " << text;
    }
    for (std::string_view text : one.bad) {
      EXPECT_NE(check_format(one.format, text), std::nullopt) << one.format << ": " << text;
    }
  }
}

TEST(Formats, SayWhatIsWrongInTheWordsOfTheWire) {
  EXPECT_EQ(check_format("pve-vmid", "1"), "value does not look like a valid VM ID\n");
  EXPECT_EQ(check_format("pve-configid", "1x"), "invalid configuration ID '1x'\n");
  EXPECT_EQ(check_format("pve-node-list", "a,b_"), "value does not look like a valid node name\n");
}

TEST(Formats, NoTextWithControlCharactersNamesAThing) {
  for (std::string_view format : {"pve-node", "pve-storage-id", "pve-volume-id", "pve-userid",
                                  "pve-configid", "pve-iface", "dns-name", "pve-storage-path"}) {
    for (std::string text : {std::string("local:a\0b", 9), std::string("local:a\nb"),
                             std::string("/a\rb"), std::string("root@pam\n")}) {
      EXPECT_NE(check_format(format, text), std::nullopt) << format;
    }
  }
}

TEST(Formats, AnUnknownNameIsABug) {
  EXPECT_THROW(check_format("nosuch", "x"), std::logic_error);
  EXPECT_FALSE(is_known_format("nosuch"));
  EXPECT_TRUE(is_known_format("pve-node-list"));
  EXPECT_TRUE(is_list_format("pve-node-list"));
  EXPECT_FALSE(is_list_format("pve-node"));
}

// Keys of property strings name only formats that exist, and have their target and needs.
TEST(Formats, OfPropertyStringsAreKnown) {
  for (const PropertyFormat* format : formats::all()) {
    for (const Member* member : format->members) {
      if (!member->alias.empty()) {
        EXPECT_NE(find_member(format->members, member->alias), nullptr) << format->name;
        continue;
      }
      std::string_view name = member->rule->format;
      if (name.empty() || member->rule->properties != nullptr) continue;
      EXPECT_TRUE(is_known_format(name)) << format->name << " " << member->name << " " << name;
    }
  }
}

}  // namespace
}  // namespace posada
