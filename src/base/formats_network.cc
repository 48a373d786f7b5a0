#include <algorithm>

#include "base/formats.h"
#include "base/formats_table.h"
#include "base/text.h"

namespace posada {

namespace {

using namespace formats_detail;

constexpr std::string_view hex_digits = "0123456789abcdefABCDEF";

bool only(std::string_view text, std::string_view allowed) {
  return text.find_first_not_of(allowed) == std::string_view::npos;
}

// A decimal number of at most `most`, without leading zeros.
bool is_number_up_to(std::string_view text, std::int64_t most) {
  if (!is_digits(text) || (text.size() > 1 && text[0] == '0')) return false;
  auto value = to_integer(text);
  return value && *value <= most;
}

// Groups of one side of '::'; an IPv4 tail counts as two. -1: malformed.
int count_groups(std::string_view text, bool may_end_in_ipv4) {
  if (text.empty()) return 0;
  int groups = 0;
  std::vector<std::string> parts = split(text, ':');
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const std::string& part = parts[i];
    if (may_end_in_ipv4 && i + 1 == parts.size() && part.find('.') != std::string::npos) {
      return is_ipv4(part) ? groups + 2 : -1;
    }
    if (part.empty() || part.size() > 4 || !only(part, hex_digits)) return -1;
    ++groups;
  }
  return groups;
}

bool is_network_of(std::string_view text, bool (*is_address)(std::string_view), int lowest,
                   int highest) {
  std::size_t slash = text.find('/');
  if (slash == std::string_view::npos || !is_address(text.substr(0, slash))) return false;
  std::string_view prefix = text.substr(slash + 1);
  return is_number_up_to(prefix, highest) && *to_integer(prefix) >= lowest;
}

// '_' is no letter of host names, but guests with one in their name are about.
bool is_label(std::string_view text) {
  return !text.empty() && text.size() <= 63 && is_letter_or_digit(text.front()) &&
         is_letter_or_digit(text.back()) && std::all_of(text.begin(), text.end(), [](char c) {
           return c == '-' || c == '_' || is_letter_or_digit(c);
         });
}

bool is_name(std::string_view text, std::size_t longest) {
  return text.size() > 1 && text.size() <= longest && is_letter(text.front()) &&
         is_letter_or_digit(text.back()) && std::all_of(text.begin(), text.end(), [](char c) {
           return c == '-' || c == '_' || is_letter_or_digit(c);
         });
}

// 4 or 6 for an address, network or range; 0 for a named alias or set; -1: none of these.
int family_of(std::string_view text) {
  if (text.starts_with('+')) text.remove_prefix(1);
  for (std::string_view scope : {"dc/", "guest/"}) {
    if (text.starts_with(scope)) return is_name(text.substr(scope.size()), 64) ? 0 : -1;
  }
  if (std::size_t dash = text.find('-'); dash != std::string_view::npos) {
    std::string_view first = text.substr(0, dash);
    std::string_view last = text.substr(dash + 1);
    if (is_ipv4(first) && is_ipv4(last)) return 4;
    if (is_ipv6(first) && is_ipv6(last)) return 6;
  }
  if (is_ipv4(text) || is_ipv4_network(text, 0)) return 4;
  if (is_ipv6(text) || is_ipv6_network(text, 0)) return 6;
  return is_name(text, 64) ? 0 : -1;
}

}  // namespace

bool is_ipv4(std::string_view text) {
  std::vector<std::string> parts = split(text, '.');
  return parts.size() == 4 && std::all_of(parts.begin(), parts.end(), [](const std::string& part) {
           return is_number_up_to(part, 255);
         });
}

bool is_ipv6(std::string_view text) {
  std::size_t gap = text.find("::");
  if (gap == std::string_view::npos) return count_groups(text, true) == 8;
  std::string_view after = text.substr(gap + 2);
  if (after.find("::") != std::string_view::npos) return false;
  int before = count_groups(text.substr(0, gap), false);
  int behind = count_groups(after, true);
  return before >= 0 && behind >= 0 && before + behind < 8;
}

