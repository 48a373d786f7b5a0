#include "access/user_config.h"

namespace posada::access {

std::string AclHolder::text() const {
  return kind == Kind::group ? "@" + id : id;
}

AclHolder AclHolder::parse(std::string_view text) {
  if (!text.empty() && text[0] == '@') return {Kind::group, std::string(text.substr(1))};
  // A user's name may hold a '!', a realm may not.
  const std::size_t at = text.rfind('@');
  const bool token = at != std::string_view::npos && text.find('!', at) != std::string_view::npos;
  return {token ? Kind::token : Kind::user, std::string(text)};
}

std::optional<User> UserConfig::find_user(std::string_view id) const {
  const auto found = users.find(id);
  if (id == root_user) {
    User root = found == users.end() ? User{} : found->second;
    root.enabled = true;
    root.expires = 0;
    return root;
  }
  if (found == users.end()) return std::nullopt;
  return found->second;
}

const Token* UserConfig::find_token(std::string_view user, std::string_view token) const {
  const auto of_user = tokens.find(user);
  if (of_user == tokens.end() || !has_user(user)) return nullptr;
  const auto found = of_user->second.find(token);
  return found == of_user->second.end() ? nullptr : &found->second;
}

bool UserConfig::has(const Identity& identity) const {
  return identity.token.empty() ? has_user(identity.user)
                                : find_token(identity.user, identity.token) != nullptr;
}

std::optional<PrivilegeSet> UserConfig::find_role(std::string_view name) const {
  if (const auto builtin = builtin_roles().find(name); builtin != builtin_roles().end()) {
    return builtin->second;
  }
  const auto found = roles.find(name);
  if (found == roles.end()) return std::nullopt;
  return found->second;
}

Names UserConfig::groups_of(std::string_view user) const {
  Names names;
  for (const auto& [group, members] : group_members) {
    if (members.contains(user) && groups.contains(group)) names.insert(group);
  }
  return names;
}

Names UserConfig::users_of_group(std::string_view group) const {
  Names names;
  const auto found = group_members.find(group);
  if (found == group_members.end() || !groups.contains(group)) return names;
  for (const std::string& user : found->second) {
    if (has_user(user)) names.insert(user);
  }
  return names;
}

const PoolMembers& UserConfig::members_of(std::string_view pool) const {
  static const PoolMembers none;
  const auto found = pool_members.find(pool);
  return found == pool_members.end() || !pools.contains(pool) ? none : found->second;
}

const std::string* UserConfig::pool_of(GuestId guest) const {
  const auto found = pool_of_guest_.find(guest);
  if (found == pool_of_guest_.end() || !pools.contains(found->second)) return nullptr;
  return &found->second;
}

Names UserConfig::pools_of(std::string_view storage) const {
  Names names;
  const auto found = pools_of_storage_.find(storage);
  if (found == pools_of_storage_.end()) return names;
  for (const std::string& pool : found->second) {
    if (pools.contains(pool)) names.insert(pool);
  }
  return names;
}

bool UserConfig::add_guest(const std::string& pool, GuestId guest) {
  if (!pool_of_guest_.try_emplace(guest, pool).second) return false;
  pool_members[pool].guests.insert(guest);
  return true;
}

void UserConfig::remove_guest(GuestId guest) {
  const auto found = pool_of_guest_.find(guest);
  if (found == pool_of_guest_.end()) return;
  pool_members[found->second].guests.erase(guest);
  pool_of_guest_.erase(found);
}

void UserConfig::add_storage(const std::string& pool, const std::string& storage) {
  pools_of_storage_[storage].insert(pool);
  pool_members[pool].storages.insert(storage);
}

void UserConfig::remove_storage(std::string_view pool, std::string_view storage) {
  const auto erase = [](ByName<Names>& sets, std::string_view key, std::string_view name) {
    const auto found = sets.find(key);
    if (found == sets.end()) return;
    const auto entry = found->second.find(name);
    if (entry != found->second.end()) found->second.erase(entry);
    if (found->second.empty()) sets.erase(found);
  };
  erase(pools_of_storage_, storage, pool);
  const auto members = pool_members.find(pool);
  if (members == pool_members.end()) return;
  const auto entry = members->second.storages.find(storage);
  if (entry != members->second.storages.end()) members->second.storages.erase(entry);
}

}  // namespace posada::access
