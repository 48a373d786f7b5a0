// The text of the user database ("user.cfg"): colon-separated lines, one per user, token, group,
// pool, role and access control entry.
//
// Reading is lax, as texts from elsewhere need: references to what does not exist, unknown
// privileges and roles, and a guest's second pool are left out. A line that cannot be understood
// at all is reported, so that a caller can refuse the text instead of losing the line.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "access/user_config.h"

namespace posada::access {

struct UserConfigFault {
  std::size_t line = 0;  // from 1
  std::string text;      // "group name 'inval!d' may hold only letters, digits, '.', '-' and '_'"
};

struct ParsedUserConfig {
  UserConfig config;
  std::vector<UserConfigFault> refused;  // lines that say nothing that can be kept
  std::vector<UserConfigFault> dropped;  // parts of lines that were left out
};

ParsedUserConfig parse_user_config(std::string_view text);
// Throws Error `access.user-config` with argument "line" at the first line that is refused.
void check_user_config(std::string_view text);
// Canonical: blocks in the order above with a blank line after each but the last, lists sorted.
std::string print_user_config(const UserConfig& config);
// What reading and writing makes of a text. A text with refused lines comes back as it is.
std::string rewrite_user_config(std::string_view text);

}  // namespace posada::access
