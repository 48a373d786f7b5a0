#include "access/permissions.h"

#include <gtest/gtest.h>

#include "access/identifiers.h"
#include "access/user_config_text.h"
#include "support/conformance.h"

namespace posada::access {
namespace {

std::vector<std::string> sorted_texts(const json::value& list) {
  std::vector<std::string> out;
  for (const auto& item : list.as_array()) out.push_back(text_of(item));
  std::sort(out.begin(), out.end());
  return out;
}

TEST(Permissions, every_conformance_case_gives_its_roles_and_privileges) {
  const auto cases = testing::conformance("permissions");
  if (!cases) GTEST_SKIP() << "conformance/permissions.json is not on this machine";
  std::size_t count = 0;
  for (const auto& item : cases->at("cases").as_array()) {
    const UserConfig config = parse_user_config(text_of(item.at("user_cfg"))).config;
    Permissions permissions(config);
    for (const auto& check : item.at("checks").as_array()) {
      const auto& object = check.as_object();
      if (!object.contains("authid")) continue;  // see questions about others, below
      const std::string path = text_of(object.at("path"));
      SCOPED_TRACE(text_of(item.at("id")) + " " + text_of(object.at("authid")) + " " + path);
      const auto identity = parse_identity(text_of(object.at("authid")));
      ASSERT_TRUE(identity);
      const auto expected = sorted_texts(object.at("expect"));
      if (text_of(object.at("query")) == "roles") {
        const Names names = permissions.roles(*identity, path);
        EXPECT_EQ(std::vector<std::string>(names.begin(), names.end()), expected);
      } else {
        EXPECT_EQ(permissions.privileges(*identity, path).names(), expected);
      }
      ++count;
    }
  }
  EXPECT_GE(count, 100U);
}

TEST(Permissions, questions_about_others_need_the_right_to_audit) {
  const auto cases = testing::conformance("permissions");
  if (!cases) GTEST_SKIP() << "conformance/permissions.json is not on this machine";
  std::size_t count = 0;
  for (const auto& item : cases->at("cases").as_array()) {
    const UserConfig config = parse_user_config(text_of(item.at("user_cfg"))).config;
    Permissions permissions(config);
    for (const auto& check : item.at("checks").as_array()) {
      const auto* as = check.as_object().if_contains("as");
      if (as == nullptr) continue;
      SCOPED_TRACE(text_of(check.at("what")));
      const Identity asker = parse_identity(text_of(*as)).value();
      const auto& params = check.at("request").at("params").as_object();
      const auto about = text_member(params, "userid");
      const Identity subject = about ? parse_identity(*about).value() : asker;
      const auto& expected = check.at("expect").as_object();
      EXPECT_EQ(permissions.may_ask_about(asker, subject), !expected.contains("denied"));
      if (const auto* same = expected.if_contains("same_as_effective_permissions_of")) {
        const Identity other = parse_identity(text_of(*same)).value();
        const auto of_subject = permissions.all_granted(subject);
        const auto of_other = permissions.all_granted(other);
        ASSERT_EQ(of_subject.size(), of_other.size());
        for (const auto& [path, granted] : of_subject) {
          EXPECT_EQ(granted.here, of_other.at(path).here) << path;
        }
      }
      ++count;
    }
  }
  EXPECT_GT(count, 30U);
}

class PermissionsOf : public ::testing::Test {
 protected:
  void use(std::string_view text) {
    config_ = parse_user_config(text).config;
    permissions_.changed();
  }
  static std::string refusal(const std::function<void()>& action) {
    try {
      action();
    } catch (const Error& error) {
      EXPECT_EQ(error.http_status(), 403);
      return error.wire();
    }
    return "";
  }
  UserConfig config_;
  Permissions permissions_{config_};
  const Identity root_{"root@pam", {}};
  const Identity max_{"max@pve", {}};
};

TEST_F(PermissionsOf, a_refusal_names_the_path_and_the_first_missing_privilege) {
  use("user:max@pve:1:\nacl:1:/vms:max@pve:PVEAuditor:\n");
  EXPECT_EQ(refusal([&] {
              permissions_.check(max_, "/vms/100",
                                 {Privilege::vm_audit, Privilege::vm_power, Privilege::vm_console});
            }),
            "Permission check failed (/vms/100, VM.PowerMgmt)");
  EXPECT_EQ(refusal([&] {
              permissions_.check(max_, "/vms/100", {Privilege::vm_power, Privilege::vm_console},
                                 true);
            }),
            "Permission check failed (/vms/100, VM.PowerMgmt|VM.Console)");
  EXPECT_EQ(refusal([&] { permissions_.check(max_, "/vms/100", Privilege::vm_audit); }), "");
}

TEST_F(PermissionsOf, root_may_do_everything_and_its_tokens_what_they_are_given) {
  use("token:root@pam!full:0:0::\ntoken:root@pam!part:0:1::\n"
      "role:Host:Sys.Root,VM.Audit:\nacl:1:/:root@pam!part:Host:\n");
  EXPECT_TRUE(permissions_.may(root_, "/", Privilege::sys_root));
  EXPECT_TRUE(permissions_.may({"root@pam", "full"}, "/vms/100", Privilege::vm_allocate));
  EXPECT_FALSE(permissions_.may({"root@pam", "full"}, "/", Privilege::sys_root));
  EXPECT_TRUE(permissions_.may({"root@pam", "part"}, "/", Privilege::sys_root));
  EXPECT_FALSE(permissions_.may({"root@pam", "part"}, "/vms/100", Privilege::vm_allocate));
  EXPECT_FALSE(permissions_.may({"root@pam", "gone"}, "/vms/100", Privilege::vm_audit));
}

TEST_F(PermissionsOf, the_privilege_of_root_is_in_no_list_and_no_built_in_role) {
  EXPECT_EQ(permissions_.all_granted(root_).at("/").here.names().size(), 47U);
  for (const auto& [name, privileges] : builtin_roles()) {
    EXPECT_FALSE(privileges.contains(Privilege::sys_root)) << name;
  }
  EXPECT_EQ(builtin_roles().at("PVEAdmin").names().size(), 40U);
}

TEST_F(PermissionsOf, whoever_does_not_exist_has_nothing) {
  use("group:all:::\nacl:1:/:@all:Administrator:\n");
  config_.group_members["all"].insert("ghost@pve");
  config_.acl["/"][{AclHolder::Kind::user, "ghost@pve"}]["Administrator"] = true;
  permissions_.changed();
  EXPECT_TRUE(permissions_.privileges({"ghost@pve", {}}, "/").empty());
  EXPECT_TRUE(permissions_.all_granted({"ghost@pve", "t"}).empty());
}

TEST_F(PermissionsOf, a_guest_that_enters_or_leaves_a_pool_is_seen_at_once) {
  use("user:max@pve:1:\npool:web::::\nacl:1:/pool/web:max@pve:PVEVMUser:\n");
  EXPECT_FALSE(permissions_.may(max_, "/vms/100", Privilege::vm_power));
  ASSERT_TRUE(config_.add_guest("web", {100}));
  EXPECT_TRUE(permissions_.may(max_, "/vms/100", Privilege::vm_power));
  config_.remove_guest({100});
  EXPECT_FALSE(permissions_.may(max_, "/vms/100", Privilege::vm_power));
}

TEST_F(PermissionsOf, an_entry_that_does_not_propagate_does_not_hide_what_comes_from_above) {
  use("user:max@pve:1:\ngroup:g:max@pve:\nacl:1:/:max@pve:PVEAuditor:\n"
      "acl:0:/vms:max@pve:NoAccess:\nacl:1:/vms:@g:PVEVMUser:\n");
  EXPECT_FALSE(permissions_.may(max_, "/vms", Privilege::vm_audit));
  EXPECT_TRUE(permissions_.may(max_, "/vms/100", Privilege::vm_power));
  EXPECT_TRUE(permissions_.may(max_, "/nodes/n1", Privilege::sys_audit));
}

TEST_F(PermissionsOf, what_does_not_propagate_is_told_apart) {
  use("user:max@pve:1:\nacl:0:/vms/100:max@pve:PVETemplateUser:\n");
  const auto granted = permissions_.all_granted(max_);
  ASSERT_TRUE(granted.contains("/vms/100"));
  EXPECT_TRUE(granted.at("/vms/100").here.contains(Privilege::vm_clone));
  EXPECT_TRUE(granted.at("/vms/100").below.empty());
}

TEST_F(PermissionsOf, capabilities_gather_what_the_identity_has_anywhere) {
  use("user:bob@pve:1:\nrole:Oper:VM.PowerMgmt,VM.Audit:\nacl:1:/vms/100:bob@pve:Oper:\n");
  const auto of_bob = permissions_.capabilities({"bob@pve", {}});
  EXPECT_EQ(of_bob.size(), 7U);
  EXPECT_EQ(of_bob.at("vms").names(), (std::vector<std::string>{"VM.Audit", "VM.PowerMgmt"}));
  for (const char* area : {"dc", "nodes", "mapping", "sdn", "storage", "access"}) {
    EXPECT_TRUE(of_bob.at(area).empty()) << area;
  }
  const auto of_root = permissions_.capabilities(root_);
  EXPECT_EQ(of_root.at("vms").names().size(), 24U);
  EXPECT_EQ(of_root.at("nodes").names().size(), 8U);
  EXPECT_EQ(of_root.at("dc").names().size(), 5U);
  EXPECT_EQ(of_root.at("access").names().size(), 3U);
  EXPECT_EQ(of_root.at("mapping").names().size(), 4U);
}

TEST_F(PermissionsOf, no_spelling_of_a_path_leads_around_an_entry) {
  use("user:max@pve:1:\nacl:1:/vms:max@pve:PVEVMAdmin:\nacl:1:/vms/100:max@pve:NoAccess:\n");
  EXPECT_TRUE(permissions_.may_change_entries(max_, "/vms/101/"));
  for (const char* spelling : {"/vms/100", "/vms/100/", "//vms//100", "vms/100", "/vms/1 00"}) {
    EXPECT_FALSE(permissions_.may_change_entries(max_, spelling)) << spelling;
  }
}

TEST_F(PermissionsOf, whoever_may_allocate_an_object_may_change_its_entries) {
  use("user:max@pve:1:\nacl:1:/vms/100:max@pve:PVEVMAdmin:\n");
  EXPECT_TRUE(permissions_.may_change_entries(max_, "/vms/100"));
  EXPECT_FALSE(permissions_.may_change_entries(max_, "/vms"));
  EXPECT_EQ(refusal([&] { permissions_.check_change_entries(max_, "/storage/s"); }),
            "Permission check failed (/storage/s, Permissions.Modify|Datastore.Allocate)");
}

}  // namespace
}  // namespace posada::access
