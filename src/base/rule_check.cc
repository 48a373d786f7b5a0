#include "base/rule_check.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include <fmt/format.h>

#include "base/formats.h"
#include "base/property_string.h"
#include "base/text.h"

namespace posada {

namespace {

constexpr std::string_view not_defined =
    "property is not defined in schema and the schema does not allow additional properties";

std::string below(const std::string& path, std::string_view name) {
  return path.empty() ? std::string(name) : path + "." + std::string(name);
}

// A scalar as a form would carry it.
std::string scalar_text(const json::value& value) {
  if (const double* number = value.if_double()) return fmt::format("{}", *number);
  return text_of(value);
}

std::string limit_text(double limit) {
  return std::trunc(limit) == limit && std::abs(limit) < 1e18
             ? std::to_string(static_cast<std::int64_t>(limit))
             : fmt::format("{}", limit);
}

std::optional<std::int64_t> parse_integer(std::string_view text) {
  if (text.starts_with('+')) {
    text.remove_prefix(1);
    if (text.starts_with('-')) return std::nullopt;
  }
  std::int64_t result = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), result);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return result;
}

// Digits with at most one point, a sign before and an exponent behind; no "inf", no "0x".
std::optional<double> parse_number(std::string_view text) {
  if (text.starts_with('+')) {
    text.remove_prefix(1);
    if (text.starts_with('-')) return std::nullopt;
  }
  std::string_view digits = text.starts_with('-') ? text.substr(1) : text;
  bool starts_right = !digits.empty() && (is_digits(digits.substr(0, 1)) ||
                                          (digits[0] == '.' && is_digits(digits.substr(1, 1))));
  if (!starts_right) return std::nullopt;
  double result = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), result);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return result;
}

std::size_t characters(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xc0) != 0x80;
  }));
}

// A text as a fault may repeat it: whole unless somebody sent a novel.
std::string shortened(std::string_view text) {
  constexpr std::size_t longest = 256;
  if (text.size() <= longest) return std::string(text);
  std::size_t end = longest;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80) --end;
  return std::string(text.substr(0, end)) + "…";
}

void type_fault(const Rule& rule, const std::string& path, std::string_view got, Faults& faults) {
  faults.add(
      path, fmt::format("type check ('{}') failed - got '{}'", name_of(rule.type), shortened(got)));
}

// What holds for the text of a scalar besides its type. False after a fault.
bool check_text(const Rule& rule, const std::string& path, const std::string& text,
                Faults& faults) {
  // Only what was made for it takes a NUL: lists, and patterns that name it.
  if (text.find('\0') != std::string::npos && rule.pattern == nullptr &&
      !is_list_format(rule.format)) {
    faults.add(path, "value may not contain a NUL byte");
    return false;
  }
  if (rule.properties != nullptr) {
    if (auto fault = property_string_fault(*rule.properties, text, path)) {
      faults.add(path, "invalid format - " + *fault);
      return false;
    }
  } else if (!rule.format.empty()) {
    if (auto fault = check_format(rule.format, text)) {
      faults.add(path, "invalid format - " + *fault);
      return false;
    }
  }
  if (rule.pattern != nullptr && !rule.pattern->matches(text)) {
    faults.add(path, "value does not match the regex pattern");
    return false;
  }
  std::size_t length = characters(text);
  if (rule.max_length >= 0 && length > static_cast<std::size_t>(rule.max_length)) {
    faults.add(path, fmt::format("value may only be {} characters long", rule.max_length));
    return false;
  }
  if (rule.min_length >= 0 && length < static_cast<std::size_t>(rule.min_length)) {
    faults.add(path, fmt::format("value must be at least {} characters long", rule.min_length));
    return false;
  }
  if (!rule.choices.empty() &&
      std::find(rule.choices.begin(), rule.choices.end(), text) == rule.choices.end()) {
    faults.add(path, fmt::format("value '{}' does not have a value in the enumeration '{}'",
                                 shortened(text), fmt::join(rule.choices, ", ")));
    return false;
  }
  return true;
}

bool check_range(const Rule& rule, const std::string& path, double number, Faults& faults) {
  if (rule.has_maximum && number > rule.maximum) {
    faults.add(path, "value must have a maximum value of " + limit_text(rule.maximum));
    return false;
  }
  if (rule.has_minimum && number < rule.minimum) {
    faults.add(path, "value must have a minimum value of " + limit_text(rule.minimum));
    return false;
  }
  return true;
}

void check_scalar(const Rule& rule, const std::string& path, json::value& value, Faults& faults,
                  Booleans booleans) {
  if (value.is_structured()) {
    type_fault(rule, path, value.is_array() ? "ARRAY" : "HASH", faults);
    return;
  }
  std::string text = scalar_text(value);
  if (rule.type == ValueType::integer) {
    auto number = parse_integer(text);
    if (!number) return type_fault(rule, path, text, faults);
    if (check_text(rule, path, text, faults) &&
        check_range(rule, path, static_cast<double>(*number), faults)) {
      value = *number;
    }
  } else if (rule.type == ValueType::number) {
    auto number = parse_number(text);
    if (!number) return type_fault(rule, path, text, faults);
    if (check_text(rule, path, text, faults) && check_range(rule, path, *number, faults)) {
      value = *number;
    }
  } else if (rule.type == ValueType::boolean) {
    std::optional<bool> truth = booleans == Booleans::words ? boolean_word(text) : std::nullopt;
    if (text == "1" || text == "0") truth = text == "1";
    if (!truth) return type_fault(rule, path, text, faults);
    value = *truth;
  } else if (check_text(rule, path, text, faults)) {
    value = text;
  }
}

