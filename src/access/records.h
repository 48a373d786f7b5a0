// The user database as records in the store: one key for each user, token, group, membership,
// role, access control entry, pool and pool member, so that two changes meet only where they
// touch the same thing.
//
//   access/user/max@pve               {"enable":1,…}
//   access/token/max@pve!ci           {"privsep":1,…}       (its secret's hash:
//   priv/token/max@pve!ci) access/group/admins               {"comment":…}
//   access/group-member/admins/max@pve
//   access/role/Operator              "VM.Audit,VM.Console"
//   access/acl/%2Fvms%2F100/max@pve/Operator   "1": propagates, "0"
//   access/pool/web/test              {"comment":…}
//   access/pool-guest/100             "web/test"             (so a guest is in one pool at most)
//   access/pool-storage/local/web/test
//
// Pure functions between keys and values and a UserConfig; no one else builds these keys.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "access/user_config.h"

namespace posada::access {

inline constexpr std::string_view records_prefix = "access/";
inline constexpr std::string_view user_records_prefix = "access/user/";
inline constexpr std::string_view token_records_prefix = "access/token/";

std::string user_key(std::string_view user);
std::string token_key(std::string_view user, std::string_view token);
std::string token_secret_key(std::string_view user, std::string_view token);
std::string shadow_key(std::string_view user);
std::string group_key(std::string_view group);
std::string group_member_key(std::string_view group, std::string_view user);
std::string role_key(std::string_view role);
std::string acl_key(std::string_view path, const AclHolder& holder, std::string_view role);
std::string pool_key(std::string_view pool);
std::string pool_guest_key(GuestId guest);
std::string pool_storage_key(std::string_view storage, std::string_view pool);

std::string value_of(const User& user);
std::string value_of(const Token& token);
std::string value_of(const Group& group);
std::string value_of(const Pool& pool);
std::string value_of(PrivilegeSet privileges);

// What a change of one record did to the model.
enum class RecordEffect {
  none,     // not one of ours, or not readable
  members,  // pool membership, which permissions look up each time
  entries,  // anything else
};

// Brings the model in line with one record; no value: it was deleted. A value that cannot be read
// counts as absent, so that a broken record gives nobody rights.
RecordEffect apply_record(UserConfig& config, std::string_view key,
                          const std::optional<std::string>& value);

// All records of a database.
std::map<std::string, std::string> records_of(const UserConfig& config);

}  // namespace posada::access
