#include "access/user_config.h"

#include <gtest/gtest.h>

#include "access/identifiers.h"
#include "access/user_config_text.h"
#include "support/conformance.h"

namespace posada::access {
namespace {

std::set<std::string> texts(const json::value& list) {
  std::set<std::string> out;
  for (const auto& item : list.as_array()) out.insert(text_of(item));
  return out;
}

std::string optional_text(const json::object& object, std::string_view name) {
  return text_member(object, name).value_or("");
}

void expect_user(const UserConfig& config, const std::string& id, const json::object& expected) {
  const auto found = config.users.find(id);
  if (found == config.users.end()) {
    EXPECT_EQ(id, root_user);
    return;
  }
  const User& user = found->second;
  EXPECT_EQ(user.enabled ? 1 : 0, integer_member(expected, "enable").value_or(0)) << id;
  EXPECT_EQ(user.expires, integer_member(expected, "expire").value_or(0)) << id;
  EXPECT_EQ(user.email, optional_text(expected, "email")) << id;
  EXPECT_EQ(user.comment, optional_text(expected, "comment")) << id;
  std::set<std::string> groups;
  if (const auto* list = expected.if_contains("groups")) {
    for (const auto& [name, unused] : list->as_object()) groups.insert(name);
  }
  const Names of_user = config.groups_of(id);
  EXPECT_EQ(std::set<std::string>(of_user.begin(), of_user.end()), groups) << id;
  std::size_t tokens = 0;
  if (const auto* list = expected.if_contains("tokens")) {
    for (const auto& [name, value] : list->as_object()) {
      ++tokens;
      const Token* token = config.find_token(id, name);
      ASSERT_NE(token, nullptr) << id << "!" << std::string(name);
      EXPECT_EQ(token->expires, integer_member(value.as_object(), "expire").value_or(0));
      EXPECT_EQ(token->separated ? 1 : 0, integer_member(value.as_object(), "privsep").value_or(0));
    }
  }
  const auto of_config = config.tokens.find(id);
  EXPECT_EQ(of_config == config.tokens.end() ? 0 : of_config->second.size(), tokens) << id;
}

std::set<std::string> acl_lines(const UserConfig& config) {
  std::set<std::string> lines;
  for (const auto& [path, node] : config.acl) {
    for (const auto& [holder, roles] : node) {
      for (const auto& [role, propagate] : roles) {
        lines.insert(path + " " + holder.text() + " " + role + (propagate ? " 1" : " 0"));
      }
    }
  }
  return lines;
}

void expect_model(const UserConfig& config, const json::object& model) {
  for (const auto& [id, user] : model.at("users").as_object()) {
    expect_user(config, id, user.as_object());
  }
  for (const auto& [id, user] : config.users)
    EXPECT_TRUE(model.at("users").as_object().contains(id));
  EXPECT_EQ(config.groups.size(), model.at("groups").as_object().size());
  for (const auto& [name, members] : model.at("groups").as_object()) {
    const Names users = config.users_of_group(std::string(name));
    EXPECT_EQ(std::set<std::string>(users.begin(), users.end()), texts(members));
  }
  EXPECT_EQ(config.pools.size(), model.at("pools").as_object().size());
  for (const auto& [name, pool] : model.at("pools").as_object()) {
    const PoolMembers& members = config.members_of(std::string(name));
    std::set<std::string> guests;
    for (const GuestId guest : members.guests) guests.insert(guest.text());
    EXPECT_EQ(guests, texts(pool.at("vms")));
    EXPECT_EQ(std::set<std::string>(members.storages.begin(), members.storages.end()),
              texts(pool.at("storage")));
  }
  EXPECT_EQ(config.roles.size(), model.at("extra_roles").as_object().size());
  for (const auto& [name, privileges] : model.at("extra_roles").as_object()) {
    const auto names = config.roles.at(name).names();
    EXPECT_EQ(std::set<std::string>(names.begin(), names.end()), texts(privileges));
  }
  std::set<std::string> acl;
  for (const auto& entry : model.at("acl").as_array()) {
    const auto& object = entry.as_object();
    const std::string sign = optional_text(object, "kind") == "group" ? "@" : "";
    acl.insert(optional_text(object, "path") + " " + sign + optional_text(object, "who") + " " +
               optional_text(object, "role") + (object.at("propagate").as_bool() ? " 1" : " 0"));
  }
  EXPECT_EQ(acl_lines(config), acl);
}

TEST(UserConfigText, every_conformance_case_gives_its_model_and_its_canonical_text) {
  const auto cases = testing::conformance("user_cfg_roundtrip");
  if (!cases) GTEST_SKIP() << "conformance/user_cfg_roundtrip.json is not on this machine";
  std::size_t count = 0;
  for (const auto& item : cases->at("cases").as_array()) {
    const auto& object = item.as_object();
    SCOPED_TRACE(text_of(object.at("id")));
    const std::string text = text_of(object.at("user_cfg"));
    const auto& expected = object.at("expect").as_object();
    EXPECT_EQ(rewrite_user_config(text), text_of(expected.at("rewritten")));
    if (const auto* model = expected.if_contains("model")) {
      expect_model(parse_user_config(text).config, model->as_object());
    }
    ++count;
  }
  EXPECT_GT(count, 30U);
}

TEST(UserConfigText, texts_for_people_are_kept_whatever_they_hold) {
  UserConfig config;
  User user;
  user.enabled = true;
  user.first_name = "Núria";
  user.comment = "line one\nline two: 100 % ok";
  config.users["nuria@pve"] = user;
  const ParsedUserConfig again = parse_user_config(print_user_config(config));
  EXPECT_EQ(again.config, config);
  EXPECT_TRUE(again.refused.empty());
}

TEST(UserConfigText, a_line_that_says_nothing_known_is_reported_with_its_number) {
  const auto parsed = parse_user_config("user:root@pam:1:0::::::\n\nuzer:max@pve:1:\n");
  ASSERT_EQ(parsed.refused.size(), 1U);
  EXPECT_EQ(parsed.refused[0].line, 3U);
  EXPECT_NE(parsed.refused[0].text.find("uzer"), std::string::npos);
}

TEST(UserConfigText, the_order_of_lines_does_not_matter) {
  const auto parsed = parse_user_config(
      "acl:1:/vms:max@pve!ci:Mine:\nrole:Mine:VM.Audit:\ngroup:all:max@pve::\n"
      "token:max@pve!ci:0:1::\nuser:max@pve:1:0::::::\n");
  EXPECT_TRUE(parsed.dropped.empty());
  EXPECT_EQ(acl_lines(parsed.config), std::set<std::string>{"/vms max@pve!ci Mine 1"});
  EXPECT_TRUE(parsed.config.users_of_group("all").contains("max@pve"));
}

TEST(UserConfigText, any_bytes_are_read_without_harm_and_canonical_text_is_stable) {
  std::uint32_t seed = 1;
  const std::string_view alphabet = "user:token:group:pool:role:acl:@!/%,;0123\n\t aZ\xc3\xb1";
  for (int round = 0; round < 2000; ++round) {
    std::string text;
    for (int i = 0; i < 60; ++i) {
      seed = seed * 1664525U + 1013904223U;
      text += alphabet[(seed >> 16) % alphabet.size()];
    }
    const std::string once = print_user_config(parse_user_config(text).config);
    EXPECT_EQ(print_user_config(parse_user_config(once).config), once) << text;
  }
}

TEST(Identifiers, user_ids_have_a_name_and_a_realm) {
  EXPECT_TRUE(parse_user_id("root@pam"));
  EXPECT_EQ(parse_user_id("a@b@pve")->name, "a@b");
  for (const char* bad : {"root", "@pam", "root@", "ro ot@pam", "a/b@pve", "a:b@pve", "a@p", ""}) {
    EXPECT_FALSE(parse_user_id(bad)) << bad;
  }
  EXPECT_FALSE(parse_user_id(std::string("a\0b@pve", 7)));
  EXPECT_FALSE(parse_user_id(std::string(61, 'x') + "@pve"));
}

TEST(Identifiers, a_token_id_follows_the_realm) {
  EXPECT_EQ(parse_identity("max@pve!ci")->token, "ci");
  EXPECT_EQ(parse_identity("m!x@pve")->token, "");
  EXPECT_FALSE(parse_identity("max@pve!"));
  EXPECT_FALSE(parse_identity("max@pve!a:b"));
}

TEST(AclPath, only_paths_of_the_object_tree_are_valid) {
  for (const char* good :
       {"/", "/access", "/access/groups/g", "/access/realm/r", "/nodes/n", "/pool/a/b/c",
        "/sdn/zones/z/v/5", "/sdn/dns/x", "/storage/s", "/vms/100", "/mapping/pci/x"}) {
    EXPECT_TRUE(is_valid_acl_path(good)) << good;
  }
  for (const char* bad : {"/users", "/access/roles", "/pool/a/b/c/d", "/sdn/zones/z/v/x",
                          "/sdn/other", "/vms/99", "/vms/x", "/vms/100/x", "/storage/s/x", "vms"}) {
    EXPECT_FALSE(is_valid_acl_path(bad)) << bad;
  }
}

TEST(AclPath, spelling_is_made_one) {
  EXPECT_EQ(normalize_acl_path("//vms//100/"), "/vms/100");
  EXPECT_EQ(normalize_acl_path("vms"), "/vms");
  EXPECT_EQ(normalize_acl_path(""), "/");
  EXPECT_FALSE(normalize_acl_path("/vms/1 00"));
}

}  // namespace
}  // namespace posada::access
