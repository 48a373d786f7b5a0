#include "access/identifiers.h"

#include <algorithm>

#include "base/text.h"

namespace posada::access {
namespace {

constexpr std::size_t max_user_id_bytes = 64;
constexpr std::size_t max_pool_depth = 3;

bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

bool is_name_character(char c) {
  return is_letter(c) || (c >= '0' && c <= '9') || c == '.' || c == '-' || c == '_';
}

bool is_plain_name(std::string_view name) {
  return !name.empty() && std::all_of(name.begin(), name.end(), is_name_character);
}

bool starts_with_letter(std::string_view name) {
  return name.size() >= 2 && is_letter(name[0]) && is_plain_name(name);
}

bool is_user_name_character(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte > 0x20 && byte != 0x7f && c != ':' && c != '/';
}

}  // namespace

std::optional<UserName> parse_user_id(std::string_view id) {
  if (id.size() > max_user_id_bytes) return std::nullopt;
  const std::size_t at = id.rfind('@');
  if (at == std::string_view::npos || at == 0) return std::nullopt;
  const std::string_view name = id.substr(0, at);
  const std::string_view realm = id.substr(at + 1);
  if (!is_realm_name(realm) || !is_utf8(name)) return std::nullopt;
  if (!std::all_of(name.begin(), name.end(), is_user_name_character)) return std::nullopt;
  return UserName{std::string(name), std::string(realm)};
}

std::optional<Identity> parse_identity(std::string_view id) {
  const std::size_t at = id.rfind('@');
  const std::size_t mark = at == std::string_view::npos ? at : id.find('!', at);
  const std::string_view user = id.substr(0, mark);
  if (!parse_user_id(user)) return std::nullopt;
  if (mark == std::string_view::npos) return Identity{std::string(user), {}};
  const std::string_view token = id.substr(mark + 1);
  if (!is_token_name(token)) return std::nullopt;
  return Identity{std::string(user), std::string(token)};
}

bool is_realm_name(std::string_view name) {
  return starts_with_letter(name);
}
bool is_token_name(std::string_view name) {
  return starts_with_letter(name);
}
bool is_group_name(std::string_view name) {
  return is_plain_name(name);
}
bool is_role_name(std::string_view name) {
  return is_plain_name(name);
}
bool is_storage_name(std::string_view name) {
  return starts_with_letter(name);
}

bool is_pool_name(std::string_view name) {
  const std::vector<std::string> levels = split(name, '/');
  return levels.size() <= max_pool_depth &&
         std::all_of(levels.begin(), levels.end(),
                     [](const auto& level) { return is_plain_name(level); });
}

}  // namespace posada::access