bool is_ip(std::string_view text) {
  return is_ipv4(text) || is_ipv6(text);
}

bool is_ipv4_network(std::string_view text, int lowest) {
  return is_network_of(text, is_ipv4, lowest, 32);
}

bool is_ipv6_network(std::string_view text, int lowest) {
  return is_network_of(text, is_ipv6, lowest, 128);
}

bool is_network(std::string_view text) {
  return is_ipv4_network(text) || is_ipv6_network(text);
}

bool is_mac_address(std::string_view text) {
  if (text.size() != 17) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (i % 3 == 2 ? text[i] != ':' : !has(hex_digits, text[i])) return false;
  }
  return has("02468aceACE", text[1]);  // the group bit is not set
}

bool is_mac_prefix(std::string_view text) {
  if (text.size() < 2 || text.size() > 10) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (i % 3 == 2 ? text[i] != ':' : !has(hex_digits, text[i])) return false;
  }
  return has("02468aceACE", text[1]);
}

bool is_dns_name(std::string_view text) {
  std::vector<std::string> labels = split(text, '.');
  return text.size() <= 253 && !labels.empty() &&
         std::all_of(labels.begin(), labels.end(),
                     [](const std::string& label) { return is_label(label); });
}

bool is_mail_address(std::string_view text) {
  std::size_t at = text.find('@');
  if (at == std::string_view::npos || at == 0 || text.size() > 320) return false;
  auto fits = [](std::string_view part, std::string_view extra) {
    return !part.empty() && std::all_of(part.begin(), part.end(), [extra](char c) {
      return is_letter_or_digit(c) || has(extra, c);
    });
  };
  return fits(text.substr(0, at), "_+-&*.!#$%'/=?^`{|}~") && is_dns_name(text.substr(at + 1));
}

bool is_interface_name(std::string_view text) {
  std::size_t end = text.find_first_of(":.");
  std::string_view name = text.substr(0, end);
  if (end != std::string_view::npos && !is_digits(text.substr(end + 1))) return false;
  return name.size() > 1 && name.size() <= 21 && is_letter(name.front()) &&
         std::all_of(name.begin(), name.end(),
                     [](char c) { return c == '_' || c == '-' || is_letter_or_digit(c); });
}

bool is_bridge_name(std::string_view text) {
  return !text.empty() && text.size() <= 15 && text != "." && text != ".." &&
         std::all_of(text.begin(), text.end(), [](char c) {
           return c == '-' || c == '_' || c == '.' || is_letter_or_digit(c);
         });
}

bool is_vlan_range(std::string_view text) {
  auto is_id = [](std::string_view id) { return is_number_up_to(id, 4094) && id != "0"; };
  std::size_t dash = text.find('-');
  if (dash == std::string_view::npos) return is_id(text);
  std::string_view first = text.substr(0, dash);
  std::string_view last = text.substr(dash + 1);
  return is_id(first) && is_id(last) && *to_integer(first) < *to_integer(last);
}

bool is_firewall_addresses(std::string_view text) {
  if (text.starts_with('+')) return family_of(text) == 0;
  int family = 0;
  std::vector<std::string> parts = split_list(text);
  for (const std::string& part : parts) {
    int own = family_of(part);
    if (own < 0 || (own > 0 && family > 0 && own != family)) return false;
    family = std::max(family, own);
  }
  return !parts.empty();
}

bool is_firewall_ports(std::string_view text) {
  std::vector<std::string> parts = split_list(text);
  return !parts.empty() && std::all_of(parts.begin(), parts.end(), [](const std::string& part) {
    std::vector<std::string> ends = split(part, ':');
    if (ends.size() == 2) {
      return is_number_up_to(ends[0], 65535) && is_number_up_to(ends[1], 65535) &&
             *to_integer(ends[0]) <= *to_integer(ends[1]);
    }
    return ends.size() == 1 && (is_digits(part) ? is_number_up_to(part, 65535)
                                                : only(part,
                                                       "abcdefghijklmnopqrstuvwxyz"
                                                       "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                                       "0123456789-_+."));
  });
}

}  // namespace posada
