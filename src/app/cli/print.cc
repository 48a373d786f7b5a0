#include "app/cli/print.h"

#include <algorithm>
#include <ctime>
#include <set>
#include <utility>

#include "sys/terminal.h"

namespace posada::app {
namespace {

// The lines of a frame: characters that the terminal's locale can show.
struct Frame {
  const char *horizontal, *vertical, *heavy;
  const char* top[3];
  const char* head[3];
  const char* middle[3];
  const char* bottom[3];
};
constexpr Frame drawn = {
    "─", "│", "═", {"┌", "┬", "┐"}, {"╞", "╪", "╡"}, {"├", "┼", "┤"}, {"└", "┴", "┘"}};
constexpr Frame plain = {
    "-", "|", "=", {"+", "+", "+"}, {"+", "+", "+"}, {"+", "+", "+"}, {"+", "+", "+"}};

const Frame& frame() {
  return sys::shows_unicode() ? drawn : plain;
}

using Lines = std::vector<std::vector<std::string>>;

std::string cell(const json::value& row, std::string_view column) {
  if (!row.is_object()) return text_of(row);
  const json::value* value = row.get_object().if_contains(column);
  if (!value) return "";
  std::string text = text_of(*value);
  std::replace(text.begin(), text.end(), '\n', ' ');
  return text;
}

std::string rule(const std::vector<std::size_t>& widths, const char* line,
                 const char* const (&corners)[3]) {
  std::string out = corners[0];
  for (std::size_t i = 0; i < widths.size(); ++i) {
    for (std::size_t n = 0; n < widths[i] + 2; ++n) out += line;
    out += corners[i + 1 == widths.size() ? 2 : 1];
  }
  return out + "\n";
}

std::string padded(const std::string& text, std::size_t width) {
  return text + std::string(width - std::min(width, width_of(text)), ' ');
}

std::string framed(const Lines& lines, const std::vector<std::size_t>& widths, bool header) {
  const Frame& f = frame();
  std::string out = rule(widths, f.horizontal, f.top);
  for (std::size_t i = 0; i < lines.size(); ++i) {
    for (std::size_t c = 0; c < widths.size(); ++c) {
      out += std::string(f.vertical) + " " + padded(lines[i][c], widths[c]) + " ";
    }
    out += std::string(f.vertical) + "\n";
    if (i + 1 == lines.size()) continue;
    out += header && i == 0 ? rule(widths, f.heavy, f.head) : rule(widths, f.horizontal, f.middle);
  }
  return out + rule(widths, f.horizontal, f.bottom);
}

std::string unframed(const Lines& lines, const std::vector<std::size_t>& widths) {
  std::string out;
  for (const auto& line : lines) {
    for (std::size_t c = 0; c < widths.size(); ++c) {
      out += c + 1 == widths.size() ? line[c] + "\n" : padded(line[c], widths[c]) + " ";
    }
  }
  return out;
}

std::vector<std::string_view> all_members(const json::array& rows) {
  std::set<std::string_view> names;
  for (const json::value& row : rows) {
    if (!row.is_object()) continue;
    for (const auto& [key, value] : row.get_object()) names.insert(key);
  }
  return {names.begin(), names.end()};
}

std::vector<std::pair<std::string_view, const json::value*>> sorted(const json::object& object) {
  std::vector<std::pair<std::string_view, const json::value*>> members;
  for (const auto& [key, value] : object) members.emplace_back(key, &value);
  std::sort(members.begin(), members.end());
  return members;
}

void compact(const json::value& value, std::string& out) {
  if (const json::object* object = value.if_object()) {
    out += '{';
    for (const auto& [key, member] : sorted(*object)) {
      if (out.back() != '{') out += ',';
      out += json::serialize(json::value(key)) + ":";
      compact(*member, out);
    }
    out += '}';
  } else if (const json::array* array = value.if_array()) {
    out += '[';
    bool first = true;
    for (const json::value& member : *array) {
      if (!std::exchange(first, false)) out += ',';
      compact(member, out);
    }
    out += ']';
  } else {
    out += json::serialize(value);
  }
}

void pretty(const json::value& value, std::string& out, const std::string& indent) {
  const std::string deeper = indent + "   ";
  if (const json::object* object = value.if_object(); object && !object->empty()) {
    out += "{\n";
    std::size_t left = object->size();
    for (const auto& [key, member] : sorted(*object)) {
      out += deeper + json::serialize(json::value(key)) + " : ";
      pretty(*member, out, deeper);
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

bool is_nested(const json::value& value) {
  return (value.is_object() && !value.get_object().empty()) ||
         (value.is_array() && !value.get_array().empty());
}

// JSON is a subset of YAML, so scalars are quoted as JSON quotes them.
void yaml(const json::value& value, std::string& out, const std::string& indent) {
  const std::string deeper = indent + "  ";
  if (const json::object* object = value.if_object(); object && !object->empty()) {
    for (const auto& [key, member] : sorted(*object)) {
      out += indent + json::serialize(json::value(key)) + ":" + (is_nested(*member) ? "\n" : " ");
      yaml(*member, out, is_nested(*member) ? deeper : "");
    }
  } else if (const json::array* array = value.if_array(); array && !array->empty()) {
    for (const json::value& member : *array) {
      out += indent + "-" + (is_nested(member) ? "\n" : " ");
      yaml(member, out, is_nested(member) ? deeper : "");
    }
  } else {
    out += json::serialize(value) + "\n";
  }
}

}  // namespace

std::optional<Format> format_from(std::string_view name) {
  if (name == "text") return Format::text;
  if (name == "json") return Format::json;
  if (name == "json-pretty") return Format::json_pretty;
  if (name == "yaml") return Format::yaml;
  return std::nullopt;
}

std::size_t width_of(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xc0) != 0x80;
  }));
}

