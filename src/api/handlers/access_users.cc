// /access/users: users, their tokens, and what is known of their second factors.
#include "api/request/access_users.h"

#include "access/identifiers.h"
#include "access/realms.h"
#include "api/handlers/access_shapes.h"
#include "api/handlers/handlers.h"
#include "api/request/access_tfa.h"
#include "base/text.h"

namespace posada::api {
namespace {

using access::Privilege;

void add_text(json::object& object, std::string_view name, const std::string& text) {
  if (!text.empty()) object[name] = text;
}

json::object token_object(const access::Token& token) {
  json::object object{{"privsep", token.separated ? 1 : 0}, {"expire", token.expires}};
  add_text(object, "comment", token.comment);
  return object;
}

json::object user_object(const access::User& user) {
  json::object object{{"enable", user.enabled ? 1 : 0}, {"expire", user.expires}};
  add_text(object, "firstname", user.first_name);
  add_text(object, "lastname", user.last_name);
  add_text(object, "email", user.email);
  add_text(object, "comment", user.comment);
  add_text(object, "keys", user.keys);
  return object;
}

const access::ByName<access::Token>& tokens_of(const Call& call, const std::string& user) {
  static const access::ByName<access::Token> none;
  const auto& tokens = call.services.directory->config().tokens;
  const auto found = tokens.find(user);
  return found == tokens.end() ? none : found->second;
}

json::array token_rows(const Call& call, const std::string& user) {
  json::array rows;
  for (const auto& [name, token] : tokens_of(call, user)) {
    json::object row = token_object(token);
    row["tokenid"] = name;
    rows.push_back(std::move(row));
  }
  return rows;
}

std::string realm_of(const std::string& user) {
  return user.substr(user.rfind('@') + 1);
}

// Users in the groups that the caller may look at; everybody with the right on all groups.
class VisibleUsers {
 public:
  explicit VisibleUsers(const Call& call) : call_(call) {
    access::Permissions& permissions = *call.services.permissions;
    const access::PrivilegeList wanted{Privilege::user_modify, Privilege::sys_audit};
    all_ = permissions.may(call.identity, "/access/groups", wanted, true);
    if (all_) return;
    const access::UserConfig& config = call.services.directory->config();
    for (const auto& [group, unused] : config.groups) {
      if (!permissions.may(call.identity, "/access/groups/" + group, wanted, true)) continue;
      users_.merge(config.users_of_group(group));
    }
  }
  bool contains(const std::string& user) const {
    return all_ || user == call_.identity.user || users_.contains(user);
  }

