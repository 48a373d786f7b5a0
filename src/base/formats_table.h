// The rows behind check_format(), and character classes that its files share. Not for anyone else.
#pragma once

#include <span>
#include <string_view>

namespace posada::formats_detail {

struct NamedFormat {
  std::string_view name;
  bool (*accepts)(std::string_view);
  std::string_view fault;  // after "invalid format - "; '%' stands for the value
};

std::span<const NamedFormat> table();  // sorted by name

bool is_letter(char c);
bool is_letter_or_digit(char c);
bool has(std::string_view set, char wanted);
// Every character a letter, a digit or one of `extra`; at least one.
bool made_of(std::string_view text, std::string_view extra);
bool has_no_control(std::string_view text);

}  // namespace posada::formats_detail
