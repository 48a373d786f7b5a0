#include "api/permission.h"

#include <optional>

#include "base/text.h"

namespace posada::api {
namespace {

struct Check {
  const json::object& parameters;
  const Identity& identity;
  const access::UserConfig& users;
  access::Permissions& permissions;

  std::string parameter(std::string_view name) const {
    return text_member(parameters, name).value_or("");
  }
  // Lists come as one text or as several values.
  std::vector<std::string> list(std::string_view name) const {
    const json::value* value = parameters.if_contains(name);
    if (value == nullptr) return {};
    if (!value->is_array()) return split_list(parameter(name));
    std::vector<std::string> items;
    for (const json::value& item : value->as_array()) {
      for (std::string& piece : split_list(text_of(item))) items.push_back(std::move(piece));
    }
    return items;
  }
};

// "/vms/{vmid}" with the request's values.
std::string fill(std::string_view path, const Check& check) {
  std::string out;
  while (!path.empty()) {
    const std::size_t open = path.find('{');
    out.append(path.substr(0, open));
    if (open == std::string_view::npos) break;
    const std::size_t close = path.find('}', open);
    out += check.parameter(path.substr(open + 1, close - open - 1));
    path.remove_prefix(close + 1);
  }
  return out;
}

access::PrivilegeList privileges_of(const PermissionRule& rule) {
  std::vector<access::Privilege> list;
  for (const std::string_view name : rule.privileges) {
    const std::optional<access::Privilege> privilege = access::find_privilege(name);
    if (!privilege) throw std::logic_error("unknown privilege " + std::string(name));
    list.push_back(*privilege);
  }
  return access::PrivilegeList(std::span<const access::Privilege>(list));
}

// What is missing, or nothing when the rule is met.
std::optional<Error> missing(const PermissionRule& rule, const Check& check);

std::optional<Error> missing_privileges(const PermissionRule& rule, const Check& check) {
  const std::string path = fill(rule.path, check);
  const access::PrivilegeList wanted = privileges_of(rule);
  if (!rule.parameter.empty() && !check.parameters.contains(rule.parameter)) {
    return Error::forbidden(path, wanted.joined("|"));
  }
  try {
    check.permissions.check(check.identity, path, wanted, rule.any);
  } catch (const Error& refusal) {
    return refusal;
  }
  return std::nullopt;
}

// Privileges on the groups of the user that the call is about, and on those it is to be put in.
std::optional<Error> missing_on_groups(const PermissionRule& rule, const Check& check) {
  const access::PrivilegeList wanted = privileges_of(rule);
  if (check.permissions.may(check.identity, "/access/groups", wanted, rule.any)) {
    return std::nullopt;
  }
  const std::vector<std::string> asked = check.list("groups");
  const auto may = [&](const std::string& group) {
    return check.permissions.may(check.identity, "/access/groups/" + group, wanted, rule.any);
  };
  for (const std::string& group : asked) {
    if (!rule.groups.empty() && !may(group)) {
      return Error::forbidden("/access/groups/" + group, wanted.joined("|"));
    }
  }
  if (rule.groups == "create") {
    if (!asked.empty()) return std::nullopt;
    return Error::forbidden("/access/groups", wanted.joined("|"));
  }
  for (const std::string& group : check.users.groups_of(check.parameter("userid"))) {
    if (may(group)) return std::nullopt;
  }
  return Error::forbidden("/access/groups", wanted.joined("|"));
}

std::optional<Error> missing_on_realm(const PermissionRule& rule, const Check& check) {
  const std::string user = check.parameter("userid");
  std::string realm = check.parameter("realm");
  if (const std::size_t at = user.rfind('@'); at != std::string::npos) realm = user.substr(at + 1);
  const std::string path = "/access/realm/" + realm;
  const access::PrivilegeList wanted =
      rule.privileges.empty() ? access::PrivilegeList(access::Privilege::realm_allocate_user)
                              : privileges_of(rule);
  if (check.permissions.may(check.identity, path, wanted, rule.any)) return std::nullopt;
  return Error::forbidden(path, wanted.joined("|"));
}

std::optional<Error> missing(const PermissionRule& rule, const Check& check) {
  switch (rule.kind) {
    case PermissionKind::everyone:
    case PermissionKind::signed_in: return std::nullopt;
    case PermissionKind::root:
      if (check.permissions.may(check.identity, "/", access::Privilege::sys_root)) {
        return std::nullopt;
      }
      return Error::forbidden("Permission check failed (user != root@pam)");
    case PermissionKind::privileges: return missing_privileges(rule, check);
    case PermissionKind::groups: return missing_on_groups(rule, check);
    case PermissionKind::realm: return missing_on_realm(rule, check);
    case PermissionKind::self:
      // A token is not its user: it must not make itself a stronger one.
      if (check.identity == Identity{check.parameter("userid"), {}}) return std::nullopt;
      return Error::forbidden("Permission check failed (not your own user)");
    case PermissionKind::modify:
      try {
        check.permissions.check_change_entries(check.identity, fill(rule.path, check));
        return std::nullopt;
      } catch (const Error& refusal) {
        return refusal;
      }
    case PermissionKind::all_of:
      for (const PermissionRule* part : rule.parts) {
        if (std::optional<Error> refusal = missing(*part, check)) return refusal;
      }
      return std::nullopt;
    case PermissionKind::any_of: {
      std::optional<Error> first;
      for (const PermissionRule* part : rule.parts) {
        std::optional<Error> refusal = missing(*part, check);
        if (!refusal) return std::nullopt;
        if (!first) first = std::move(refusal);
      }
      return first;
    }
  }
  throw std::logic_error("a permission rule of an unknown kind");
}

}  // namespace

void check_permission(const Method& method, const json::object& parameters,
                      const Identity& identity, const access::UserConfig& users,
                      access::Permissions& permissions) {
  if (method.ticket_only && !identity.token.empty()) {
    throw Error::forbidden("Permission check failed (URI '" + std::string(method.path) +
                           "' not available with API token, need proper ticket.)");
  }
  if (identity.is_root()) return;
  static constexpr PermissionRule root_only{};
  const PermissionRule& rule = method.permission ? *method.permission : root_only;
  if (std::optional<Error> refusal = missing(rule, {parameters, identity, users, permissions})) {
    throw *std::move(refusal);
  }
}

}  // namespace posada::api
