#include "api/validate.h"

#include <optional>

#include "base/error.h"
#include "base/formats.h"
#include "base/rule_check.h"
#include "base/text.h"

namespace posada::api {

namespace {

// Nothing that a client sends needs more; a deeper value would only cost the stack.
constexpr int max_depth = 16;

// What no parameter may hold, whatever it is for.
std::optional<std::string_view> unfit(const json::value& value, int depth) {
  if (depth < 0) return "value is nested too deeply";
  if (const json::string* text = value.if_string()) {
    if (!is_utf8(*text)) return "value is not valid UTF-8";
  } else if (const json::array* array = value.if_array()) {
    for (const json::value& element : *array) {
      if (auto fault = unfit(element, depth - 1)) return fault;
    }
  } else if (const json::object* object = value.if_object()) {
    for (const auto& [key, element] : *object) {
      if (!is_utf8(key)) return "a name is not valid UTF-8";
      if (auto fault = unfit(element, depth - 1)) return fault;
    }
  }
  return std::nullopt;
}

void refuse_unfit(const json::object& sent) {
  Faults faults;
  for (const auto& [key, value] : sent) {
    if (!is_utf8(key)) {
      faults.add(encode_text(key), "the name of the parameter is not valid UTF-8");
    } else if (auto fault = unfit(value, max_depth)) {
      faults.add(std::string(key), *fault);
    }
  }
  if (!faults.empty()) throw Error::parameters(faults.texts());
}

std::string joined(const json::array& values) {
  std::vector<std::string> texts;
  for (const json::value& value : values) texts.push_back(text_of(value));
  return join(texts, ",");
}

bool all_scalars(const json::array& values) {
  for (const json::value& value : values) {
    if (value.is_structured()) return false;
  }
  return true;
}

// Lists may be separated by line ends and NUL as well, which no config text may hold.
void separate_by_spaces(json::string& list) {
  for (char& c : list) {
    if (static_cast<unsigned char>(c) < 0x20) c = ' ';
  }
}

// Forms cannot tell one value from a list of one: a single value for an array becomes an array,
// and several values of a list that is a text become that text.
void adapt_shape(const Method& method, json::object& parameters) {
  for (auto& [key, value] : parameters) {
    const Parameter* parameter = method.parameter(key);
    if (parameter == nullptr || value.is_null()) continue;
    const Rule& rule = *parameter->rule;
    if (rule.type == ValueType::array && !value.is_array()) {
      value = json::array{value};
    } else if (const json::array* values = value.if_array();
               values != nullptr && is_list_format(rule.format) && all_scalars(*values)) {
      value = joined(*values);
    }
    if (json::string* text = value.if_string(); text != nullptr && is_list_format(rule.format)) {
      separate_by_spaces(*text);
    }
  }
}

}  // namespace

json::object validate(const Method& method, PathParameters path, json::object sent) {
  refuse_unfit(sent);
  Faults faults;
  for (const auto& [name, value] : path) {
    if (!is_utf8(value)) faults.add(std::string(name), "value is not valid UTF-8");
    const json::value* again = sent.if_contains(name);
    if (again != nullptr && !again->is_null() && text_of(*again) != value) {
      faults.add(std::string(name),
                 "duplicate parameter (already defined in URI) with conflicting values!");
    }
    sent[name] = value;
  }
  adapt_shape(method, sent);
  check_members(method.parameters, method.open, "", sent, faults);
  if (!faults.empty()) throw Error::parameters(faults.texts());
  return sent;
}

}  // namespace posada::api
