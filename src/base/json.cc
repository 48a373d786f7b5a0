#include "base/json.h"

#include <fmt/format.h>

#include <charconv>
#include <cmath>

namespace posada {

std::string text_of(const json::value& value) {
  switch (value.kind()) {
    case json::kind::string: return std::string(value.get_string());
    case json::kind::bool_: return value.get_bool() ? "1" : "0";
    case json::kind::null: return {};
    case json::kind::double_: return fmt::format("{}", value.get_double());  // no 8.79E-2
    default: return json::serialize(value);
  }
}

std::optional<std::string> text_member(const json::object& object, std::string_view name) {
  const json::value* value = object.if_contains(name);
  if (!value || value->is_null() || value->is_structured()) return std::nullopt;
  return text_of(*value);
}

std::optional<std::int64_t> integer_member(const json::object& object, std::string_view name) {
  const json::value* value = object.if_contains(name);
  if (!value) return std::nullopt;
  if (const auto* number = value->if_int64()) return *number;
  if (const auto* number = value->if_uint64()) return static_cast<std::int64_t>(*number);
  if (const auto* flag = value->if_bool()) return *flag ? 1 : 0;
  if (const auto* number = value->if_double()) {
    if (std::trunc(*number) == *number) return static_cast<std::int64_t>(*number);
    return std::nullopt;
  }
  if (const auto* text = value->if_string()) {
    std::int64_t result = 0;
    const char* end = text->data() + text->size();
    auto [rest, error] = std::from_chars(text->data(), end, result);
    if (error == std::errc{} && rest == end && !text->empty()) return result;
  }
  return std::nullopt;
}

}  // namespace posada
