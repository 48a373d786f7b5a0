// JSON is Boost.JSON everywhere; this names it and adds the few look-ups we repeat.
#pragma once

#include <boost/json.hpp>
#include <optional>
#include <string>
#include <string_view>

namespace posada {

namespace json = boost::json;

// The member as text: strings as they are, numbers and booleans (1/0) printed; nothing when
// the member is absent, null, an array or an object.
std::optional<std::string> text_member(const json::object& object, std::string_view name);
// The member as integer: integers, integral doubles and decimal strings.
std::optional<std::int64_t> integer_member(const json::object& object, std::string_view name);
std::string text_of(const json::value& value);

}  // namespace posada
