#include "access/acl_path.h"

#include <algorithm>
#include <array>
#include <vector>

#include "base/text.h"

namespace posada::access {
namespace {

bool is_path_character(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '.' ||
         c == '-' || c == '_' || c == '/';
}

bool is_guest_id(std::string_view text) {
  const auto number = to_integer(text);
  return is_digits(text) && number && *number >= 100 && *number <= 999'999'999 && text[0] != '0';
}

bool is_valid_sdn_path(const std::vector<std::string>& parts) {
  if (parts.size() == 1) return true;
  if (parts[1] == "zones") {
    return parts.size() <= 4 || (parts.size() == 5 && is_digits(parts[4]));
  }
  constexpr std::array kinds = {"controllers", "dns",          "fabrics",
                                "ipams",       "prefix-lists", "route-maps"};
  return parts.size() <= 3 && std::find(kinds.begin(), kinds.end(), parts[1]) != kinds.end();
}

}  // namespace

std::optional<std::string> normalize_acl_path(std::string_view path) {
  std::string out;
  for (const char c : path) {
    if (!is_path_character(c)) return std::nullopt;
    if (out.empty() && c != '/') out += '/';
    if (c == '/' && !out.empty() && out.back() == '/') continue;
    out += c;
  }
  if (out.size() > 1 && out.back() == '/') out.pop_back();
  if (out.empty()) out = "/";
  return out;
}

bool is_valid_acl_path(std::string_view normalized) {
  if (normalized == "/") return true;
  if (normalized.size() < 2 || normalized[0] != '/') return false;
  const std::vector<std::string> parts = split(normalized.substr(1), '/');
  if (std::any_of(parts.begin(), parts.end(), [](const auto& part) { return part.empty(); })) {
    return false;
  }
  const std::string& top = parts[0];
  const std::size_t count = parts.size();
  if (top == "access") {
    return count == 1 || (count <= 3 && (parts[1] == "groups" || parts[1] == "realm"));
  }
  if (top == "nodes" || top == "storage") return count <= 2;
  if (top == "pool") return count <= 4;
  if (top == "vms") return count == 1 || (count == 2 && is_guest_id(parts[1]));
  if (top == "mapping") return count <= 3;
  if (top == "sdn") return is_valid_sdn_path(parts);
  return false;
}

bool AclPathOrder::operator()(std::string_view a, std::string_view b) const {
  const auto rank = [](char c) { return c == '/' ? 0 : static_cast<unsigned char>(c) + 1; };
  return std::lexicographical_compare(a.begin(), a.end(), b.begin(), b.end(),
                                      [&](char x, char y) { return rank(x) < rank(y); });
}

}  // namespace posada::access
