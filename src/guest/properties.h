// Property strings of guest configs (`local:8,size=4G,ssd=1`): parsed and printed as the API
// description declares them, and rules for the plain values beside them. Pure.
#pragma once

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/property_string.h"
#include "guest/config_text.h"

namespace posada::guest {

// Rules for single values. Each throws Error::parameter("", text) with the wire's text.
namespace rule {
ValueRule boolean();  // 1 on yes true / 0 off no false, in any case → "1" / "0"
ValueRule integer(std::int64_t minimum = std::numeric_limits<std::int64_t>::min(),
                  std::int64_t maximum = std::numeric_limits<std::int64_t>::max());
ValueRule number(double minimum = std::numeric_limits<double>::lowest(),
                 double maximum = std::numeric_limits<double>::max());
ValueRule text(std::size_t maximum_length = 0);
ValueRule one_of(std::vector<std::string> values);
// `what` completes "value does not look like …".
ValueRule matching(bool (*accepts)(std::string_view), std::string what);
// What the API description says about the value.
ValueRule declared(const Rule& rule);
}  // namespace rule

// Keys that the API description declares (shapes::… of base/property_formats.h), but for `without`.
void add_declared(KeyTable& keys, Members members,
                  std::initializer_list<std::string_view> without = {});

using Properties = PropertyValues;

// A property string of the API description (base/property_formats.h) as configs use it.
class PropertyFormat {
 public:
  explicit PropertyFormat(const posada::PropertyFormat& declared) : declared_(&declared) {}

  // By full names, values normalised. Throws Error::parameter("", text).
  Properties parse(std::string_view text) const;
  // The bare value first, then the others by name.
  std::string print(const Properties& properties) const;
  ValueRule rule() const;

 private:
  const posada::PropertyFormat* declared_;
};

std::optional<bool> to_boolean(std::string_view text);
// The property's value, or `otherwise`.
std::string_view property(const Properties& properties, std::string_view name,
                          std::string_view otherwise = {});
bool property_flag(const Properties& properties, std::string_view name, bool otherwise = false);
std::int64_t property_integer(const Properties& properties, std::string_view name,
                              std::int64_t otherwise = 0);

// Whole numbers and flags of plain keys.
std::int64_t integer(const ConfigSection& section, std::string_view key, std::int64_t otherwise);
bool flag(const ConfigSection& section, std::string_view key, bool otherwise);

using RandomBytes = std::function<std::string(std::size_t)>;
// Of a network card: a prefix of the field's own and random bytes.
std::string random_mac(const RandomBytes& random);

// "32G", "528K", "104858K", "1.5T" → bytes; nothing when it is none.
std::optional<std::uint64_t> parse_size(std::string_view text);
// The largest unit that keeps it whole: 1073741824 → "1G".
std::string print_size(std::uint64_t bytes);

}  // namespace posada::guest