 private:
  const Call& call_;
  bool all_ = false;
  access::Names users_;
};

sys::Async<Answer> list_users(Call& call, access_users::Index request) {
  const access::UserConfig& config = call.services.directory->config();
  access::Names ids{std::string(access::root_user)};
  for (const auto& [id, unused] : config.users) ids.insert(id);
  const VisibleUsers visible(call);
  json::array rows;
  for (const std::string& id : ids) {
    if (!visible.contains(id)) continue;
    const access::User user = call.services.directory->need_user(id);
    if (request.enabled && *request.enabled != user.enabled) continue;
    json::object row = user_object(user);
    row["userid"] = id;
    const std::string type = call.services.realms->type_of(realm_of(id));
    if (!type.empty()) row["realm-type"] = type;
    if (request.full.value_or(false)) {
      const access::Names groups = config.groups_of(id);
      row["groups"] = join({groups.begin(), groups.end()}, ",");
      row["tokens"] = token_rows(call, id);
    }
    rows.push_back(std::move(row));
  }
  co_return rows;
}

template <class Request>
access::UserChange change_of(const Request& request) {
  access::UserChange change;
  change.enabled = request.enable;
  change.expires = request.expire;
  change.first_name = request.firstname;
  change.last_name = request.lastname;
  change.email = request.email;
  change.comment = request.comment;
  change.keys = request.keys;
  if (request.groups) change.groups = name_list(request.groups);
  return change;
}

sys::Async<Answer> create_user(Call& call, access_users::CreateUser request) {
  access::Directory& directory = *call.services.directory;
  const std::string realm = realm_of(request.userid);
  const std::string type = call.services.realms->type_of(realm);
  if (type.empty()) {
    throw Error::failed("access.no-realm",
                        "create user failed: domain '" + realm + "' does not exist");
  }
  std::vector<store::Put> secrets;
  // Of a user that exists the password must stay what it is.
  if (request.password && !directory.config().has_user(request.userid)) {
    // This would be the password of an account of the host.
    if (type == "pam" && !call.identity.is_root()) {
      throw Error::forbidden("Permission check failed (user != root@pam)");
    }
    const std::string name = request.userid.substr(0, request.userid.rfind('@'));
    secrets = co_await call.services.realms->find(realm)->new_password(name, *request.password);
  }
  co_await directory.create_user(request.userid, change_of(request), std::move(secrets));
  co_return Answer();
}

sys::Async<Answer> read_user(Call& call, access_users::ReadUser request) {
  const access::Directory& directory = *call.services.directory;
  json::object object = user_object(directory.need_user(request.userid));
  json::array groups;
  for (const std::string& group : directory.config().groups_of(request.userid)) {
    groups.emplace_back(group);
  }
  object["groups"] = std::move(groups);
  json::object tokens;
  for (const auto& [name, token] : tokens_of(call, request.userid)) {
    tokens[name] = token_object(token);
  }
  object["tokens"] = tokens.empty() ? json::value(nullptr) : json::value(std::move(tokens));
  co_return object;
}

sys::Async<Answer> update_user(Call& call, access_users::UpdateUser request) {
  refuse_changing_root(call, request.userid);
  access::UserChange change = change_of(request);
  change.append_groups = request.append.value_or(false);
  co_await call.services.directory->update_user(request.userid, std::move(change));
  co_return Answer();
}

sys::Async<Answer> delete_user(Call& call, access_users::DeleteUser request) {
  refuse_changing_root(call, request.userid);
  co_await call.services.directory->delete_user(request.userid);
  co_return Answer();
}

sys::Async<Answer> list_tokens(Call& call, access_users::TokenIndex request) {
  call.services.directory->need_user(request.userid);
  co_return token_rows(call, request.userid);
}

sys::Async<Answer> read_token(Call& call, access_users::ReadToken request) {
  co_return token_object(call.services.directory->need_token({request.userid, request.tokenid}));
}

sys::Async<Answer> create_token(Call& call, access_users::GenerateToken request) {
  refuse_changing_root(call, request.userid);
  access::Directory& directory = *call.services.directory;
  const Identity token{request.userid, request.tokenid};
  access::TokenChange change{request.expire, request.privsep, request.comment};
  const std::string secret = co_await directory.create_token(token, std::move(change));
  json::object info{{"privsep", request.privsep.value_or(true) ? 1 : 0}};
  if (request.expire) info["expire"] = *request.expire;
  add_text(info, "comment", request.comment.value_or(""));
  co_return json::object{
      {"full-tokenid", token.text()}, {"value", secret}, {"info", std::move(info)}};
}

access::TokenChange change_of(const access_users::UpdateTokenInfo& request) {
  access::TokenChange change{request.expire, request.privsep, request.comment};
  for (const std::string& name : name_list(request.delete_)) {
    if (name == "comment") {
      change.comment = "";
    } else if (name == "expire") {
      change.expires = 0;
    } else {
      throw Error::parameter("delete", "unknown option '" + name + "'");
    }
  }
  return change;
}

sys::Async<Answer> update_token(Call& call, access_users::UpdateTokenInfo request) {
  refuse_changing_root(call, request.userid);
  access::Directory& directory = *call.services.directory;
  const Identity token{request.userid, request.tokenid};
  co_await directory.update_token(token, change_of(request));
  json::object answer;
  if (request.regenerate.value_or(false)) {
    answer["value"] = co_await directory.renew_token(token);
    answer["full-tokenid"] = token.text();
  }
  for (const auto& [name, value] : token_object(directory.need_token(token))) answer[name] = value;
  co_return answer;
}

sys::Async<Answer> delete_token(Call& call, access_users::RemoveToken request) {
  refuse_changing_root(call, request.userid);
  co_await call.services.directory->delete_token({request.userid, request.tokenid});
  co_return Answer();
}

// Second factors cannot be set up yet, so nobody has one.
sys::Async<Answer> read_tfa_types(Call& call, access_users::ReadUserTfaType request) {
  call.services.directory->need_user(request.userid);
  if (!request.multiple.value_or(false)) co_return json::object{};
  co_return json::object{{"types", json::array{}}};
}

sys::Async<Answer> unlock_tfa(Call& call, access_users::UnlockTfa request) {
  call.services.directory->need_user(request.userid);
  co_return Answer(0);
}

sys::Async<Answer> list_tfa(Call&, access_tfa::ListTfa) {
  co_return json::array{};
}

sys::Async<Answer> list_user_tfa(Call& call, access_tfa::ListUserTfa request) {
  call.services.directory->need_user(request.userid);
  co_return json::array{};
}

}  // namespace

void register_access_users(Router& router) {
  router.on<access_users::Index>(list_users);
  router.on<access_users::CreateUser>(create_user);
  router.on<access_users::ReadUser>(read_user);
  router.on<access_users::UpdateUser>(update_user);
  router.on<access_users::DeleteUser>(delete_user);
  router.on<access_users::TokenIndex>(list_tokens);
  router.on<access_users::ReadToken>(read_token);
  router.on<access_users::GenerateToken>(create_token);
  router.on<access_users::UpdateTokenInfo>(update_token);
  router.on<access_users::RemoveToken>(delete_token);
  router.on<access_users::ReadUserTfaType>(read_tfa_types);
  router.on<access_users::UnlockTfa>(unlock_tfa);
  router.on<access_tfa::ListTfa>(list_tfa);
  router.on<access_tfa::ListUserTfa>(list_user_tfa);
}

}  // namespace posada::api
