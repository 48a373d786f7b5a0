// /access and /pools as clients see them: requests through the dispatcher, on a real store and with
// the real sign-in helper.
#include <gtest/gtest.h>

#include "access/authenticator.h"
#include "access/directory.h"
#include "api/dispatcher.h"
#include "api/handlers/handlers.h"
#include "base/text.h"
#include "contract/access/node.h"
#include "guest/registry.h"

namespace posada::api {
namespace {

posada::access::RealmSettings cheap_settings() {
  posada::access::RealmSettings settings;
  settings.argon2_memory_kib = testing::cheap_memory_kib;
  settings.argon2_passes = 1;
  settings.pam_folder = "/nonexistent";  // no account of the host is asked about
  return settings;
}

struct Result {
  int status = 0;
  std::string reason;
  json::value body;
  const json::value& data() const { return body.at("data"); }
  std::string error(std::string_view parameter) const {
    const auto* errors = body.as_object().if_contains("errors");
    return errors == nullptr ? "" : text_member(errors->as_object(), parameter).value_or("");
  }
};

class AccessApi : public ::testing::Test {
 protected:
  AccessApi() {
    services_.node = "n1";
    services_.clock = &node_.clock;
    services_.mirror = node_.mirror.get();
    services_.directory = &directory_;
    services_.permissions = &permissions_;
    services_.authenticator = &authenticator_;
    services_.realms = &realms_;
    services_.tickets = &tickets_;
    services_.registry = &registry_;
    register_access_sessions(router_);
    register_access_users(router_);
    register_access_groups(router_);
    register_access_realms(router_);
    register_pools(router_);
  }

  void run(std::function<sys::Async<void>()> body) {
    node_.run([this, body]() -> sys::Async<void> {
      directory_.start([this] { permissions_.changed(); });
      co_await keys_.start();
      root_.ticket = tickets_.make("root@pam");
      root_.csrf = tickets_.make_csrf("root@pam");
      co_await body();
    });
  }

  sys::Async<Result> call(Credential as, std::string method, std::string path,
                          json::object parameters = {}) {
    RequestFrame frame;
    frame.request = "0123456789abcdef";
    frame.peer = {"192.0.2.1", 1};
    frame.method = std::move(method);
    frame.path = split_list(path, "/");
    frame.parameters = std::move(parameters);
    frame.credential = std::move(as);
    const Reply reply = co_await dispatcher_.handle(std::move(frame), std::nullopt, std::nullopt);
    Result result{reply.frame.status, reply.frame.reason, {}};
    if (!reply.frame.bytes.empty()) result.body = json::parse(reply.frame.bytes);
    co_return result;
  }
  sys::Async<Result> root(std::string method, std::string path, json::object parameters = {}) {
    return call(root_, std::move(method), std::move(path), std::move(parameters));
  }
  // A user with a password, signed in.
  sys::Async<Credential> signed_in(std::string user) {
    co_await root("POST", "/access/users", {{"userid", user}, {"password", "a-password-12"}});
    const Result result = co_await call({}, "POST", "/access/ticket",
                                        {{"username", user}, {"password", "a-password-12"}});
    EXPECT_EQ(result.status, 200) << result.reason;
    co_return Credential{text_of(result.data().at("ticket")), "",
                         text_of(result.data().at("CSRFPreventionToken"))};
  }
  sys::Async<void> grant(std::string user, std::string path, std::string role) {
    const Result result =
        co_await root("PUT", "/access/acl", {{"path", path}, {"users", user}, {"roles", role}});
    EXPECT_EQ(result.status, 200) << result.reason;
  }