std::string local_time(std::int64_t seconds) {
  const auto when = static_cast<std::time_t>(seconds);
  std::tm parts{};
  ::localtime_r(&when, &parts);
  char text[32];
  return {text, std::strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S", &parts)};
}

std::string as_table(const json::value& rows, std::vector<std::string_view> columns,
                     const Look& look) {
  const json::array& array = rows.as_array();
  if (array.empty()) return "";
  if (columns.empty()) columns = all_members(array);
  Lines lines;
  if (look.header) lines.emplace_back(columns.begin(), columns.end());
  for (const json::value& row : array) {
    std::vector<std::string> line;
    for (const std::string_view column : columns) line.push_back(cell(row, column));
    lines.push_back(std::move(line));
  }
  std::vector<std::size_t> widths(columns.size(), 0);
  for (const auto& line : lines) {
    for (std::size_t i = 0; i < line.size(); ++i)
      widths[i] = std::max(widths[i], width_of(line[i]));
  }
  return look.border ? framed(lines, widths, look.header) : unframed(lines, widths);
}

std::string as_text(const json::value& value, const std::vector<std::string_view>& columns,
                    const Look& look) {
  if (value.is_null()) return "";
  if (const json::object* object = value.if_object()) {
    json::array rows;
    for (const auto& [key, member] : sorted(*object)) {
      if (!columns.empty() && std::find(columns.begin(), columns.end(), key) == columns.end())
        continue;
      rows.push_back({{"key", key}, {"value", text_of(*member)}});
    }
    return as_table(rows, {"key", "value"}, look);
  }
  const json::array* array = value.if_array();
  if (!array) return text_of(value) + "\n";
  const bool objects = std::all_of(array->begin(), array->end(),
                                   [](const json::value& row) { return row.is_object(); });
  if (objects) return as_table(value, columns, look);
  std::string out;
  for (const json::value& row : *array) out += text_of(row) + "\n";
  return out;
}

std::string as_format(const json::value& value, Format format) {
  std::string out;
  switch (format) {
    case Format::json:
      compact(value, out);
      return out + "\n";
    case Format::json_pretty:
      pretty(value, out, "");
      return out + "\n";
    case Format::yaml:
      out = is_nested(value) ? "---\n" : "--- ";
      yaml(value, out, "");
      return out;
    case Format::text:
      break;
  }
  return as_text(value, {}, {});
}

}  // namespace posada::app
