#include "base/rule.h"

#include <algorithm>
#include <array>
#include <charconv>

namespace posada {

bool Pattern::matches(std::string_view text) const {
  if (text.empty()) return accepts_empty;
  std::size_t state = 1;
  for (char byte : text) {
    state = next[state * class_count + classes[static_cast<std::uint8_t>(byte)]];
    if (state == 0) return false;
  }
  return state >= first_accepting;
}

std::string_view name_of(ValueType type) {
  constexpr std::array<std::string_view, 8> names{"any",     "string", "integer", "number",
                                                  "boolean", "array",  "object",  "null"};
  return names.at(static_cast<std::size_t>(type));
}

namespace {

const Member* exact(Members members, std::string_view name, bool indexed) {
  auto found = std::lower_bound(
      members.begin(), members.end(), name,
      [](const Member* member, std::string_view wanted) { return member->name < wanted; });
  for (; found != members.end() && (*found)->name == name; ++found) {
    if ((*found)->indexed() == indexed) return *found;
  }
  return nullptr;
}

}  // namespace

const Member* find_member(Members members, std::string_view name) {
  if (const Member* member = exact(members, name, false)) return member;
  std::size_t digits = name.find_last_not_of("0123456789");
  digits = digits == std::string_view::npos ? 0 : digits + 1;
  std::string_view number = name.substr(digits);
  if (number.empty() || digits == 0 || (number.size() > 1 && number[0] == '0')) return nullptr;
  const Member* member = exact(members, name.substr(0, digits), true);
  int index = -1;
  auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), index);
  if (member == nullptr || error != std::errc{} || end != number.data() + number.size()) {
    return nullptr;
  }
  return index >= member->first && index <= member->last ? member : nullptr;
}

}  // namespace posada
