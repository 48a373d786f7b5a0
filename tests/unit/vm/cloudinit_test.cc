// What cloud-init is told, from config to text.
#include "vm/cloudinit.h"

#include <gtest/gtest.h>

#include "vm/config.h"

namespace posada::vm {
namespace {

const GuestId id{100};

guest::GuestConfig config_of(const std::string& text) {
  return guest::parse_config(text, grammar(), id).config;
}

std::string text_of_part(const std::string& config, CloudInitPart part,
                         const host::Resolver& resolver = {}) {
  return cloudinit_text(id, config_of(config).main, part, resolver);
}

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

TEST(CloudInit, AFullNameGivesHostAndDomain) {
  const auto full = text_of_part("name: web.example.org\n", CloudInitPart::user);
  EXPECT_TRUE(has(full, "hostname: 'web'\n") && has(full, "fqdn: 'web.example.org'\n")) << full;
  const auto searched =
      text_of_part("name: web\nsearchdomain: example.net other.net\n", CloudInitPart::user);
  EXPECT_TRUE(has(searched, "fqdn: 'web.example.net'\n")) << searched;
  const auto nameless = text_of_part("memory: 64\n", CloudInitPart::user);
  EXPECT_TRUE(has(nameless, "hostname: 'VM100'\n") && !has(nameless, "fqdn")) << nameless;
}

TEST(CloudInit, ASnippetTakesThePlaceOfWhatWouldBeMade) {
  const auto config = config_of("name: web\nciuser: somebody\n").main;
  const Snippets snippets = {{"user", "#cloud-config\nown: 1\n"}, {"vendor", "#cloud-config\n"}};
  EXPECT_EQ(cloudinit_text(id, config, CloudInitPart::user, {}, snippets),
            "#cloud-config\nown: 1\n");
  EXPECT_EQ(cloudinit_text(id, config, CloudInitPart::network, {}, snippets),
            cloudinit_text(id, config, CloudInitPart::network, {}));
  // Another text makes cloud-init set the guest up anew.
  EXPECT_NE(cloudinit_text(id, config, CloudInitPart::meta, {}, snippets),
            cloudinit_text(id, config, CloudInitPart::meta, {}));
  EXPECT_EQ(cloudinit_text(id, config, CloudInitPart::meta, {}, {{"meta", "instance-id: x\n"}}),
            "instance-id: x\n");
  const auto disc = cloudinit_disc(id, config, {}, snippets);
  EXPECT_TRUE(has(disc, "own: 1") && has(disc, "vendor-data"));
  EXPECT_FALSE(has(cloudinit_disc(id, config, {}), "vendor-data"));
}

TEST(CloudInit, AQuoteInAValueStaysInsideIt) {
  const auto text = text_of_part("sshkeys: ssh-rsa%20AAAA%20it%27s%0A\n", CloudInitPart::user);
  EXPECT_TRUE(has(text, "  - 'ssh-rsa AAAA it''s'\n")) << text;
}

TEST(CloudInit, ACardWithoutAddressesAsksByDhcp) {
  const auto text = text_of_part(
      "net0: virtio=BC:24:11:00:00:01\nnet1: e1000=BC:24:11:00:00:02\n"
      "ipconfig1: ip=10.1.2.3/20,gw=10.1.0.1,ip6=2001:db8::5/64,gw6=2001:db8::1\n",
      CloudInitPart::network);
  EXPECT_TRUE(has(text, "mac_address: 'bc:24:11:00:00:01'\n      subnets:\n      - type: dhcp4\n"))
      << text;
  EXPECT_TRUE(has(text, "        address: '10.1.2.3'\n        netmask: '255.255.240.0'\n"
                        "        gateway: '10.1.0.1'\n"))
      << text;
  EXPECT_TRUE(has(text, "- type: static6\n        address: '2001:db8::5/64'\n"
                        "        gateway: '2001:db8::1'\n"))
      << text;
}

TEST(CloudInit, TheHostsNameServersCountWhenTheConfigNamesNone) {
  const host::Resolver resolver{"home.arpa", {"127.0.0.53", "192.0.2.1"}};
  const auto inherited = text_of_part("memory: 64\n", CloudInitPart::network, resolver);
  EXPECT_TRUE(has(inherited, "- '192.0.2.1'") && has(inherited, "- 'home.arpa'")) << inherited;
  EXPECT_FALSE(has(inherited, "127.0.0.53")) << inherited;
  const auto own = text_of_part("nameserver: 192.0.2.9\n", CloudInitPart::network, resolver);
  EXPECT_TRUE(has(own, "- '192.0.2.9'") && !has(own, "192.0.2.1'")) << own;
}

TEST(CloudInit, AnotherContentIsAnotherInstance) {
  const auto one = text_of_part("ciuser: ana\n", CloudInitPart::meta);
  EXPECT_EQ(one, text_of_part("ciuser: ana\ncores: 4\n", CloudInitPart::meta));
  EXPECT_NE(one, text_of_part("ciuser: berta\n", CloudInitPart::meta));
}

TEST(CloudInit, WhatIsNotOnTheDiscYetIsShownAsWaitingAndAPasswordNever) {
  const auto rows = cloudinit_pending(
      config_of("ciuser: berta\ncipassword: $6$a$new\nide2: local:100/vm-100-cloudinit.qcow2,"
                "media=cdrom\n\n[special:cloudinit]\nciuser: ana\ncipassword: $6$a$old\n"
                "searchdomain: example.org\n"));
  const json::array expected = {
      {{"key", "cipassword"}, {"value", "**********"}, {"pending", "**********"}},
      {{"key", "ciuser"}, {"value", "ana"}, {"pending", "berta"}},
      {{"key", "searchdomain"}, {"value", "example.org"}, {"delete", 1}}};
  EXPECT_EQ(json::serialize(rows), json::serialize(expected));
}

}  // namespace
}  // namespace posada::vm
