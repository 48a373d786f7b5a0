// The user database as a value: users, tokens, groups, pools, roles and access control entries.
//
// Plain data without secrets. It is what a user.cfg text says (user_config_text.h), what the
// records in the store say (records.h), and what permissions are computed from (permissions.h).
// References may dangle (a group may name a user that is gone): whoever reads resolves them.
#pragma once

#include <compare>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "access/acl_path.h"
#include "access/privileges.h"
#include "base/ids.h"

namespace posada::access {

template <class Value>
using ByName = std::map<std::string, Value, std::less<>>;
using Names = std::set<std::string, std::less<>>;

inline constexpr std::string_view root_user = "root@pam";

struct User {
  bool enabled = false;
  std::int64_t expires = 0;  // Unix time; 0: never
  std::string first_name;
  std::string last_name;
  std::string email;
  std::string comment;
  std::string keys;  // legacy second factor
  bool operator==(const User&) const = default;
};

struct Token {
  std::int64_t expires = 0;
  bool separated = false;  // has privileges of its own, at most those of its user
  std::string comment;
  bool operator==(const Token&) const = default;
};

struct Group {
  std::string comment;
  bool operator==(const Group&) const = default;
};

struct Pool {
  std::string comment;
  bool operator==(const Pool&) const = default;
};

struct PoolMembers {
  std::set<GuestId> guests;  // a guest is in at most one pool
  Names storages;            // a storage may be in several
  bool operator==(const PoolMembers&) const = default;
};

// Who an access control entry is for.
struct AclHolder {
  enum class Kind { user, group, token };
  Kind kind = Kind::user;
  std::string id;  // "max@pve", "admins", "max@pve!ci"
  auto operator<=>(const AclHolder&) const = default;
  // As texts and keys write it: groups with a leading '@'.
  std::string text() const;
  static AclHolder parse(std::string_view text);
};

// role → whether the entry reaches what is below its path
using AclRoles = ByName<bool>;
using AclNode = std::map<AclHolder, AclRoles>;
using Acl = std::map<std::string, AclNode, AclPathOrder>;

// Members stand beside their group or pool and not in it, because each is a record of its own
// and may arrive before what it belongs to.
struct UserConfig {
  ByName<User> users;            // root@pam exists even where it is not here
  ByName<ByName<Token>> tokens;  // by user, then by token id
  ByName<Group> groups;
  ByName<Names> group_members;  // user ids by group
  ByName<Pool> pools;
  ByName<PoolMembers> pool_members;
  ByName<PrivilegeSet> roles;  // without the built-in ones
  Acl acl;
  bool operator==(const UserConfig&) const = default;

  bool has_user(std::string_view id) const { return id == root_user || users.contains(id); }
  bool has(const Identity& identity) const;
  // root@pam is always enabled and never expires.
  std::optional<User> find_user(std::string_view id) const;
  const Token* find_token(std::string_view user, std::string_view token) const;
  std::optional<PrivilegeSet> find_role(std::string_view name) const;
  Names groups_of(std::string_view user) const;
  // The members of a group that exist.
  Names users_of_group(std::string_view group) const;
  const PoolMembers& members_of(std::string_view pool) const;
  // Null when the guest is in none.
  const std::string* pool_of(GuestId guest) const;
  Names pools_of(std::string_view storage) const;

  // False when the guest is in another pool already; nothing changes then.
  bool add_guest(const std::string& pool, GuestId guest);
  void remove_guest(GuestId guest);
  void add_storage(const std::string& pool, const std::string& storage);
  void remove_storage(std::string_view pool, std::string_view storage);

 private:
  std::map<GuestId, std::string> pool_of_guest_;
  ByName<Names> pools_of_storage_;
};

}  // namespace posada::access