void check_array(const Rule& rule, const std::string& path, json::value& value, Faults& faults,
                 Booleans booleans) {
  json::array* elements = value.if_array();
  if (elements == nullptr) {
    faults.add(path, "type check ('array') failed");
    return;
  }
  if (rule.items == nullptr) return;
  for (std::size_t i = 0; i < elements->size(); ++i) {
    check_value(*rule.items, path + "[" + std::to_string(i) + "]", (*elements)[i], faults,
                booleans);
  }
}

bool contains(std::span<const std::string_view> words, std::string_view word) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

// The alternative that another member's value chooses; without that member, the first that fits.
void check_alternatives(const Rule& rule, const std::string& path, json::value& value,
                        const json::object& siblings, Faults& faults, Booleans booleans) {
  auto chooser = text_member(siblings, rule.chosen_by);
  for (const Rule* alternative : rule.alternatives) {
    if (chooser && !contains(alternative->chosen_for, *chooser)) continue;
    if (chooser) return check_value(*alternative, path, value, faults, booleans);
    json::value copy = value;
    Faults own;
    check_value(*alternative, path, copy, own, booleans);
    if (own.empty()) {
      value = std::move(copy);
      return;
    }
  }
  faults.add(path, chooser ? fmt::format("property is not allowed when {} is '{}'", rule.chosen_by,
                                         *chooser)
                           : "value matches none of the allowed forms");
}

void check_member(const Member& member, const std::string& path, json::value& value,
                  const json::object& siblings, Faults& faults, Booleans booleans) {
  const Rule& rule = *member.rule;
  if (!rule.alternatives.empty()) {
    return check_alternatives(rule, path, value, siblings, faults, booleans);
  }
  if (!rule.chosen_by.empty()) {
    auto chooser = text_member(siblings, rule.chosen_by);
    if (chooser && !contains(rule.chosen_for, *chooser)) {
      faults.add(path,
                 fmt::format("property is not allowed when {} is '{}'", rule.chosen_by, *chooser));
      return;
    }
  }
  check_value(rule, path, value, faults, booleans);
}

// Moves values given under an alias to the name they stand for.
void resolve_aliases(Members members, const std::string& path, json::object& values,
                     Faults& faults) {
  for (const Member* member : members) {
    if (member->alias.empty()) continue;
    auto given = values.find(member->name);
    if (given == values.end()) continue;
    if (values.contains(member->alias)) {
      faults.add(below(path, member->name),
                 fmt::format("cannot set both '{}' and '{}'", member->name, member->alias));
      continue;
    }
    json::value value = std::move(given->value());
    values.erase(given);
    values.emplace(member->alias, std::move(value));
  }
}

}  // namespace

void Faults::add(const std::string& path, std::string_view text) {
  std::string& known = texts_[path];
  if (!known.empty()) known += "\\n";
  known += text;
}

std::optional<bool> boolean_word(std::string_view text) {
  std::string word = lower(text);
  for (std::string_view yes : {"1", "on", "yes", "true"}) {
    if (word == yes) return true;
  }
  for (std::string_view no : {"0", "off", "no", "false"}) {
    if (word == no) return false;
  }
  return std::nullopt;
}

void check_value(const Rule& rule, const std::string& path, json::value& value, Faults& faults,
                 Booleans booleans) {
  switch (rule.type) {
    case ValueType::any:
      return;
    case ValueType::null:
      if (!value.is_null()) type_fault(rule, path, scalar_text(value), faults);
      return;
    case ValueType::array:
      return check_array(rule, path, value, faults, booleans);
    case ValueType::object:
      if (json::object* object = value.if_object()) {
        return check_members(rule.members, rule.open, path, *object, faults, booleans);
      }
      faults.add(path, "type check ('object') failed");
      return;
    default:
      return check_scalar(rule, path, value, faults, booleans);
  }
}

void check_members(Members members, bool open, const std::string& path, json::object& values,
                   Faults& faults, Booleans booleans) {
  for (auto entry = values.begin(); entry != values.end();) {
    entry = entry->value().is_null() ? values.erase(entry) : entry + 1;
  }
  resolve_aliases(members, path, values, faults);
  for (auto& [key, value] : values) {
    std::string name = below(path, key);
    const Member* member = find_member(members, key);
    if (member == nullptr) {
      if (!open) faults.add(name, not_defined);
      continue;
    }
    if (member->rule == nullptr) continue;  // an alias beside its target: said above
    if (!member->needs.empty() && !values.contains(member->needs)) {
      faults.add(below(path, member->needs),
                 fmt::format("missing property required by '{}'", std::string_view(key)));
    }
    check_member(*member, name, value, values, faults, booleans);
  }
  for (const Member* member : members) {
    if (!member->optional && !member->indexed() && !values.contains(member->name)) {
      faults.add(below(path, member->name), "property is missing and it is not optional");
    }
  }
}

}  // namespace posada
