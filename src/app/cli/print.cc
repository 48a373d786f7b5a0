#include "app/cli/print.h"

#include <algorithm>
#include <set>

namespace posada::app {
namespace {

std::string cell(const json::object& row, std::string_view column) {
  const json::value* value = row.if_contains(column);
  if (!value || value->is_null()) return "-";
  std::string text = text_of(*value);
  std::replace(text.begin(), text.end(), '\n', ' ');
  return text.empty() ? "-" : text;
}

// Characters, not bytes: names may hold any language.
std::size_t width_of(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(
      text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }));
}

void pretty(const json::value& value, std::string& out, const std::string& indent) {
  const std::string deeper = indent + "   ";
  if (const json::object* object = value.if_object(); object && !object->empty()) {
    out += "{\n";
    std::size_t left = object->size();
    for (const auto& [key, member] : *object) {
      out += deeper + json::serialize(json::value(key)) + " : ";
      pretty(member, out, deeper);
      out += --left ? ",\n" : "\n";
    }
    out += indent + "}";
  } else if (const json::array* array = value.if_array(); array && !array->empty()) {
    out += "[\n";
    std::size_t left = array->size();
    for (const json::value& member : *array) {
      out += deeper;
      pretty(member, out, deeper);
      out += --left ? ",\n" : "\n";
    }
    out += indent + "]";
  } else {
    out += json::serialize(value);
  }
}

// JSON is a subset of YAML, so scalars are quoted as JSON quotes them.
void yaml(const json::value& value, std::string& out, const std::string& indent) {
  if (const json::object* object = value.if_object(); object && !object->empty()) {
    for (const auto& [key, member] : *object) {
      const bool nested = member.is_structured() && json::serialize(member).size() > 2;
      out += indent + std::string(key) + ":" + (nested ? "\n" : " ");
      yaml(member, out, nested ? indent + "  " : "");
    }
  } else if (const json::array* array = value.if_array(); array && !array->empty()) {
    for (const json::value& member : *array) {
      const bool nested = member.is_structured() && json::serialize(member).size() > 2;
      out += indent + "-" + (nested ? "\n" : " ");
      yaml(member, out, nested ? indent + "  " : "");
    }
  } else {
    out += indent + json::serialize(value) + "\n";
  }
}

std::vector<std::string_view> all_members(const json::array& rows) {
  std::set<std::string_view> names;
  for (const json::value& row : rows) {
    if (!row.is_object()) continue;
    for (const auto& [key, value] : row.get_object()) names.insert(key);
  }
  return {names.begin(), names.end()};
}

}  // namespace

std::string as_table(const json::value& rows, const std::vector<std::string_view>& columns) {
  if (!rows.is_array()) return text_of(rows) + "\n";
  std::vector<std::vector<std::string>> lines;
  lines.emplace_back(columns.begin(), columns.end());
  for (const json::value& row : rows.get_array()) {
    std::vector<std::string> line;
    for (const std::string_view column : columns) {
      line.push_back(row.is_object() ? cell(row.get_object(), column) : text_of(row));
    }
    lines.push_back(std::move(line));
  }
  std::vector<std::size_t> widths(columns.size(), 0);
  for (const auto& line : lines) {
    for (std::size_t i = 0; i < line.size(); ++i) widths[i] = std::max(widths[i], width_of(line[i]));
  }
  std::string out;
  for (const auto& line : lines) {
    for (std::size_t i = 0; i < line.size(); ++i) {
      out += line[i];
      if (i + 1 < line.size()) out.append(widths[i] - width_of(line[i]) + 2, ' ');
    }
    out += '\n';
  }
  return out;
}

std::string as_pairs(const json::value& object) {
  if (!object.is_object()) return text_of(object) + "\n";
  std::vector<std::string> lines;
  for (const auto& [key, value] : object.get_object()) {
    lines.push_back(std::string(key) + ": " + text_of(value) + "\n");
  }
  std::sort(lines.begin(), lines.end());
  std::string out;
  for (const std::string& line : lines) out += line;
  return out;
}

std::string as_format(const json::value& value, Format format) {
  std::string out;
  switch (format) {
    case Format::json: return json::serialize(value) + "\n";
    case Format::json_pretty: pretty(value, out, ""); return out + "\n";
    case Format::yaml: yaml(value, out, ""); return out;
    case Format::text: break;
  }
  if (value.is_null()) return "";
  if (value.is_object()) return as_pairs(value);
  if (value.is_array()) return as_table(value, all_members(value.get_array()));
  return text_of(value) + "\n";
}

}  // namespace posada::app
