// The names of users, realms, groups, roles, tokens and pools: what may stand in them.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/ids.h"

namespace posada::access {

struct UserName {
  std::string name;  // without the realm
  std::string realm;
};

// Nothing when it is not `NAME@REALM` (no white space, ':' or '/', at most 64 bytes).
std::optional<UserName> parse_user_id(std::string_view id);
// "max@pve" or "max@pve!ci"; nothing when it is neither.
std::optional<Identity> parse_identity(std::string_view id);

bool is_realm_name(std::string_view name);    // a letter, then letters, digits, '.', '-', '_'
bool is_token_name(std::string_view name);    // as a realm's
bool is_group_name(std::string_view name);    // letters, digits, '.', '-', '_'
bool is_role_name(std::string_view name);     // as a group's
bool is_pool_name(std::string_view name);     // up to three such names, joined by '/'
bool is_storage_name(std::string_view name);  // a letter, then letters, digits, '.', '-', '_'

}  // namespace posada::access
