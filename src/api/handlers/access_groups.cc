// /access/groups, /access/roles and /access/acl.
#include "api/request/access_groups.h"

#include <algorithm>

#include "access/identifiers.h"
#include "api/handlers/access_shapes.h"
#include "api/handlers/handlers.h"
#include "api/request/access.h"
#include "api/request/access_roles.h"
#include "base/text.h"

namespace posada::api {
namespace {

using posada::access::AclHolder;
using posada::access::Privilege;

sys::Async<Answer> list_groups(Call& call, access_groups::Index) {
  const posada::access::UserConfig& config = call.services.directory->config();
  json::array rows;
  for (const auto& [name, group] : config.groups) {
    const posada::access::PrivilegeList wanted{Privilege::user_modify, Privilege::sys_audit,
                                               Privilege::group_allocate};
    if (!call.services.permissions->may(call.identity, "/access/groups/" + name, wanted, true)) {
      continue;
    }
    const posada::access::Names users = config.users_of_group(name);
    json::object row{{"groupid", name}, {"users", join({users.begin(), users.end()}, ",")}};
    if (!group.comment.empty()) row["comment"] = group.comment;
    rows.push_back(std::move(row));
  }
  co_return rows;
}

sys::Async<Answer> create_group(Call& call, access_groups::CreateGroup request) {
  co_await call.services.directory->create_group(request.groupid, request.comment.value_or(""));
  co_return Answer();
}

sys::Async<Answer> read_group(Call& call, access_groups::ReadGroup request) {
  const posada::access::Directory& directory = *call.services.directory;
  directory.need_group(request.groupid);
  json::array members;
  for (const std::string& user : directory.config().users_of_group(request.groupid)) {
    members.emplace_back(user);
  }
  json::object answer{{"members", std::move(members)}};
  const std::string& comment = directory.config().groups.find(request.groupid)->second.comment;
  if (!comment.empty()) answer["comment"] = comment;
  co_return answer;
}

sys::Async<Answer> update_group(Call& call, access_groups::UpdateGroup request) {
  co_await call.services.directory->update_group(request.groupid, request.comment);
  co_return Answer();
}

sys::Async<Answer> delete_group(Call& call, access_groups::DeleteGroup request) {
  co_await call.services.directory->delete_group(request.groupid);
  co_return Answer();
}

json::object role_row(const std::string& name, posada::access::PrivilegeSet privileges) {
  return {{"roleid", name},
          {"privs", join(privileges.names(), ",")},
          {"special", posada::access::is_builtin_role(name) ? 1 : 0}};
}

sys::Async<Answer> list_roles(Call& call, access_roles::Index) {
  json::array rows;
  for (const auto& [name, privileges] : posada::access::builtin_roles()) {
    rows.push_back(role_row(name, privileges));
  }
  for (const auto& [name, privileges] : call.services.directory->config().roles) {
    rows.push_back(role_row(name, privileges));
  }
  co_return rows;
}

// Whoever may make roles must not become root of the host by it.
void check_role_privileges(const Call& call, posada::access::PrivilegeSet privileges) {
  if (!privileges.contains(Privilege::sys_root)) return;
  call.services.permissions->check(call.identity, "/", Privilege::sys_root);
}

sys::Async<Answer> create_role(Call& call, access_roles::CreateRole request) {
  if (lower(request.roleid).starts_with("pve")) {
    throw Error::parameter(
        "roleid", "cannot use role ID starting with the (case-insensitive) 'PVE' namespace");
  }
  const posada::access::PrivilegeSet privileges =
      privilege_set("privs", request.privs.value_or(""));
  check_role_privileges(call, privileges);
  co_await call.services.directory->create_role(request.roleid, privileges);
  co_return Answer();
}

sys::Async<Answer> read_role(Call& call, access_roles::ReadRole request) {
  co_return privilege_object(call.services.directory->need_role(request.roleid));
}

sys::Async<Answer> update_role(Call& call, access_roles::UpdateRole request) {
  const posada::access::PrivilegeSet privileges =
      privilege_set("privs", request.privs.value_or(""));
  check_role_privileges(call, privileges);
  co_await call.services.directory->update_role(request.roleid, privileges,
                                                request.append.value_or(false));
  co_return Answer();
}

sys::Async<Answer> delete_role(Call& call, access_roles::DeleteRole request) {
  co_await call.services.directory->delete_role(request.roleid);
  co_return Answer();
}

std::string_view kind_name(AclHolder::Kind kind) {
  switch (kind) {
    case AclHolder::Kind::user:
      return "user";
    case AclHolder::Kind::group:
      return "group";
    case AclHolder::Kind::token:
      return "token";
  }
  return "";
}

sys::Async<Answer> list_acl(Call& call, posada::api::access::ReadAcl) {
  posada::access::Permissions& permissions = *call.services.permissions;
  const bool sees_all = permissions.may(call.identity, "/access", Privilege::sys_audit);
  json::array rows;
  for (const auto& [path, node] : call.services.directory->config().acl) {
    if (!sees_all && !permissions.may_change_entries(call.identity, path)) continue;
    for (const auto& [holder, roles] : node) {
      for (const auto& [role, propagate] : roles) {
        rows.push_back(json::object{{"path", path},
                                    {"type", kind_name(holder.kind)},
                                    {"ugid", holder.id},
                                    {"roleid", role},
                                    {"propagate", propagate ? 1 : 0}});
      }
    }
  }
  co_return rows;
}

std::vector<AclHolder> holders_of(const posada::api::access::UpdateAcl& request) {
  std::vector<AclHolder> holders;
  const auto add = [&](AclHolder::Kind kind, const std::optional<std::string>& list) {
    for (const std::string& name : name_list(list)) holders.push_back({kind, name});
  };
  add(AclHolder::Kind::user, request.users);
  add(AclHolder::Kind::group, request.groups);
  add(AclHolder::Kind::token, request.tokens);
  return holders;
}

// Without Permissions.Modify one hands on no more than one has there oneself.
void check_delegation(const Call& call, const posada::access::AclChange& change) {
  posada::access::Permissions& permissions = *call.services.permissions;
  for (const std::string& role : change.roles) {
    const auto privileges = call.services.directory->config().find_role(role);
    if (!privileges) continue;  // the change itself says so
    if (privileges->contains(Privilege::sys_root)) {
      permissions.check(call.identity, "/", Privilege::sys_root);
    }
    if (permissions.may(call.identity, change.path, Privilege::permissions_modify)) continue;
    const posada::access::Granted own = permissions.granted(call.identity, change.path);
    const posada::access::PrivilegeSet may_give = change.propagate ? own.below : own.here;
    for (const auto& info : posada::access::privilege_table) {
      if (privileges->contains(info.privilege) && !may_give.contains(info.privilege)) {
        throw Error::forbidden(change.path, info.name);
      }
    }
  }
}

sys::Async<Answer> update_acl(Call& call, posada::api::access::UpdateAcl request) {
  posada::access::AclChange change;
  change.holders = holders_of(request);
  if (change.holders.empty()) {
    const std::string text = "either 'users', 'groups' or 'tokens' is required.";
    throw Error::parameters({{"users", text}, {"groups", text}, {"tokens", text}});
  }
  change.remove = request.delete_.value_or(false);
  const auto path = posada::access::normalize_acl_path(request.path);
  // Entries on other paths may have come with a text; they can be removed.
  if (!path || (!change.remove && !posada::access::is_valid_acl_path(*path))) {
    throw Error::parameter("path", "invalid ACL path '" + request.path + "'");
  }
  change.path = *path;
  change.roles = name_list(request.roles);
  change.propagate = request.propagate.value_or(true);
  call.services.permissions->check_change_entries(call.identity, change.path);
  check_delegation(call, change);
  co_await call.services.directory->update_acl(std::move(change));
  co_return Answer();
}

}  // namespace

void register_access_groups(Router& router) {
  router.on<access_groups::Index>(list_groups);
  router.on<access_groups::CreateGroup>(create_group);
  router.on<access_groups::ReadGroup>(read_group);
  router.on<access_groups::UpdateGroup>(update_group);
  router.on<access_groups::DeleteGroup>(delete_group);
  router.on<access_roles::Index>(list_roles);
  router.on<access_roles::CreateRole>(create_role);
  router.on<access_roles::ReadRole>(read_role);
  router.on<access_roles::UpdateRole>(update_role);
  router.on<access_roles::DeleteRole>(delete_role);
  router.on<posada::api::access::ReadAcl>(list_acl);
  router.on<posada::api::access::UpdateAcl>(update_acl);
}

}  // namespace posada::api
