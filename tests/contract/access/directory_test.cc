// The user database on a real store.
#include "access/directory.h"

#include <gtest/gtest.h>

#include "access/permissions.h"
#include "access/records.h"
#include "access/texts.h"
#include "contract/access/node.h"

namespace posada::access {
namespace {

using posada::testing::Node;
using posada::testing::refusal;

class DirectoryOf : public ::testing::Test {
 protected:
  // Runs with a directory that has started, on what `text` says.
  void run(std::string text, std::function<sys::Async<void>()> body) {
    node_.run([this, text, body]() -> sys::Async<void> {
      directory_.start([this] { permissions_.changed(); });
      if (!text.empty()) co_await directory_.put_text(text);
      co_await body();
    });
  }
  sys::Async<std::size_t> keys(std::string prefix) {
    co_return (co_await node_.store->list(prefix)).entries.size();
  }
  static bool always(GuestId) { return true; }

  Node node_;
  Directory directory_{*node_.mirror};
  Permissions permissions_{directory_.config()};
};

TEST_F(DirectoryOf, a_user_is_created_changed_and_deleted_with_the_sentences_clients_know) {
  run("group:devs:::\n", [this]() -> sys::Async<void> {
    UserChange bob;
    bob.email = "b@x.y";
    bob.groups = Names{"devs"};
    co_await directory_.create_user("bob@pve", bob, {{shadow_key("bob@pve"), "hash"}});
    EXPECT_TRUE(directory_.config().users_of_group("devs").contains("bob@pve"));
    EXPECT_TRUE(directory_.config().find_user("bob@pve")->enabled);
    EXPECT_EQ(co_await refusal(directory_.create_user("bob@pve", {})),
              "create user failed: user 'bob@pve' already exists");
    EXPECT_EQ(co_await refusal(directory_.create_user("root@pam", {})),
              "create user failed: user 'root@pam' already exists");
    bob.groups = Names{"none"};
    EXPECT_EQ(co_await refusal(directory_.update_user("bob@pve", bob)),
              "update user failed: no such group 'none'");
    UserChange out;
    out.groups = Names{};
    out.comment = "c";
    co_await directory_.update_user("bob@pve", out);
    EXPECT_TRUE(directory_.config().users_of_group("devs").empty());
    EXPECT_EQ(directory_.config().find_user("bob@pve")->email, "b@x.y");
    EXPECT_EQ(co_await refusal(directory_.update_user("eve@pve", out)),
              "update user failed: no such user ('eve@pve')");
    co_await directory_.delete_user("bob@pve");
    EXPECT_EQ(co_await refusal(directory_.delete_user("bob@pve")),
              "delete user failed: user 'bob@pve' does not exist");
    EXPECT_EQ(co_await keys("priv/shadow/"), 0U);
  });
}

TEST_F(DirectoryOf, a_user_that_is_deleted_leaves_no_token_membership_or_entry_behind) {
  std::string text = "user:max@pve:1:0::::::\ngroup:g:max@pve::\nacl:1:/:max@pve:PVEAdmin:\n";
  // More than fits one transaction.
  for (int i = 0; i < 130; ++i) {
    text += "token:max@pve!t" + std::to_string(i) + ":0:1::\n";
    text += "acl:1:/vms/" + std::to_string(100 + i) + ":max@pve!t" + std::to_string(i) +
            ":PVEVMUser:\n";
  }
  run(text, [this]() -> sys::Async<void> {
    co_await directory_.create_token({"max@pve", "last"}, {});
    EXPECT_TRUE(permissions_.may({"max@pve", {}}, "/vms/100", Privilege::vm_audit));
    co_await directory_.delete_user("max@pve");
    EXPECT_EQ(directory_.text(), "\ngroup:g:::\n\n\n\n");
    EXPECT_EQ(co_await keys("priv/"), 0U);
    EXPECT_EQ(co_await keys("access/"), 1U);
    EXPECT_FALSE(permissions_.may({"max@pve", {}}, "/vms/100", Privilege::vm_audit));
  });
}

TEST_F(DirectoryOf, a_new_user_inherits_nothing_that_an_import_left_for_the_name) {
  run("user:eve@pve:1:0::::::\nacl:1:/:max@pve:Administrator:\n", [this]() -> sys::Async<void> {
    co_await directory_.create_user("max@pve", {});
    EXPECT_TRUE(permissions_.privileges({"max@pve", {}}, "/").empty());
  });
}

TEST_F(DirectoryOf, a_tokens_secret_is_shown_once_and_kept_as_a_hash) {
  run("user:max@pve:1:0::::::\n", [this]() -> sys::Async<void> {
    const Identity token{"max@pve", "ci"};
    const std::string secret = co_await directory_.create_token(token, {});
    EXPECT_EQ(secret.size(), 36U);
    EXPECT_TRUE(directory_.config().find_token("max@pve", "ci")->separated);
    EXPECT_TRUE(directory_.is_token_secret(token, secret));
    EXPECT_FALSE(directory_.is_token_secret(token, ""));
    EXPECT_FALSE(directory_.is_token_secret({"max@pve", "other"}, secret));
    for (const store::Entry& entry : (co_await node_.store->list("")).entries) {
      EXPECT_EQ(entry.value.find(secret), std::string::npos) << entry.key;
    }
    EXPECT_EQ(co_await refusal(directory_.create_token(token, {})),
              "Parameter verification failed. tokenid: Token already exists.");
    const std::string renewed = co_await directory_.renew_token(token);
    EXPECT_FALSE(directory_.is_token_secret(token, secret));
    EXPECT_TRUE(directory_.is_token_secret(token, renewed));
    co_await directory_.delete_token(token);
    EXPECT_FALSE(directory_.is_token_secret(token, renewed));
    EXPECT_EQ(co_await refusal(directory_.delete_token(token)),
              "no such token 'ci' for user 'max@pve'");
    EXPECT_EQ(co_await refusal(directory_.create_token({"eve@pve", "x"}, {})),
              "no such user ('eve@pve')");
  });
}

TEST_F(DirectoryOf, a_role_or_group_that_goes_takes_its_entries_along) {
  run("user:max@pve:1:0::::::\ngroup:g:max@pve::\nrole:Mine:VM.Audit:\n"
      "acl:1:/vms:max@pve:Mine:\nacl:1:/nodes:@g:PVEAuditor:\n",
      [this]() -> sys::Async<void> {
        co_await directory_.delete_role("Mine");
        co_await directory_.delete_group("g");
        EXPECT_EQ(directory_.text(), "user:max@pve:1:0::::::\n\n\n\n\n");
        EXPECT_EQ(co_await refusal(directory_.delete_role("Mine")),
                  "delete role failed: role 'Mine' does not exist");
        EXPECT_EQ(co_await refusal(directory_.delete_role("PVEAdmin")),
                  "auto-generated role 'PVEAdmin' cannot be deleted");
        EXPECT_EQ(co_await refusal(directory_.update_role("NoAccess", {}, false)),
                  "auto-generated role 'NoAccess' cannot be modified");
        EXPECT_EQ(co_await refusal(directory_.create_role("PVEAdmin", {})),
                  "create role failed: role 'PVEAdmin' already exists");
        EXPECT_EQ(co_await refusal(directory_.update_group("g", "c")),
                  "update group failed: group 'g' does not exist");
      });
}

TEST_F(DirectoryOf, entries_name_what_exists_and_are_removed_as_they_were_made) {
  run("user:max@pve:1:0::::::\ngroup:g:max@pve::\n", [this]() -> sys::Async<void> {
    AclChange change;
    change.path = "/vms/100";
    change.roles = {"PVEVMUser", "PVETemplateUser"};
    change.holders = {{AclHolder::Kind::user, "max@pve"}, {AclHolder::Kind::group, "g"}};
    co_await directory_.update_acl(change);
    EXPECT_TRUE(permissions_.may({"max@pve", {}}, "/vms/100", Privilege::vm_clone));
    AclChange wrong = change;
    wrong.roles = {"Nobody"};
    EXPECT_EQ(co_await refusal(directory_.update_acl(wrong)),
              "ACL update failed: role 'Nobody' does not exist");
    wrong = change;
    wrong.holders = {{AclHolder::Kind::user, "eve@pve"}};
    EXPECT_EQ(co_await refusal(directory_.update_acl(wrong)),
              "ACL update failed: user 'eve@pve' does not exist");
    wrong.holders = {{AclHolder::Kind::group, "none"}};
    EXPECT_EQ(co_await refusal(directory_.update_acl(wrong)),
              "ACL update failed: group 'none' does not exist");
    wrong.holders = {{AclHolder::Kind::token, "max@pve!xy"}};
    EXPECT_EQ(co_await refusal(directory_.update_acl(wrong)),
              "ACL update failed: no such token 'xy' for user 'max@pve'");
    change.remove = true;
    co_await directory_.update_acl(change);
    EXPECT_EQ(co_await keys("access/acl/"), 0U);
  });
}

TEST_F(DirectoryOf, pools_nest_and_hold_each_guest_once) {
  run("", [this]() -> sys::Async<void> {
    EXPECT_EQ(co_await refusal(directory_.create_pool("a/b", "")),
              "create pool failed: parent pool 'a' does not exist");
    co_await directory_.create_pool("a", "top");
    co_await directory_.create_pool("a/b", "");
    EXPECT_EQ(co_await refusal(directory_.create_pool("a", "")),
              "create pool failed: pool 'a' already exists");
    PoolChange change;
    change.guests = {{100}, {101}};
    change.storages = {"local"};
    co_await directory_.update_pool("a", change);
    EXPECT_EQ(co_await refusal(directory_.update_pool("a", change)),
              "update pools failed: VM 100 is already a pool member");
    change.storages.clear();
    EXPECT_EQ(
        co_await refusal(directory_.update_pool("a/b", change)),
        "update pools failed: VM 100 belongs already to pool 'a' and 'allow-move' is not set");
    change.allow_move = true;
    co_await directory_.update_pool("a/b", change);
    EXPECT_TRUE(directory_.config().members_of("a").guests.empty());
    EXPECT_EQ(directory_.config().members_of("a/b").guests.size(), 2U);
    EXPECT_EQ(co_await refusal(directory_.update_pool("none", change)),
              "update pools failed: pool 'none' does not exist");
    const auto no_guest = [](GuestId) { return false; };
    const auto all_storages = [](const std::string&) { return true; };
    EXPECT_EQ(co_await refusal(directory_.delete_pool("none", no_guest, all_storages)),
              "delete pool failed: pool 'none' does not exist");
    EXPECT_EQ(co_await refusal(directory_.delete_pool("a", no_guest, all_storages)),
              "delete pool failed: pool 'a' is not empty (contains pool 'a/b')");
    EXPECT_EQ(co_await refusal(directory_.delete_pool("a/b", &always, all_storages)),
              "delete pool failed: pool 'a/b' is not empty (contains VM 100)");
    co_await directory_.delete_pool("a/b", no_guest, all_storages);
    EXPECT_EQ(co_await refusal(directory_.delete_pool("a", no_guest, all_storages)),
              "delete pool failed: pool 'a' is not empty (contains storage 'local')");
    change = {};
    change.storages = {"local"};
    change.remove = true;
    co_await directory_.update_pool("a", change);
    co_await directory_.delete_pool("a", no_guest, all_storages);
    EXPECT_EQ(co_await keys("access/"), 0U);
  });
}

TEST_F(DirectoryOf, a_guest_enters_its_pool_in_the_transaction_that_creates_it) {
  run("user:max@pve:1:0::::::\npool:web::::\nacl:1:/pool/web:max@pve:PVEVMUser:\n"
      "acl:1:/vms/100:max@pve:PVEVMAdmin:\n",
      [this]() -> sys::Async<void> {
        store::Transaction transaction;
        transaction.require_absent("guest/100").put("guest/100", "x");
        directory_.add_guest_to_pool(transaction, "web", {100});
        co_await node_.mirror->commit(std::move(transaction));
        EXPECT_EQ(*directory_.config().pool_of({100}), "web");
        store::Transaction other;
        EXPECT_THROW(directory_.add_guest_to_pool(other, "none", {101}), Error);
        co_await directory_.forget_guest({100});
        EXPECT_TRUE(permissions_.privileges({"max@pve", {}}, "/vms/100").empty());
        EXPECT_EQ(directory_.text(),
                  "user:max@pve:1:0::::::\n\n\npool:web::::\n\n\n"
                  "acl:1:/pool/web:max@pve:PVEVMUser:\n");
      });
}

TEST_F(DirectoryOf, two_hundred_guests_enter_a_pool_at_once_and_none_is_lost) {
  run("pool:web::::\n", [this]() -> sys::Async<void> {
    sys::Scope scope(node_.loop.executor());
    const auto one = [](Directory& directory, store::Mirror& mirror,
                        std::uint32_t number) -> sys::Async<void> {
      store::Transaction transaction;
      directory.add_guest_to_pool(transaction, "web", {number});
      co_await mirror.commit(std::move(transaction));
    };
    for (std::uint32_t i = 0; i < 200; ++i)
      scope.spawn("create", one(directory_, *node_.mirror, 100 + i));
    co_await scope.join();
    EXPECT_EQ(directory_.config().members_of("web").guests.size(), 200U);
  });
}

TEST_F(DirectoryOf, changes_of_one_user_at_the_same_time_all_arrive) {
  run("user:max@pve:1:0::::::\n", [this]() -> sys::Async<void> {
    sys::Scope scope(node_.loop.executor());
    UserChange email, comment, expire;
    email.email = "m@x.y";
    comment.comment = "c";
    expire.expires = 7;
    for (const UserChange& change : {email, comment, expire}) {
      scope.spawn("update", directory_.update_user("max@pve", change));
    }
    co_await scope.join();
    EXPECT_EQ(directory_.text(), "user:max@pve:1:7:::m@x.y:c::\n\n\n\n\n");
  });
}

TEST_F(DirectoryOf, the_text_can_be_put_back_and_changes_only_what_differs) {
  run("user:max@pve:1:0::::::\ntoken:max@pve!ci:0:1::\ngroup:g:max@pve::\n",
      [this]() -> sys::Async<void> {
        const Identity token{"max@pve", "ci"};
        const std::string secret = co_await directory_.renew_token(token);
        const auto before = node_.mirror->find(user_key("max@pve"))->modified;
        co_await directory_.put_text(directory_.text() + "acl:1:/vms:@g:PVEVMUser:\n");
        EXPECT_EQ(node_.mirror->find(user_key("max@pve"))->modified, before);
        EXPECT_TRUE(directory_.is_token_secret(token, secret));
        EXPECT_EQ(co_await refusal(directory_.put_text("user:max@pve:1:\nnonsense\n")),
                  "a line begins with user, token, group, pool, role or acl, not with "
                  "'nonsense'");
        EXPECT_TRUE(directory_.config().has_user("max@pve"));
        co_await directory_.put_text("user:eve@pve:1:0::::::\n");
        EXPECT_EQ(directory_.text(), "user:eve@pve:1:0::::::\n\n\n\n\n");
        EXPECT_EQ(co_await keys("priv/"), 0U);
      });
}

TEST_F(DirectoryOf, administrators_edit_the_database_and_the_realms_as_texts) {
  run("user:max@pve:1:0::::::\n", [this]() -> sys::Async<void> {
    store::Texts texts(*node_.mirror);
    register_texts(texts, directory_);
    EXPECT_EQ(texts.get("user.cfg").text, directory_.text());
    co_await texts.put("user.cfg", "user:eve@pve:1:0::::::\n");
    EXPECT_TRUE(directory_.config().has_user("eve@pve"));
    EXPECT_FALSE(directory_.config().has_user("max@pve"));
    EXPECT_EQ(co_await refusal(texts.put("user.cfg", "user:eve@pve:1:\n\nuser:bad\n")),
              "user.cfg:3: 'bad' is not a user id (NAME@REALM)");
    co_await texts.put("domains.cfg", "ldap: corp\n\tserver1 ldap.example.org\n");
    EXPECT_NE(co_await refusal(texts.put("domains.cfg", "ldap: corp\n\tpassword x\n")), "");
    EXPECT_NE(co_await refusal(texts.put("domains.cfg", "kerberos: corp\n")), "");
    EXPECT_NE(co_await refusal(texts.put("domains.cfg", "ldap: pve\n")), "");
  });
}

TEST_F(DirectoryOf, a_second_directory_on_the_same_store_shows_the_same) {
  run("user:max@pve:1:0::::::\npool:web:c:100:local:\nacl:0:/:max@pve:PVEAuditor:\n",
      [this]() -> sys::Async<void> {
        Directory other(*node_.mirror);
        other.start([] {});
        EXPECT_EQ(other.config(), directory_.config());
        EXPECT_EQ(other.text(), directory_.text());
        co_return;
      });
}

}  // namespace
}  // namespace posada::access