  testing::Node node_;
  posada::access::Directory directory_{*node_.mirror};
  posada::access::Permissions permissions_{directory_.config()};
  posada::access::Realms realms_{*node_.helper, *node_.mirror, cheap_settings()};
  posada::access::Tickets tickets_{node_.clock};
  posada::access::TicketKeyKeeper keys_{*node_.mirror, node_.clock, tickets_};
  posada::access::SignInGuard guard_{node_.clock};
  posada::access::Authenticator authenticator_{
      {directory_, permissions_, realms_, tickets_, keys_, guard_, node_.clock}};
  guest::Registry registry_{*node_.mirror, "n1", node_.loop.executor()};
  Services services_;
  Router router_;
  Dispatcher dispatcher_{services_, router_, {}};
  Credential root_;
};

TEST_F(AccessApi, a_recorded_life_of_a_user_gives_the_recorded_answers) {
  run([this]() -> sys::Async<void> {
    EXPECT_EQ(
        (co_await root("POST", "/access/groups", {{"groupid", "devs"}, {"comment", "c"}})).data(),
        nullptr);
    co_await root("POST", "/access/users",
                  {{"userid", "bob@pve"},
                   {"password", "bob-pass-12"},
                   {"groups", "devs"},
                   {"email", "b@x.y"}});
    co_await root("POST", "/access/roles",
                  {{"roleid", "Oper"}, {"privs", "VM.PowerMgmt,VM.Audit"}});
    co_await grant("bob@pve", "/vms/100", "Oper");
    const Result token = co_await root("POST", "/access/users/bob@pve/token/t1",
                                       {{"privsep", "0"}, {"comment", "tok"}});
    EXPECT_EQ(token.data().at("full-tokenid"), "bob@pve!t1");
    EXPECT_EQ(token.data().at("info"), json::value({{"privsep", 0}, {"comment", "tok"}}));
    EXPECT_EQ((co_await root("GET", "/access/users/bob@pve/token")).data(),
              json::parse(R"([{"privsep":0,"expire":0,"comment":"tok","tokenid":"t1"}])"));
    const json::value granted = json::parse(R"({"/vms/100":{"VM.Audit":1,"VM.PowerMgmt":1}})");
    EXPECT_EQ((co_await root("GET", "/access/permissions", {{"userid", "bob@pve"}})).data(),
              granted);
    const Result ticket = co_await call({}, "POST", "/access/ticket",
                                        {{"username", "bob@pve"}, {"password", "bob-pass-12"}});
    EXPECT_EQ(ticket.data().at("cap"),
              json::parse(R"({"dc":{},"vms":{"VM.PowerMgmt":1,"VM.Audit":1},"nodes":{},
                              "mapping":{},"sdn":{},"storage":{},"access":{}})"));
    const Credential bob{text_of(ticket.data().at("ticket")), "", ""};
    EXPECT_EQ((co_await call(bob, "GET", "/access/users")).data(),
              json::parse(R"([{"enable":1,"expire":0,"email":"b@x.y","userid":"bob@pve",
                              "realm-type":"pve"}])"));
    EXPECT_EQ((co_await call(bob, "GET", "/access/permissions")).data(), granted);
    EXPECT_EQ((co_await root("GET", "/access/users/bob@pve")).data(),
              json::parse(R"({"enable":1,"expire":0,"email":"b@x.y","groups":["devs"],
                              "tokens":{"t1":{"privsep":0,"expire":0,"comment":"tok"}}})"));
    for (const char* path : {"/access/users/bob@pve/token/t1", "/access/users/bob@pve",
                             "/access/groups/devs", "/access/roles/Oper"}) {
      const Result gone = co_await root("DELETE", path);
      EXPECT_EQ(gone.status, 200) << path << " " << gone.reason;
    }
    EXPECT_EQ((co_await root("GET", "/access/acl")).data(), json::array());
  });
}

TEST_F(AccessApi, refusals_have_the_recorded_sentences) {
  run([this]() -> sys::Async<void> {
    const auto wrong = co_await call({}, "POST", "/access/ticket",
                                     {{"username", "root@pam"}, {"password", "wrong"}});
    EXPECT_EQ(wrong.status, 401);
    EXPECT_EQ(wrong.reason, "authentication failure");
    EXPECT_EQ(wrong.body.at("message"), "authentication failure\n");
    const auto none = co_await call({}, "GET", "/access/users");
    EXPECT_EQ(none.reason, "No ticket");
    EXPECT_TRUE(none.body.is_null());
    const auto no_csrf =
        co_await call({root_.ticket, "", ""}, "POST", "/access/groups", {{"groupid", "g"}});
    EXPECT_EQ(no_csrf.reason, "Permission denied - invalid csrf token");
    EXPECT_EQ((co_await root("POST", "/access/users", {{"userid", "root@pam"}})).reason,
              "create user failed: user 'root@pam' already exists");
    EXPECT_EQ((co_await root("DELETE", "/pools/none")).reason,
              "delete pool failed: pool 'none' does not exist");
    EXPECT_EQ((co_await root("GET", "/access/users/none@pve")).reason, "no such user ('none@pve')");
    EXPECT_EQ((co_await root("POST", "/access/users", {{"userid", "x@none"}})).reason,
              "create user failed: domain 'none' does not exist");
    EXPECT_EQ((co_await root("POST", "/access/openid/auth-url",
                             {{"realm", "corp"}, {"redirect-url", "https://x"}}))
                  .status,
              501);
    const auto role = co_await root("POST", "/access/roles", {{"roleid", "pveMine"}});
    EXPECT_EQ(role.error("roleid"),
              "cannot use role ID starting with the (case-insensitive) 'PVE' namespace");
    const auto path = co_await root(
        "PUT", "/access/acl", {{"path", "/users"}, {"users", "root@pam"}, {"roles", "PVEAdmin"}});
    EXPECT_EQ(path.error("path"), "invalid ACL path '/users'");
    EXPECT_EQ((co_await root("PUT", "/access/acl", {{"path", "/"}, {"roles", "PVEAdmin"}}))
                  .error("users"),
              "either 'users', 'groups' or 'tokens' is required.");
  });
}

TEST_F(AccessApi, nobody_gains_rights_that_were_not_given) {
  run([this]() -> sys::Async<void> {
    const Credential max = co_await signed_in("max@pve");
    co_await root("POST", "/access/groups", {{"groupid", "own"}});
    co_await root("POST", "/access/groups", {{"groupid", "admins"}});
    co_await root("PUT", "/access/users/max@pve", {{"groups", "own"}});
    co_await grant("max@pve", "/access/groups/own", "PVEUserAdmin");
    co_await grant("max@pve", "/access/realm/pve", "PVEUserAdmin");
    co_await grant("max@pve", "/vms/100", "PVEVMAdmin");
    // Groups that are not his, in every form that a list can have.
    EXPECT_EQ(
        (co_await call(max, "PUT", "/access/users/max@pve", {{"groups", "own,admins"}})).status,
        403);
    EXPECT_EQ((co_await call(max, "PUT", "/access/users/max@pve",
                             {{"groups", json::array{"own", "admins"}}}))
                  .status,
              403);
    EXPECT_EQ((co_await call(max, "POST", "/access/users",
                             {{"userid", "new@pve"}, {"groups", json::array{"admins"}}}))
                  .status,
              403);
    // Root's account and the host's accounts.
    EXPECT_EQ((co_await call(max, "POST", "/access/users/root@pam/token/mine")).status, 403);
    EXPECT_EQ((co_await call(max, "PUT", "/access/password",
                             {{"userid", "root@pam"}, {"password", "a-password-12"}}))
                  .status,
              403);
    // More than he has, on what he may change.
    EXPECT_EQ(
        (co_await call(max, "PUT", "/access/acl",
                       {{"path", "/vms/100"}, {"users", "max@pve"}, {"roles", "Administrator"}}))
            .reason,
        "Permission check failed (/vms/100, Sys.AccessNetwork)");
    EXPECT_EQ((co_await call(max, "PUT", "/access/acl",
                             {{"path", "/vms/100"}, {"users", "max@pve"}, {"roles", "PVEVMUser"}}))
                  .status,
              200);
    EXPECT_EQ((co_await call(max, "PUT", "/access/acl",
                             {{"path", "//vms//"}, {"users", "max@pve"}, {"roles", "PVEVMUser"}}))
                  .status,
              403);
  });
}

TEST_F(AccessApi, a_separated_token_cannot_make_itself_a_stronger_one) {
  run([this]() -> sys::Async<void> {
    const Credential max = co_await signed_in("max@pve");
    const Result made = co_await call(max, "POST", "/access/users/max@pve/token/weak");
    const Credential token{"", "max@pve!weak=" + text_of(made.data().at("value")), ""};
    EXPECT_EQ((co_await call(token, "POST", "/access/users/max@pve/token/strong", {{"privsep", 0}}))
                  .status,
              403);
    EXPECT_EQ(
        (co_await call(token, "PUT", "/access/users/max@pve/token/weak", {{"privsep", 0}})).status,
        403);
    EXPECT_EQ((co_await call(token, "PUT", "/access/password",
                             {{"userid", "max@pve"}, {"password", "a-password-13"}}))
                  .status,
              403);
    EXPECT_EQ((co_await call(token, "GET", "/access/permissions", {{"userid", "max@pve"}})).status,
              403);
  });
}

TEST_F(AccessApi, the_right_of_root_is_handed_on_by_root_only) {
  run([this]() -> sys::Async<void> {
    const Credential admin = co_await signed_in("admin@pve");
    co_await grant("admin@pve", "/", "Administrator");
    EXPECT_EQ(
        (co_await call(admin, "POST", "/access/roles", {{"roleid", "Host"}, {"privs", "Sys.Root"}}))
            .status,
        403);
    EXPECT_EQ((co_await root("POST", "/access/roles", {{"roleid", "Host"}, {"privs", "Sys.Root"}}))
                  .status,
              200);
    EXPECT_EQ((co_await call(admin, "PUT", "/access/acl",
                             {{"path", "/"}, {"users", "admin@pve"}, {"roles", "Host"}}))
                  .status,
              403);
  });
}

TEST_F(AccessApi, a_password_is_changed_after_the_callers_own_was_given_again) {
  run([this]() -> sys::Async<void> {
    const Credential max = co_await signed_in("max@pve");
    const json::object wanted{{"userid", "max@pve"}, {"password", "another-pass"}};
    EXPECT_EQ(
        (co_await call(max, "PUT", "/access/password", wanted)).error("confirmation-password"),
        "password is required to modify user");
    json::object confirmed = wanted;
    confirmed["confirmation-password"] = "not-this-one";
    EXPECT_EQ((co_await call(max, "PUT", "/access/password", confirmed)).status, 500);
    confirmed["confirmation-password"] = "a-password-12";
    EXPECT_EQ((co_await call(max, "PUT", "/access/password", confirmed)).status, 200);
    EXPECT_EQ((co_await call({}, "POST", "/access/ticket",
                             {{"username", "max"}, {"realm", "pve"}, {"password", "another-pass"}}))
                  .status,
              200);
  });
}

TEST_F(AccessApi, pools_list_their_members_and_change_with_the_right_to_change_them) {
  run([this]() -> sys::Async<void> {
    const Credential max = co_await signed_in("max@pve");
    co_await root("POST", "/pools", {{"poolid", "p2"}, {"comment", "x"}});
    co_await grant("max@pve", "/pool/p2", "PVEPoolAdmin");
    EXPECT_EQ((co_await call(max, "GET", "/pools")).data(),
              json::parse(R"([{"poolid":"p2","comment":"x"}])"));
    EXPECT_EQ((co_await call(max, "PUT", "/pools/p2", {{"vms", "101"}})).reason,
              "Permission check failed (/vms/101, Permissions.Modify|VM.Allocate)");
    co_await registry_.create({101}, GuestKind::vm, "name: beta\n");
    EXPECT_EQ((co_await root("PUT", "/pools/p2", {{"vms", "101"}, {"storage", "second"}})).status,
              200);
    const Result read = co_await root("GET", "/pools/p2");
    EXPECT_EQ(read.data().at("poolid"), "p2");
    EXPECT_EQ(read.data().at("members").as_array().size(), 2U);
    EXPECT_EQ(read.data().at("members").at(0).at("id"), "qemu/101");
    EXPECT_EQ((co_await root("GET", "/pools", {{"poolid", "p2"}, {"type", "qemu"}}))
                  .data()
                  .at(0)
                  .at("members")
                  .as_array()
                  .size(),
              1U);
    EXPECT_EQ((co_await root("DELETE", "/pools", {{"poolid", "p2"}})).reason,
              "delete pool failed: pool 'p2' is not empty (contains VM 101)");
    EXPECT_EQ(
        (co_await root("PUT", "/pools",
                       {{"poolid", "p2"}, {"vms", "101"}, {"storage", "second"}, {"delete", 1}}))
            .status,
        200);
    EXPECT_EQ((co_await root("DELETE", "/pools", {{"poolid", "p2"}})).status, 200);
  });
}

TEST_F(AccessApi, realms_are_listed_to_everybody_and_defined_by_few) {
  run([this]() -> sys::Async<void> {
    const Result listed = co_await call({}, "GET", "/access/domains");
    EXPECT_EQ(listed.data().at(0).at("realm"), "pam");
    EXPECT_EQ(listed.data().at(1).at("realm"), "pve");
    EXPECT_EQ((co_await root("POST", "/access/domains", {{"realm", "corp"}, {"type", "ldap"}}))
                  .error("server1"),
              "property is missing and it is not optional");
    EXPECT_EQ((co_await root("POST", "/access/domains",
                             {{"realm", "corp"},
                              {"type", "ldap"},
                              {"server1", "ldap.example.org"},
                              {"base_dn", "dc=example,dc=org"},
                              {"user_attr", "uid"},
                              {"default", 1}}))
                  .status,
              200);
    const Result read = co_await root("GET", "/access/domains/corp");
    EXPECT_EQ(read.data().at("user_attr"), "uid");
    EXPECT_EQ(
        (co_await call({}, "POST", "/access/ticket", {{"username", "ann@corp"}, {"password", "x"}}))
            .status,
        401);
    EXPECT_EQ((co_await root("DELETE", "/access/domains/corp")).status, 200);
  });
}

}  // namespace
}  // namespace posada::api
