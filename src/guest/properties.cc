#include "guest/properties.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include <fmt/format.h>

#include "base/error.h"
#include "base/rule_check.h"
#include "base/text.h"

namespace posada::guest {

std::optional<bool> to_boolean(std::string_view text) {
  return boolean_word(text);
}

namespace {

[[noreturn]] void refuse(std::string text) {
  throw Error::parameter("", std::move(text));
}

std::optional<double> to_number(std::string_view text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || !std::isfinite(value)) {
    return std::nullopt;
  }
  return value;
}

std::string print_number(double value) {
  return fmt::format("{}", value);
}

}  // namespace

namespace rule {

ValueRule boolean() {
  return [](std::string_view value) -> std::string {
    const auto truth = to_boolean(value);
    if (!truth) {
      refuse("type check ('boolean') failed - got '" + std::string(value) + "'");
    }
    return *truth ? "1" : "0";
  };
}

ValueRule integer(std::int64_t minimum, std::int64_t maximum) {
  return [minimum, maximum](std::string_view value) -> std::string {
    const auto whole = to_integer(value);
    if (!whole) {
      refuse("type check ('integer') failed - got '" + std::string(value) + "'");
    }
    if (*whole < minimum) {
      refuse("value must have a minimum value of " + std::to_string(minimum));
    }
    if (*whole > maximum) {
      refuse("value must have a maximum value of " + std::to_string(maximum));
    }
    return std::string(value);
  };
}

ValueRule number(double minimum, double maximum) {
  return [minimum, maximum](std::string_view value) -> std::string {
    const auto amount = to_number(value);
    if (!amount) {
      refuse("type check ('number') failed - got '" + std::string(value) + "'");
    }
    if (*amount < minimum) {
      refuse("value must have a minimum value of " + print_number(minimum));
    }
    if (*amount > maximum) {
      refuse("value must have a maximum value of " + print_number(maximum));
    }
    return std::string(value);
  };
}

ValueRule text(std::size_t maximum_length) {
  return [maximum_length](std::string_view value) -> std::string {
    if (value.empty()) {
      refuse("value must be at least 1 characters long");
    }
    if (maximum_length > 0 && value.size() > maximum_length) {
      refuse("value may only be " + std::to_string(maximum_length) + " characters long");
    }
    if (value.size() >= 2 && value.front() == '"' && value.back() == '"') {
      value = value.substr(1, value.size() - 2);
    }
    return std::string(value);
  };
}

ValueRule one_of(std::vector<std::string> values) {
  return [values = std::move(values)](std::string_view value) -> std::string {
    if (std::find(values.begin(), values.end(), value) == values.end()) {
      refuse("value '" + std::string(value) + "' does not have a value in the enumeration '" +
             join(values, ", ") + "'");
    }
    return std::string(value);
  };
}

ValueRule matching(bool (*accepts)(std::string_view), std::string what) {
  return [accepts, what = std::move(what)](std::string_view value) -> std::string {
    if (!accepts(value)) {
      refuse("invalid format - value does not look like " + what);
    }
    return std::string(value);
  };
}

ValueRule declared(const Rule& rule) {
  return [&rule](std::string_view text) -> std::string {
    json::value value(text);
    Faults faults;
    check_value(rule, "", value, faults, Booleans::words);
    if (!faults.empty()) refuse(faults.texts().begin()->second);
    return rule.type == ValueType::boolean ? (value.as_bool() ? "1" : "0") : std::string(text);
  };
}

}  // namespace rule

void add_declared(KeyTable& keys, Members members,
                  std::initializer_list<std::string_view> without) {
  for (const Member* member : members) {
    if (std::find(without.begin(), without.end(), member->name) != without.end()) continue;
    std::string name(member->name);
    if (member->indexed()) {
      keys.add_numbered(name, static_cast<unsigned>(member->last) + 1,
                        rule::declared(*member->rule));
    } else {
      keys.add(name, rule::declared(*member->rule));
    }
  }
}

Properties PropertyFormat::parse(std::string_view text) const {
  return parse_property_string(*declared_, text, "");
}

std::string PropertyFormat::print(const Properties& properties) const {
  return print_property_string(*declared_, properties);
}

ValueRule PropertyFormat::rule() const {
  return [format = *this](std::string_view value) -> std::string {
    format.parse(value);
    return std::string(value);
  };
}

std::string_view property(const Properties& properties, std::string_view name,
                          std::string_view otherwise) {
  const auto found = properties.find(name);
  return found == properties.end() ? otherwise : std::string_view(found->second);
}

bool property_flag(const Properties& properties, std::string_view name, bool otherwise) {
  const auto found = properties.find(name);
  return found == properties.end() ? otherwise : found->second == "1";
}

std::int64_t property_integer(const Properties& properties, std::string_view name,
                              std::int64_t otherwise) {
  const auto found = properties.find(name);
  return found == properties.end() ? otherwise : to_integer(found->second).value_or(otherwise);
}

std::int64_t integer(const ConfigSection& section, std::string_view key, std::int64_t otherwise) {
  return to_integer(section.get(key)).value_or(otherwise);
}

bool flag(const ConfigSection& section, std::string_view key, bool otherwise) {
  return to_boolean(section.get(key)).value_or(otherwise);
}

std::string random_mac(const RandomBytes& random) {
  const std::string bytes = random(3);
  const auto byte = [&](std::size_t index) { return static_cast<unsigned char>(bytes.at(index)); };
  return fmt::format("BC:24:11:{:02X}:{:02X}:{:02X}", byte(0), byte(1), byte(2));
}

std::optional<std::uint64_t> parse_size(std::string_view text) {
  if (text.empty()) {
    return std::nullopt;
  }
  double unit = 1;
  switch (text.back()) {
    case 'K':
      unit = 1024.0;
      break;
    case 'M':
      unit = 1024.0 * 1024;
      break;
    case 'G':
      unit = 1024.0 * 1024 * 1024;
      break;
    case 'T':
      unit = 1024.0 * 1024 * 1024 * 1024;
      break;
    default:
      break;
  }
  if (unit > 1) {
    text.remove_suffix(1);
  }
  if (text.empty() || text.find_first_not_of("0123456789.") != std::string_view::npos ||
      text.front() == '.' || text.back() == '.') {
    return std::nullopt;
  }
  const auto amount = to_number(text);
  if (!amount || *amount * unit > 9.0e18) {
    return std::nullopt;
  }
  return static_cast<std::uint64_t>(*amount * unit);
}

std::string print_size(std::uint64_t bytes) {
  constexpr std::string_view units = "KMGT";
  if (bytes == 0 || bytes % 1024 != 0) {
    return std::to_string(bytes);
  }
  std::size_t unit = 0;
  bytes /= 1024;
  while (unit + 1 < units.size() && bytes % 1024 == 0) {
    bytes /= 1024;
    ++unit;
  }
  return std::to_string(bytes) + units[unit];
}

}  // namespace posada::guest
