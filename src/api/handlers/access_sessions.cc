// /access/ticket, /access/vncticket, /access/password and /access/permissions.
#include "access/authenticator.h"
#include "access/identifiers.h"
#include "access/sign_in_error.h"
#include "api/handlers/access_shapes.h"
#include "api/handlers/handlers.h"
#include "api/request/access.h"

namespace posada::api {
namespace {

using access_index = posada::api::access::Index;
using posada::access::Privilege;

// Fixed, because it lists what existing clients look for and in their order.
sys::Async<Answer> list_subdirectories(Call&, access_index) {
  json::array rows;
  for (const char* name :
       {"users", "groups", "roles", "acl", "domains", "openid", "tfa", "ticket", "password"}) {
    rows.push_back(json::object{{"subdir", name}});
  }
  co_return rows;
}

sys::Async<Answer> get_ticket(Call&, posada::api::access::GetTicket) {
  co_return Answer();
}

json::object capability_object(Call& call, const std::string& user) {
  json::object areas;
  for (const auto& [area, privileges] : call.services.permissions->capabilities({user, {}})) {
    areas[area] = privilege_object(privileges);
  }
  return areas;
}

sys::Async<Answer> create_ticket(Call& call, posada::api::access::CreateTicket request) {
  posada::access::SignIn sign_in{request.username, request.password, call.peer.address};
  if (request.realm && !request.realm->empty()) sign_in.user += "@" + *request.realm;
  // Nobody has a second factor yet, so nobody can be asked for one.
  if (request.tfa_challenge) throw posada::access::sign_in_failed("access.no-challenge");
  const std::string user = sign_in.user;
  json::object answer{{"username", user}};
  if (request.path && request.privs) {
    co_await call.services.authenticator->verify(std::move(sign_in), *request.path,
                                                 privilege_list("privs", *request.privs));
  } else {
    const auto session = co_await call.services.authenticator->sign_in(std::move(sign_in));
    answer["ticket"] = session.ticket;
    answer["CSRFPreventionToken"] = session.csrf;
  }
  answer["cap"] = capability_object(call, user);
  co_return answer;
}

sys::Async<Answer> verify_console_ticket(Call& call, posada::api::access::VerifyVncTicket request) {
  const auto identity = posada::access::parse_identity(request.authid);
  const auto path = posada::access::normalize_acl_path(request.path);
  if (!identity || !path) throw posada::access::sign_in_failed("access.bad-console-ticket");
  const posada::access::ConsoleTarget target{*identity, *path,
                                             static_cast<int>(request.port.value_or(0))};
  call.services.authenticator->verify_console(target, request.vncticket,
                                              privilege_list("privs", request.privs));
  co_return Answer();
}

// Asks for the caller's own password again, so that a found browser session cannot take the
// account over. root@pam needs none.
sys::Async<void> confirm_caller(Call& call, std::optional<std::string> password) {
  if (call.identity.is_root()) co_return;
  if (!password) {
    throw Error::parameter("confirmation-password", "password is required to modify user");
  }
  try {
    co_await call.services.authenticator->confirm_password(call.identity.user, *password,
                                                           call.peer.address);
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::unauthenticated) throw;
    // The session itself is good: 401 would make clients drop it.
    throw Error::failed(error.code(), "authentication failure");
  }
}

sys::Async<Answer> change_password(Call& call, posada::api::access::ChangePassword request) {
  refuse_changing_root(call, request.userid);
  call.services.directory->need_user(request.userid);
  const auto name = posada::access::parse_user_id(request.userid);
  if (!name) throw Error::parameter("userid", "value does not look like a valid user name");
  const bool own = call.identity.user == request.userid;
  const bool host_account = call.services.realms->type_of(name->realm) == "pam";
  if (host_account && !own && !call.identity.is_root()) {
    throw Error::forbidden("Permission check failed (user != root@pam)");
  }
  co_await confirm_caller(call, request.confirmation_password);
  auto secrets =
      co_await call.services.realms->find(name->realm)->new_password(name->name, request.password);
  co_await call.services.directory->write_secrets(request.userid, std::move(secrets));
  co_return Answer();
}

json::object granted_object(const posada::access::Granted& granted) {
  json::object object;
  for (const auto& info : posada::access::privilege_table) {
    if (granted.here.contains(info.privilege)) {
      object[info.name] = granted.below.contains(info.privilege) ? 1 : 0;
    }
  }
  return object;
}

sys::Async<Answer> list_permissions(Call& call, posada::api::access::Permissions request) {
  posada::access::Permissions& permissions = *call.services.permissions;
  Identity subject = call.identity;
  if (request.userid) {
    const auto parsed = posada::access::parse_identity(*request.userid);
    if (!parsed) throw Error::parameter("userid", "value does not look like a valid user name");
    subject = *parsed;
  }
  if (!permissions.may_ask_about(call.identity, subject)) {
    permissions.check(call.identity, "/access", Privilege::sys_audit);
  }
  if (subject.token.empty()) {
    call.services.directory->need_user(subject.user);
  } else {
    call.services.directory->need_token(subject);
  }
  json::object answer;
  if (request.path) {
    const auto path = posada::access::normalize_acl_path(*request.path);
    if (!path) throw Error::parameter("path", "invalid ACL path '" + *request.path + "'");
    answer[*path] = granted_object(permissions.granted(subject, *path));
    co_return answer;
  }
  for (const auto& [path, granted] : permissions.all_granted(subject)) {
    answer[path] = granted_object(granted);
  }
  co_return answer;
}

}  // namespace

void register_access_sessions(Router& router) {
  router.on<access_index>(list_subdirectories);
  router.on<posada::api::access::GetTicket>(get_ticket);
  router.on<posada::api::access::CreateTicket>(create_ticket);
  router.on<posada::api::access::VerifyVncTicket>(verify_console_ticket);
  router.on<posada::api::access::ChangePassword>(change_password);
  router.on<posada::api::access::Permissions>(list_permissions);
}

}  // namespace posada::api
