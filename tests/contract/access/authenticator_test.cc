// From credentials to identities, on a real store and with the real helper.
#include "access/authenticator.h"

#include <gtest/gtest.h>

#include "access/records.h"
#include "access/sign_in_error.h"
#include "contract/access/node.h"

namespace posada::access {
namespace {

using posada::testing::Node;
using posada::testing::refusal;

RealmSettings cheap_settings() {
  RealmSettings settings;
  settings.argon2_memory_kib = posada::testing::cheap_memory_kib;
  settings.argon2_passes = 1;
  return settings;
}

class AuthenticatorOf : public ::testing::Test {
 protected:
  void run(std::function<sys::Async<void>()> body) {
    node_.run([this, body]() -> sys::Async<void> {
      directory_.start([this] { permissions_.changed(); });
      co_await keys_.start();
      for (const char* user : {"max@pve", "eve@pve"}) {
        const std::string name(user, 3);
        auto secrets = co_await realms_.find("pve")->new_password(name, name + "-password");
        co_await directory_.create_user(user, {}, std::move(secrets));
      }
      co_await body();
    });
  }
  SignIn with(std::string user, std::string password) const {
    return {std::move(user), std::move(password), "192.0.2.1"};
  }
  std::string refused(const Credential& credential, bool needs_csrf = false) const {
    try {
      authenticator_.identify(credential, needs_csrf);
    } catch (const Error& error) {
      EXPECT_EQ(error.http_status(), 401);
      EXPECT_TRUE(has_empty_answer(error));
      return error.wire();
    }
    return "";
  }

