#include "front/forms.h"

#include <algorithm>
#include <cmath>

#include "base/text.h"
#include "front/limits.h"
#include "front/refusal.h"

namespace posada::front {
namespace {

std::string decode_piece(std::string_view text) {
  std::string spaced(text);
  for (char& c : spaced) {
    if (c == '+') c = ' ';
  }
  return decode_percent(spaced);
}

void require_utf8(const std::string& key, const std::string& value) {
  if (!is_utf8(key)) throw Refusal(400, "a parameter's name is not valid UTF-8");
  if (!is_utf8(value)) {
    throw Refusal::parameters({{key, "invalid format - value is not valid UTF-8\n"}});
  }
}

void add(json::object& parameters, const std::string& key, std::string value) {
  json::value* old = parameters.if_contains(key);
  if (!old || old->is_null()) {
    parameters[key] = std::move(value);
  } else if (json::array* list = old->if_array()) {
    list->emplace_back(std::move(value));
  } else {
    json::value first = std::move(*old);
    *old = json::array{std::move(first), json::value(std::move(value))};
  }
}

// JSON writes no infinite number, but 1e400 is read as one; the daemon could not read it again.
bool all_finite(const json::value& value) {
  if (const double* number = value.if_double()) return std::isfinite(*number);
  if (const json::array* array = value.if_array()) {
    return std::all_of(array->begin(), array->end(), all_finite);
  }
  if (const json::object* object = value.if_object()) {
    return std::all_of(object->begin(), object->end(),
                       [](const auto& member) { return all_finite(member.value()); });
  }
  return true;
}

json::object decode_json(std::string_view body) {
  json::parse_options options;
  options.max_depth = max_json_depth;
  boost::system::error_code error;
  json::value value = json::parse(body, error, {}, options);
  if (error) throw Refusal(400, "unable to parse parameters: " + error.message());
  if (!value.is_object()) {
    throw Refusal(400, "unable to parse parameters: the body must be a JSON object");
  }
  if (!all_finite(value)) {
    throw Refusal(400, "unable to parse parameters: a number is too large");
  }
  json::object parameters = std::move(value.as_object());
  parameters.erase("_dc");
  return parameters;
}

}  // namespace

json::object decode_form(std::string_view text) {
  json::object parameters;
  std::size_t pieces = 0;
  while (!text.empty()) {
    std::size_t end = std::min(text.find_first_of("&;"), text.size());
    std::string_view piece = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (piece.empty()) continue;
    if (++pieces > max_parameters) throw Refusal(400, "too many parameters");
    std::size_t equals = piece.find('=');
    std::string key = decode_piece(piece.substr(0, equals));
    if (equals == std::string_view::npos) {
      require_utf8(key, {});
      parameters[key] = nullptr;
      continue;
    }
    std::string_view rest = piece.substr(equals + 1);
    std::string value = decode_piece(rest.substr(0, rest.find('=')));
    require_utf8(key, value);
    add(parameters, key, std::move(value));
  }
  parameters.erase("_dc");
  return parameters;
}

std::string media_type(std::string_view content_type) {
  return lower(trim(content_type.substr(0, content_type.find_first_of(";,"))));
}

json::object decode_body(std::string_view content_type, std::string_view body) {
  if (body.empty()) return {};
  std::string type = media_type(content_type);
  if (type.empty() || type == "application/x-www-form-urlencoded") return decode_form(body);
  if (type == "application/json") return decode_json(body);
  throw Refusal(506, "upload 'Content-Type '" + std::string(content_type) + "' not implemented");
}

void override_with(json::object& parameters, json::object query) {
  for (auto& [key, value] : query) parameters[key] = std::move(value);
}

}  // namespace posada::front
