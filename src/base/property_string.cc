#include "base/property_string.h"

#include <algorithm>
#include <stdexcept>

#include "base/error.h"
#include "base/property_formats.h"
#include "base/rule_check.h"
#include "base/text.h"

namespace posada {

namespace {

// The text breaks the grammar itself; the sentence ends with a line feed.
struct Malformed {
  std::string text;
};

[[noreturn]] void refuse(std::string_view what, std::string_view key = {}) {
  throw Malformed{std::string(what) + std::string(key) + "\n"};
}

constexpr std::string_view duplicate = "duplicate key in comma-separated list property: ";

bool is_boolean(const Member* member) {
  return member != nullptr && member->rule != nullptr && member->rule->type == ValueType::boolean;
}

void put(json::object& values, const Member* member, std::string_view key, std::string_view value) {
  std::optional<bool> truth = is_boolean(member) ? boolean_word(value) : std::nullopt;
  values[key] = truth ? std::string(*truth ? "1" : "0") : std::string(value);
}

void take_pair(const PropertyFormat& format, std::string_view key, std::string_view value,
               json::object& values) {
  if (values.contains(key)) refuse(duplicate, key);
  const Member* member = find_member(format.members, key);
  std::string_view target = key;
  if (member != nullptr && !member->alias.empty()) {
    if (!member->key_alias.empty()) {
      if (values.contains(member->key_alias)) {
        refuse("key alias '" + std::string(member->key_alias) + "' is already defined");
      }
      values[member->key_alias] = std::string(key);
    }
    target = member->alias;
    if (values.contains(target)) {
      refuse("property '" + std::string(target) + "' is already defined (via alias)");
    }
    member = find_member(format.members, target);
  }
  put(values, member, target, value);
}

void take_bare(const PropertyFormat& format, std::string_view value, json::object& values) {
  if (format.default_key == nullptr) {
    refuse("value without key, but schema does not define a default key");
  }
  std::string_view key = format.default_key->name;
  if (values.contains(key)) refuse(duplicate, key);
  put(values, format.default_key, key, value);
}

json::object split_pairs(const PropertyFormat& format, std::string_view text) {
  json::object values;
  for (const std::string& part : split(text, ',')) {
    if (trim(part).empty()) continue;
    std::size_t equals = part.find('=');
    if (equals == std::string::npos) {
      take_bare(format, part, values);
    } else if (equals > 0 && equals + 1 < part.size()) {
      std::string_view view = part;
      take_pair(format, view.substr(0, equals), view.substr(equals + 1), values);
    } else {
      refuse("missing key in comma-separated list property");
    }
  }
  return values;
}

// The texts of values before their check turns them into numbers and booleans.
PropertyValues parse(const PropertyFormat& format, std::string_view text, const std::string& name) {
  json::object values = split_pairs(format, text);
  PropertyValues result;
  for (const auto& [key, value] : values) result.emplace(key, std::string(value.as_string()));
  Faults faults;
  check_members(format.members, false, name, values, faults, Booleans::words);
  if (faults.empty()) return result;
  std::string all = "format error\n";
  for (const auto& [path, fault] : faults.texts()) {
    all += path + ": " + fault;
    if (!all.ends_with('\n')) all += '\n';
  }
  throw Malformed{std::move(all)};
}

// `virtio=MAC`: an alias that carries both the value of `target` and, as its name, another key.
const Member* short_form(const PropertyFormat& format, const PropertyValues& values) {
  for (const Member* member : format.members) {
    if (member->key_alias.empty()) continue;
    auto named = values.find(member->key_alias);
    if (named != values.end() && named->second == member->name && values.contains(member->alias)) {
      return member;
    }
  }
  return nullptr;
}

}  // namespace

PropertyValues parse_property_string(const PropertyFormat& format, std::string_view text,
                                     const std::string& name) {
  try {
    return parse(format, text, name);
  } catch (const Malformed& malformed) {
    throw Error::parameter(name, "invalid format - " + malformed.text);
  }
}

std::optional<std::string> property_string_fault(const PropertyFormat& format,
                                                 std::string_view text, const std::string& name) {
  try {
    parse(format, text, name);
  } catch (const Malformed& malformed) {
    return malformed.text;
  }
  return std::nullopt;
}

std::string print_property_string(const PropertyFormat& format, const PropertyValues& values) {
  PropertyValues rest = values;
  std::vector<std::string> parts;
  if (const Member* alias = short_form(format, values)) {
    parts.push_back(std::string(alias->name) + "=" + rest.find(alias->alias)->second);
    rest.erase(rest.find(alias->alias));
    rest.erase(rest.find(alias->key_alias));
  } else if (format.default_key != nullptr) {
    if (auto bare = rest.find(format.default_key->name); bare != rest.end()) {
      parts.push_back(bare->second);
      rest.erase(bare);
    }
  }
  for (bool optional : {false, true}) {
    for (const auto& [key, value] : rest) {
      const Member* member = find_member(format.members, key);
      if (member == nullptr || !member->alias.empty()) {
        throw std::logic_error(key + " is no key of " + std::string(format.name));
      }
      if (member->optional == optional) parts.push_back(key + "=" + value);
    }
  }
  return join(parts, ",");
}

const PropertyFormat* find_property_format(std::string_view name) {
  auto all = formats::all();
  auto found =
      std::lower_bound(all.begin(), all.end(), name,
                       [](const PropertyFormat* row, std::string_view n) { return row->name < n; });
  return found != all.end() && (*found)->name == name ? *found : nullptr;
}

}  // namespace posada