  Node node_;
  Directory directory_{*node_.mirror};
  Permissions permissions_{directory_.config()};
  Realms realms_{*node_.helper, *node_.mirror, cheap_settings()};
  Tickets tickets_{node_.clock};
  TicketKeyKeeper keys_{*node_.mirror, node_.clock, tickets_};
  SignInGuard guard_{node_.clock};
  Authenticator authenticator_{
      {directory_, permissions_, realms_, tickets_, keys_, guard_, node_.clock}};
};

TEST_F(AuthenticatorOf, the_right_password_gives_a_ticket_that_identifies) {
  run([this]() -> sys::Async<void> {
    const Session session = co_await authenticator_.sign_in(with("max@pve", "max-password"));
    EXPECT_EQ(session.user, "max@pve");
    const Identity max{"max@pve", {}};
    EXPECT_EQ(authenticator_.identify({session.ticket, "", ""}, false), max);
    EXPECT_EQ(authenticator_.identify({session.ticket, "", session.csrf}, true), max);
    EXPECT_EQ(refused({session.ticket, "", ""}, true), "Permission denied - invalid csrf token");
    EXPECT_EQ(refused({session.ticket, "", tickets_.make_csrf("eve@pve")}, true),
              "Permission denied - invalid csrf token");
  });
}

TEST_F(AuthenticatorOf, every_failed_sign_in_looks_the_same) {
  run([this]() -> sys::Async<void> {
    UserChange disabled;
    disabled.enabled = false;
    co_await directory_.update_user("eve@pve", disabled);
    for (const auto& [user, password] :
         std::map<std::string, std::string>{{"max@pve", "wrong"},
                                            {"eve@pve", "eve-password"},
                                            {"ghost@pve", "x"},
                                            {"ghost@none", "x"},
                                            {"max", "max-password"},
                                            {"", ""}}) {
      EXPECT_EQ(co_await refusal(authenticator_.sign_in(with(user, password))),
                "authentication failure")
          << user;
    }
  });
}

TEST_F(AuthenticatorOf, a_credential_that_is_missing_bad_or_half_is_refused_without_a_body) {
  run([this]() -> sys::Async<void> {
    EXPECT_EQ(refused({}), "No ticket");
    EXPECT_EQ(refused({"PVE:max@pve:00000000::AAAA", "", ""}), "Authentication failed!");
    EXPECT_EQ(refused({"PVE:!tfa!{}:00000000::AAAA", "", ""}), "No ticket");
    EXPECT_EQ(refused({"", "max@pve!ci=nothing", ""}), "Authentication failed!");
    EXPECT_EQ(refused({"", "rubbish", ""}), "Authentication failed!");
    co_return;
  });
}

TEST_F(AuthenticatorOf, a_ticket_of_a_user_that_is_gone_disabled_or_expired_counts_no_more) {
  run([this]() -> sys::Async<void> {
    const Credential credential{tickets_.make("max@pve"), "", ""};
    EXPECT_EQ(refused(credential), "");
    UserChange change;
    change.expires = node_.clock.wall_seconds() + 60;
    co_await directory_.update_user("max@pve", change);
    EXPECT_EQ(refused(credential), "");
    node_.clock.pass(std::chrono::seconds(60));
    EXPECT_EQ(refused(credential), "Authentication failed!");
    change.expires = 0;
    change.enabled = false;
    co_await directory_.update_user("max@pve", change);
    EXPECT_EQ(refused(credential), "Authentication failed!");
    co_await directory_.delete_user("max@pve");
    EXPECT_EQ(refused(credential), "Authentication failed!");
  });
}

TEST_F(AuthenticatorOf, a_token_identifies_without_csrf_until_it_expires_or_its_user_goes) {
  run([this]() -> sys::Async<void> {
    const Identity token{"max@pve", "ci"};
    TokenChange change;
    change.expires = node_.clock.wall_seconds() + 60;
    const std::string secret = co_await directory_.create_token(token, change);
    const Credential credential{"", "max@pve!ci=" + secret, ""};
    EXPECT_EQ(authenticator_.identify(credential, true), token);
    EXPECT_EQ(refused({"", "max@pve!ci=" + secret + "0", ""}), "Authentication failed!");
    EXPECT_EQ(refused({"", "eve@pve!ci=" + secret, ""}), "Authentication failed!");
    node_.clock.pass(std::chrono::seconds(60));
    EXPECT_EQ(refused(credential), "Authentication failed!");
    change.expires = 0;
    co_await directory_.update_token(token, change);
    EXPECT_EQ(refused(credential), "");
    UserChange disabled;
    disabled.enabled = false;
    co_await directory_.update_user("max@pve", disabled);
    EXPECT_EQ(refused(credential), "Authentication failed!");
  });
}

TEST_F(AuthenticatorOf, a_ticket_renews_itself_and_roots_makes_one_for_others) {
  run([this]() -> sys::Async<void> {
    const std::string ticket = tickets_.make("max@pve");
    node_.clock.pass(std::chrono::minutes(100));
    const Session renewed = co_await authenticator_.sign_in(with("max@pve", ticket));
    node_.clock.pass(std::chrono::minutes(100));
    EXPECT_EQ(refused({ticket, "", ""}), "Authentication failed!");
    EXPECT_EQ(refused({renewed.ticket, "", ""}), "");
    EXPECT_EQ(co_await refusal(authenticator_.sign_in(with("eve@pve", renewed.ticket))),
              "authentication failure");
    const std::string root = tickets_.make("root@pam");
    EXPECT_EQ((co_await authenticator_.sign_in(with("eve@pve", root))).user, "eve@pve");
    EXPECT_EQ(co_await refusal(authenticator_.sign_in(with("ghost@pve", root))),
              "authentication failure");
  });
}

TEST_F(AuthenticatorOf, after_ten_wrong_passwords_the_right_one_must_wait_too) {
  run([this]() -> sys::Async<void> {
    for (int i = 0; i < 10; ++i) {
      co_await refusal(authenticator_.sign_in(with("max@pve", "wrong")));
    }
    EXPECT_EQ(co_await refusal(authenticator_.sign_in(with("max@pve", "max-password"))),
              "authentication failure");
    EXPECT_EQ(co_await refusal(authenticator_.sign_in(with("eve@pve", "eve-password"))), "");
    node_.clock.pass(std::chrono::seconds(2));
    EXPECT_EQ(co_await refusal(authenticator_.sign_in(with("max@pve", "max-password"))), "");
  });
}

TEST_F(AuthenticatorOf, the_signing_key_changes_daily_and_tickets_live_on) {
  run([this]() -> sys::Async<void> {
    const std::string key = node_.mirror->find("priv/authkey")->value;
    node_.clock.pass(std::chrono::hours(23));
    co_await keys_.renew_if_due();
    EXPECT_EQ(node_.mirror->find("priv/authkey")->value, key);
    const std::string ticket = tickets_.make("max@pve");
    node_.clock.pass(std::chrono::hours(1));
    co_await keys_.renew_if_due();
    EXPECT_NE(node_.mirror->find("priv/authkey")->value, key);
    EXPECT_EQ(tickets_.user_of(ticket), "max@pve");
  });
}

TEST_F(AuthenticatorOf, two_nodes_take_each_others_tickets) {
  run([this]() -> sys::Async<void> {
    Tickets others(node_.clock);
    TicketKeyKeeper keeper(*node_.mirror, node_.clock, others);
    co_await keeper.start();
    EXPECT_EQ(others.user_of(tickets_.make("max@pve")), "max@pve");
    node_.clock.pass(std::chrono::hours(25));
    co_await keys_.renew_if_due();
    EXPECT_EQ(others.user_of(tickets_.make("max@pve")), "max@pve");
    EXPECT_TRUE(others.is_csrf_of(tickets_.make_csrf("max@pve"), "max@pve"));
  });
}

TEST_F(AuthenticatorOf, verifying_asks_for_privileges_on_a_path) {
  run([this]() -> sys::Async<void> {
    AclChange change;
    change.path = "/vms/100";
    change.roles = {"PVEVMUser"};
    change.holders = {{AclHolder::Kind::user, "max@pve"}};
    co_await directory_.update_acl(change);
    const SignIn right = with("max@pve", "max-password");
    EXPECT_EQ(co_await refusal(authenticator_.verify(right, "/vms/100", Privilege::vm_console)),
              "");
    EXPECT_EQ(co_await refusal(authenticator_.verify(right, "/vms/101", Privilege::vm_console)),
              "authentication failure");
    const ConsoleTarget target{{"max@pve", {}}, "/vms/100", 5900};
    const std::string ticket = tickets_.make_console(target).ticket;
    authenticator_.verify_console(target, ticket, Privilege::vm_console);
    EXPECT_THROW(authenticator_.verify_console(target, ticket, Privilege::vm_allocate), Error);
    ConsoleTarget other = target;
    other.path = "/vms/101";
    EXPECT_THROW(authenticator_.verify_console(other, ticket, Privilege::vm_console), Error);
  });
}

TEST_F(AuthenticatorOf, realms_of_other_kinds_are_kept_and_say_that_they_are_not_available) {
  run([this]() -> sys::Async<void> {
    co_await realms_.create("corp", "ldap",
                            {{"server1", "ldap.example.org"}, {"password", "bind-secret"}});
    EXPECT_EQ(realms_.type_of("corp"), "ldap");
    EXPECT_EQ(node_.mirror->find("domains.cfg")->value.find("bind-secret"), std::string::npos);
    co_await directory_.create_user("ann@corp", {});
    EXPECT_EQ(co_await refusal(authenticator_.sign_in(with("ann@corp", "x"))),
              "sign-in with realm 'corp' (ldap) is not available yet");
    EXPECT_EQ(co_await refusal(realms_.create("corp", "ldap", {})),
              "add auth server failed: domain 'corp' already exists");
    EXPECT_EQ(co_await refusal(realms_.update("corp", {{"comment", "c"}}, {}, "stale")),
              "update auth server failed: detected modified configuration - file changed by other "
              "user? Try again.");
    EXPECT_EQ(co_await refusal(realms_.update("corp", {{"comment", "c\n\npam: x"}}, {}, "")),
              "Parameter verification failed. comment: value may not hold line breaks or other "
              "control characters");
    co_await realms_.update("corp", {{"comment", "c"}}, {"password"}, realms_.definitions().digest);
    EXPECT_EQ(node_.mirror->find("priv/realm/corp/password"), nullptr);
    co_await realms_.remove("corp");
    EXPECT_EQ(co_await refusal(realms_.remove("corp")),
              "delete auth server failed: authentication domain 'corp' does not exist");
    EXPECT_EQ(co_await refusal(realms_.remove("pam")),
              "delete auth server failed: realm 'pam' cannot be deleted");
    EXPECT_TRUE(realms_.exists("pve"));
  });
}

}  // namespace
}  // namespace posada::access
