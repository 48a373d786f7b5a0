#include "api/usage.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "base/text.h"

namespace posada::api {

namespace {

constexpr std::size_t width = 78;

bool contains(const std::vector<std::string>& names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

std::string limit(bool has, double value) {
  if (!has) return "N";
  return std::trunc(value) == value ? fmt::format("{:.0f}", value) : fmt::format("{}", value);
}

std::string shown_name(const Parameter& parameter) {
  return parameter.indexed()
             ? fmt::format("{}[{}-{}]", parameter.name, parameter.first, parameter.last)
             : std::string(parameter.name);
}

// What stands for one key's value inside a property string.
std::string key_hint(const Rule& rule) {
  if (rule.type == ValueType::boolean) return "<1|0>";
  if (!rule.choices.empty() && rule.choices.size() <= 6) {
    return fmt::format("<{}>", fmt::join(rule.choices, "|"));
  }
  if (!rule.choices.empty()) return "<enum>";
  return rule.format.empty() ? fmt::format("<{}>", name_of(rule.type))
                             : fmt::format("<{}>", rule.format);
}

std::string property_hint(const PropertyFormat& format) {
  std::string required, optional;
  std::string bare;
  for (const Member* member : format.members) {
    if (member->rule == nullptr) continue;
    std::string hint = key_hint(*member->rule);
    if (member == format.default_key) {
      bare = fmt::format("[{}=]{}", member->name, hint);
      if (member->optional) bare = "[" + bare + "]";
    } else if (member->optional) {
      optional += fmt::format(" [,{}={}]", member->name, hint);
    } else {
      required += fmt::format(" ,{}={}", member->name, hint);
    }
  }
  std::string all = bare + required + optional;
  std::size_t start = all.find_first_not_of(" ,");
  if (all.starts_with(" [,")) return "[" + all.substr(3);
  return start == std::string::npos ? "" : all.substr(start);
}

// Words of `text` in lines that start with `indent`.
void append_wrapped(std::string& out, std::string_view text, std::size_t indent) {
  std::string line(indent, ' ');
  bool fresh = true;
  for (const std::string& word : split(text, ' ')) {
    if (!fresh && line.size() + 1 + word.size() > width) {
      out += line + "\n";
      line.assign(indent, ' ');
      fresh = true;
    }
    if (!fresh) line += ' ';
    line += word;
    fresh = false;
  }
  out += line + "\n";
}

void append_parameter(std::string& out, const Parameter& parameter, std::string_view dashes) {
  const Rule& rule = *parameter.rule;
  std::string notes;
  if (rule.has_default && !rule.default_text.empty()) {
    notes = fmt::format(" (default={})", rule.default_text);
  } else if (rule.dynamic_default) {
    notes = " (default depends on the host)";
  }
  append_wrapped(
      out, fmt::format("{}{} {}{}", dashes, shown_name(parameter), value_hint(rule), notes), 2);
  if (!parameter.description.empty()) append_wrapped(out, parameter.description, 10);
  if (!parameter.needs.empty()) {
    append_wrapped(out, fmt::format("Needs option {}.", parameter.needs), 10);
  }
  out += "\n";
}

}  // namespace

std::string value_hint(const Rule& rule) {
  if (rule.properties != nullptr) return property_hint(*rule.properties);
  if (!rule.choices.empty()) {
    std::vector<std::string_view> words(rule.choices.begin(), rule.choices.end());
    std::sort(words.begin(), words.end());
    return fmt::format("<{}>", fmt::join(words, " | "));
  }
  std::string hint = fmt::format("<{}>", name_of(rule.type));
  if (rule.has_minimum || rule.has_maximum) {
    hint += fmt::format(" ({} - {})", rule.has_minimum ? limit(true, rule.minimum) : "-N",
                        limit(rule.has_maximum, rule.maximum));
  }
  return hint;
}

std::string usage_line(const Method& method, const Command& command) {
  std::string line = "USAGE: " + command.words;
  for (const std::string& name : command.positional) {
    const Parameter* parameter = method.parameter(name);
    bool optional = parameter != nullptr && parameter->optional;
    line += optional ? fmt::format(" [<{}>]", name) : fmt::format(" <{}>", name);
  }
  bool more = false;
  for (const Parameter* parameter : method.parameters) {
    if (contains(command.positional, parameter->name) || contains(command.given, parameter->name)) {
      continue;
    }
    if (parameter->optional || parameter->indexed()) {
      more = true;
    } else {
      line += fmt::format(" --{} <{}>", parameter->name, name_of(parameter->rule->type));
    }
  }
  return more ? line + " [OPTIONS]" : line;
}

std::string usage_text(const Method& method, const Command& command) {
  std::string out = usage_line(method, command) + "\n\n";
  if (!method.description.empty()) {
    append_wrapped(out, method.description, 2);
    out += "\n";
  }
  for (const std::string& name : command.positional) {
    if (const Parameter* parameter = method.parameter(name)) append_parameter(out, *parameter, "");
  }
  for (const Parameter* parameter : method.parameters) {
    if (!contains(command.positional, parameter->name) &&
        !contains(command.given, parameter->name)) {
      append_parameter(out, *parameter, "--");
    }
  }
  return out;
}

}  // namespace posada::api
