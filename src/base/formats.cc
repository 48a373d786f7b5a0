#include "base/formats.h"

#include <algorithm>
#include <stdexcept>
#include <vector>

#include "base/calendar.h"
#include "base/formats_table.h"
#include "base/text.h"

namespace posada {

using namespace formats_detail;

namespace {

constexpr std::string_view letters_and_digits =
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";

const NamedFormat* find(std::string_view name) {
  std::span<const NamedFormat> rows = table();
  auto found =
      std::lower_bound(rows.begin(), rows.end(), name,
                       [](const NamedFormat& row, std::string_view n) { return row.name < n; });
  return found != rows.end() && found->name == name ? &*found : nullptr;
}

// "pve-node-list" → "pve-node"; a name that is in the table itself keeps its ending.
std::string_view without(std::string_view name, std::string_view ending) {
  return name.ends_with(ending) && find(name) == nullptr
             ? name.substr(0, name.size() - ending.size())
             : std::string_view{};
}

std::string fault_of(const NamedFormat& format, std::string_view text) {
  std::string fault;
  for (char c : format.fault) {
    if (c == '%') {
      fault += text;
    } else {
      fault += c;
    }
  }
  return fault + '\n';
}

}  // namespace

bool formats_detail::has(std::string_view set, char wanted) {
  return set.find(wanted) != std::string_view::npos;
}
bool formats_detail::is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
bool formats_detail::is_letter_or_digit(char c) {
  return has(letters_and_digits, c);
}

// Every character a letter, a digit or one of `extra`; at least one.
bool formats_detail::made_of(std::string_view text, std::string_view extra) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [extra](char c) {
    return is_letter_or_digit(c) || has(extra, c);
  });
}

bool formats_detail::has_no_control(std::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return static_cast<unsigned char>(c) >= 0x20 && c != 0x7f; });
}

bool is_list_format(std::string_view format) {
  return !without(format, "-list").empty();
}

bool is_known_format(std::string_view format) {
  for (std::string_view ending : {"-list", "-opt"}) {
    std::string_view base = without(format, ending);
    if (!base.empty()) return find(base) != nullptr;
  }
  return find(format) != nullptr;
}

std::optional<std::string> check_format(std::string_view format, std::string_view text) {
  std::string_view base = format;
  std::vector<std::string> values{std::string(text)};
  if (std::string_view element = without(format, "-list"); !element.empty()) {
    base = element;
    values = split_list(text, std::string_view(",; \t\n\r\f\v\0", 9));
  } else if (std::string_view optional = without(format, "-opt"); !optional.empty()) {
    if (text.empty()) return std::nullopt;
    base = optional;
  }
  const NamedFormat* found = find(base);
  if (found == nullptr) throw std::logic_error("unknown format " + std::string(format));
  for (const std::string& value : values) {
    if (!found->accepts(value)) return fault_of(*found, value);
  }
  return std::nullopt;
}

bool is_node_name(std::string_view text) {
  return made_of(text, "-") && text.front() != '-' && text.back() != '-';
}

bool is_guest_number(std::string_view text) {
  return is_digits(text) && text.size() >= 3 && text.size() <= 9 && text.front() != '0';
}

bool is_config_id(std::string_view text) {
  return text.size() > 1 && is_letter(text.front()) && made_of(text, "-_");
}

bool is_storage_id(std::string_view text) {
  return text.size() > 1 && is_letter(text.front()) && is_letter_or_digit(text.back()) &&
         made_of(text, "-_.");
}

bool is_realm_name(std::string_view text) {
  return text.size() > 1 && is_letter(text.front()) && made_of(text, "-_.");
}

bool is_user_id(std::string_view text) {
  std::size_t at = text.rfind('@');
  return at != std::string_view::npos && at > 0 && text.size() >= 3 && text.size() <= 64 &&
         has_no_control(text) &&
         text.substr(0, at).find_first_of(" \t:/") == std::string_view::npos &&
         is_realm_name(text.substr(at + 1));
}

bool is_token_id(std::string_view text) {
  std::size_t mark = text.rfind('!');
  return mark != std::string_view::npos && is_user_id(text.substr(0, mark)) &&
         is_realm_name(text.substr(mark + 1));
}

bool is_access_name(std::string_view text) {
  return made_of(text, "-_.");
}

bool is_pool_id(std::string_view text) {
  std::vector<std::string> parts = split(text, '/');
  return !parts.empty() && parts.size() <= 3 &&
         std::all_of(parts.begin(), parts.end(),
                     [](const std::string& part) { return made_of(part, "-_."); });
}

bool is_tag(std::string_view text) {
  return made_of(text, "-_+.") && !has("-+.", text.front());
}

bool is_volume_id(std::string_view text) {
  std::size_t colon = text.find(':');
  return colon != std::string_view::npos && colon + 1 < text.size() && has_no_control(text) &&
         is_storage_id(text.substr(0, colon));
}

bool is_disk_size(std::string_view text) {
  if (!text.empty() && has("KMGT", text.back())) text.remove_suffix(1);
  std::size_t dot = text.find('.');
  return is_digits(text.substr(0, dot)) &&
         (dot == std::string_view::npos || is_digits(text.substr(dot + 1)));
}

bool is_url_encoded(std::string_view text) {
  return text.empty() || made_of(text, "-_.~%!*'()+");
}

bool is_job_id(std::string_view text) {
  std::size_t dash = text.find('-');
  if (dash == std::string_view::npos) return false;
  std::string_view number = text.substr(dash + 1);
  return is_guest_number(text.substr(0, dash)) && is_digits(number) && number.size() <= 9;
}

bool is_calendar_event(std::string_view text) {
  return text.size() <= 128 && CalendarEvent::parse(text).has_value();
}

}  // namespace posada
