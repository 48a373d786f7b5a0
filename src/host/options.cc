#include "host/options.h"

#include "base/digest.h"
#include "base/property_string.h"
#include "base/rule_check.h"
#include "base/text.h"

namespace posada::host {
namespace {

constexpr int attempts = 5;  // of a change that others overtake

Error malformed(std::size_t line, const std::string& why) {
  return Error::failed("text.malformed", why, {{"line", std::to_string(line)}});
}

// What the call that sets them takes besides the settings.
bool is_setting(Members members, std::string_view key) {
  const Member* member = find_member(members, key);
  return member != nullptr && member->rule != nullptr && key != "node" && key != "delete" &&
         key != "digest";
}

// One value as the text has it, typed; faults go to `faults` under its key.
json::value typed(Members members, const std::string& key, const std::string& text,
                  Faults& faults) {
  json::value value(text);
  if (is_setting(members, key)) {
    check_value(*find_member(members, key)->rule, key, value, faults, Booleans::words);
  } else {
    faults.add(key, "unknown setting");
  }
  return value;
}

std::string text_form(const json::value& value) {
  if (value.is_bool()) return value.get_bool() ? "1" : "0";
  return text_of(value);
}

void check_text(Members members, std::string_view text) {
  std::size_t number = 0;
  for (const std::string& line : split(text, '\n')) {
    ++number;
    const OptionLines one = parse_options(line);
    Faults faults;
    for (const auto& [key, value] : one.values) typed(members, key, value, faults);
    for (const auto& [key, fault] : faults.texts()) {
      throw malformed(number, key + ": " + std::string(trim(fault)));
    }
  }
}

}  // namespace

OptionLines parse_options(std::string_view text) {
  OptionLines result;
  std::size_t number = 0;
  for (const std::string& line : split(text, '\n')) {
    ++number;
    if (trim(line).empty()) continue;
    if (line[0] == '#') {
      if (!result.description.empty()) result.description += '\n';
      result.description += decode_percent(std::string_view(line).substr(1));
      continue;
    }
    const std::size_t colon = line.find(':');
    if (colon == std::string::npos || colon == 0) {
      throw malformed(number, "'" + line + "' is no `key: value` line");
    }
    const std::string key(trim(std::string_view(line).substr(0, colon)));
    const std::string value(trim(std::string_view(line).substr(colon + 1)));
    if (key == "description") {
      result.description = decode_percent(value);
    } else if (!result.values.emplace(key, value).second) {
      throw malformed(number, "'" + key + "' is set twice");
    }
  }
  return result;
}

std::string print_options(const OptionLines& options) {
  std::string text;
  if (!options.description.empty()) {
    for (const std::string& line : split(options.description, '\n')) {
      text += "#" + encode_text(line) + "\n";
    }
  }
  for (const auto& [key, value] : options.values) text += key + ": " + value + "\n";
  return text;
}

Options::Options(store::Texts& texts, store::Mirror& mirror, std::string key, Members members)
    : texts_(texts), mirror_(mirror), key_(std::move(key)), members_(members) {}

std::string Options::text() const {
  const store::Entry* entry = mirror_.find(key_);
  return entry == nullptr ? std::string() : entry->value;
}

std::string Options::digest() const {
  return sha1_hex(text());
}

json::object Options::values() const {
  const OptionLines lines = parse_options(text());
  json::object result;
  if (!lines.description.empty()) result["description"] = lines.description;
  for (const auto& [key, text] : lines.values) {
    Faults faults;
    json::value value = typed(members_, key, text, faults);
    if (value.is_bool()) value = value.get_bool() ? 1 : 0;
    result[key] = faults.empty() ? std::move(value) : json::value(text);
  }
  return result;
}

sys::Async<void> Options::change(json::object set, std::vector<std::string> unset,
                                 std::string digest) {
  for (const std::string& key : unset) {
    if (!is_setting(members_, key)) {
      throw Error::parameter("delete", "unknown option '" + key + "'");
    }
    if (set.contains(key)) {
      throw Error::parameter("delete", "'" + key + "' is set and deleted in one request");
    }
  }
  for (int attempt = 1;; ++attempt) {
    OptionLines lines = parse_options(text());
    for (const std::string& key : unset) {
      if (key == "description") lines.description.clear();
      lines.values.erase(key);
    }
    for (const auto& [key, value] : set) {
      if (key == "description") {
        lines.description = text_form(value);
      } else {
        lines.values[key] = text_form(value);
      }
    }
    for (const auto& [key, value] : lines.values) {
      if (value.find('\n') != std::string::npos) {
        throw Error::parameter(key, "a setting is one line; this one has a line break");
      }
    }
    try {
      co_await texts_.put(key_, print_options(lines), digest.empty() ? this->digest() : digest);
      co_return;
    } catch (const Error& error) {
      if (error.code() != "text.changed" || !digest.empty() || attempt == attempts) throw;
    }
  }
}

void register_option_text(store::Texts& texts, std::string pattern, Members members) {
  texts.add(store::Texts::Grammar{
      std::move(pattern),
      [members](std::string_view, std::string_view text) { check_text(members, text); },
      {}});
}

json::value property_object(std::string_view format, std::string_view text) {
  const PropertyFormat* declared = find_property_format(format);
  if (declared == nullptr || property_string_fault(*declared, text, "value")) {
    return json::value(text);
  }
  json::object result;
  for (const auto& [key, raw] : parse_property_string(*declared, text, "value")) {
    const Member* member = find_member(declared->members, key);
    json::value value(raw);
    Faults faults;
    if (member != nullptr && member->rule != nullptr) {
      check_value(*member->rule, key, value, faults, Booleans::words);
    }
    if (value.is_bool()) value = value.get_bool() ? 1 : 0;
    result[key] = std::move(value);
  }
  return result;
}

}  // namespace posada::host
