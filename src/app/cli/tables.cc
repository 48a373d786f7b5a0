#include "app/cli/tables.h"

#include <algorithm>
#include <cstdio>
#include <map>

#include <fmt/format.h>

#include "app/cli/print.h"
#include "base/text.h"

namespace posada::app {
namespace {

constexpr double mebibyte = 1024.0 * 1024;

std::string member(const json::value& row, std::string_view name) {
  return row.is_object() ? text_member(row.get_object(), name).value_or("") : "";
}

std::int64_t figure(const json::value& row, std::string_view name) {
  return row.is_object() ? integer_member(row.get_object(), name).value_or(0) : 0;
}

std::vector<json::value> rows_by(const json::value& answer, std::string_view key, bool numbers) {
  std::vector<json::value> rows;
  if (const json::array* array = answer.if_array()) rows.assign(array->begin(), array->end());
  std::sort(rows.begin(), rows.end(), [&](const json::value& a, const json::value& b) {
    return numbers ? figure(a, key) < figure(b, key) : member(a, key) < member(b, key);
  });
  return rows;
}

std::size_t longest(const std::vector<json::value>& rows, std::string_view key, std::size_t least) {
  for (const json::value& row : rows) least = std::max(least, width_of(member(row, key)));
  return least;
}

// fmt pads by the width of characters, so names in any language line up.
std::string config_value(std::string_view key, const json::value& value) {
  return key == "description" ? encode_text(text_of(value)) : text_of(value);
}

void nested_lines(const json::value& value, std::size_t depth, std::string& out) {
  if (const json::object* object = value.if_object()) {
    std::map<std::string, const json::value*> sorted;
    for (const auto& [key, part] : *object) sorted[std::string(key)] = &part;
    for (const auto& [key, part] : sorted) {
      out += std::string(depth, '\t') + key + ":";
      out += part->is_structured() ? "\n" : " " + text_of(*part) + "\n";
      if (part->is_structured()) nested_lines(*part, depth + 1, out);
    }
  } else if (const json::array* array = value.if_array()) {
    for (const json::value& part : *array) {
      if (part.is_structured())
        nested_lines(part, depth + 1, out);
      else
        out += std::string(depth, '\t') + text_of(part) + "\n";
    }
  }
}

void snapshot_lines(const std::map<std::string, std::vector<json::value>>& children,
                    const std::string& parent, std::size_t depth, std::string& out) {
  const auto found = children.find(parent);
  if (found == children.end()) return;
  for (const json::value& row : found->second) {
    const std::int64_t time = figure(row, "snaptime");
    const std::string when = time > 0 ? local_time(time) : "";
    const std::string description = member(row, "description");
    const std::string first = description.substr(0, description.find('\n'));
    out += fmt::format("{}`-> {:<25} {:<20} {}\n", std::string(depth * 2, ' '), member(row, "name"),
                       when, first);
    snapshot_lines(children, member(row, "name"), depth + 1, out);
  }
}

}  // namespace

std::string machine_list(const json::value& answer, const Look& look) {
  const auto rows = rows_by(answer, "vmid", true);
  if (rows.empty()) return "";
  std::string out;
  if (look.header) {
    out = fmt::format("{:>10} {:<20} {:<10} {:<10} {:>12} {:<10}\n", "VMID", "NAME", "STATUS",
                      "MEM(MB)", "BOOTDISK(GB)", "PID");
  }
  for (const json::value& row : rows) {
    const std::string precise = member(row, "qmpstatus");
    out += fmt::format(
        "{:>10} {:<20} {:<10} {:<10} {:>12.2f} {:<10}\n", figure(row, "vmid"), member(row, "name"),
        precise.empty() ? member(row, "status") : precise,
        static_cast<std::int64_t>(static_cast<double>(figure(row, "maxmem")) / mebibyte),
        static_cast<double>(figure(row, "maxdisk")) / mebibyte / 1024, figure(row, "pid"));
  }
  return out;
}

std::string container_list(const json::value& answer, const Look& look) {
  const auto rows = rows_by(answer, "vmid", true);
  if (rows.empty()) return "";
  std::string out;
  constexpr const char* line = "{:<10} {:<10} {:<12} {:<20}\n";
  if (look.header) out = fmt::format(fmt::runtime(line), "VMID", "Status", "Lock", "Name");
  for (const json::value& row : rows) {
    out += fmt::format(fmt::runtime(line), member(row, "vmid"), member(row, "status"),
                       member(row, "lock"), member(row, "name"));
  }
  return out;
}

std::string storage_status(const json::value& answer, const Look& look) {
  const auto rows = rows_by(answer, "storage", false);
  const std::size_t width = longest(rows, "storage", 4) + 1;
  std::string out;
  if (look.header) {
    out = fmt::format("{:<{}} {:>10} {:>10} {:>15} {:>15} {:>15} {:>8}\n", "Name", width, "Type",
                      "Status", "Total", "Used", "Available", "%");
  }
  for (const json::value& row : rows) {
    const bool enabled = member(row, "enabled") != "0";
    const char* state = !enabled ? "disabled" : figure(row, "active") ? "active" : "inactive";
    const std::int64_t total = figure(row, "total"), used = figure(row, "used");
    const double share =
        total > 0 ? 100.0 * static_cast<double>(used) / static_cast<double>(total) : 0;
    out +=
        fmt::format("{:<{}} {:>10} {:>10} {:>15} {:>15} {:>15} {:>8}\n", member(row, "storage"),
                    width, member(row, "type"), state, total / 1024, used / 1024,
                    figure(row, "avail") / 1024, enabled ? fmt::format("{:7.2f}%", share) : "N/A");
  }
  return out;
}

std::string storage_content(const json::value& answer, const Look& look) {
  const auto rows = rows_by(answer, "volid", false);
  if (rows.empty()) return "";
  const std::size_t width = longest(rows, "volid", 5);
  std::string out;
  if (look.header) {
    out = fmt::format("{:<{}} {:<7} {:<9} {:>15} {}\n", "Volid", width, "Format", "Type", "Size",
                      "VMID");
  }
  for (const json::value& row : rows) {
    out += fmt::format("{:<{}} {:<7} {:<9} {:>15} {}\n", member(row, "volid"), width,
                       member(row, "format"), member(row, "content"), figure(row, "size"),
                       member(row, "vmid"));
  }
  return out;
}

std::string template_list(const json::value& answer, const Look& look) {
  const auto rows = rows_by(answer, "volid", false);
  if (rows.empty()) return "";
  std::string out;
  if (look.header) out = fmt::format("{:<60} {:>6}\n", "NAME", "SIZE");
  for (const json::value& row : rows) {
    out +=
        fmt::format("{:<60} {:>6}\n", member(row, "volid"),
                    fmt::format("{:.2f}MB", static_cast<double>(figure(row, "size")) / mebibyte));
  }
  return out;
}

std::string config_lines(const json::value& answer, const Look&) {
  std::map<std::string, std::string> lines;
  std::string raw;
  for (const auto& [key, value] : answer.as_object()) {
    if (key == "digest") continue;
    if (key == "lxc" && value.is_array()) {
      for (const json::value& pair : value.get_array()) {
        if (pair.is_array() && pair.get_array().size() == 2) {
          raw += text_of(pair.at(0)) + ": " + text_of(pair.at(1)) + "\n";
        }
      }
      continue;
    }
    lines[std::string(key)] = config_value(key, value);
  }
  std::string out;
  for (const auto& [key, value] : lines) out += key + ": " + value + "\n";
  return out + raw;
}

std::string pending_lines(const json::value& answer, const Look&) {
  std::string out;
  for (const json::value& row : rows_by(answer, "key", false)) {
    const std::string key = member(row, "key");
    if (key == "digest") continue;
    const json::object& object = row.get_object();
    const json::value* present = object.if_contains("value");
    const json::value* waiting = object.if_contains("pending");
    const bool removed = figure(row, "delete") != 0;
    if (present) {
      out += (removed ? "del " : "cur ") + key + ": " + config_value(key, *present) + "\n";
    }
    if (waiting && !removed) out += "new " + key + ": " + config_value(key, *waiting) + "\n";
  }
  return out;
}

std::string status_lines(const json::object& status, bool verbose) {
  if (!verbose) return "status: " + text_member(status, "status").value_or("unknown") + "\n";
  std::string out;
  nested_lines(status, 0, out);
  return out;
}

std::string snapshot_tree(const json::value& answer, const Look&) {
  std::map<std::string, std::vector<json::value>> children;
  for (const json::value& row : rows_by(answer, "snaptime", true)) {
    children[member(row, "parent")].push_back(row);
  }
  std::string out;
  snapshot_lines(children, "", 0, out);
  return out;
}

std::string agent_answer(const json::value& answer, const Look&) {
  const json::object* object = answer.if_object();
  const json::value* result = object ? object->if_contains("result") : nullptr;
  const json::value& shown = result ? *result : answer;
  if (shown.is_null() || (shown.is_object() && shown.get_object().empty())) return "";
  if (!shown.is_structured()) {
    const std::string text(trim(text_of(shown)));
    return text.empty() ? "" : text + "\n";
  }
  return as_format(shown, Format::json_pretty);
}

std::string volume_made(const json::value& answer, const Look&) {
  return "successfully created '" + text_of(answer) + "'\n";
}

std::string volume_path(const json::value& answer, const Look&) {
  return member(answer, "path") + "\n";
}

std::string permission_lines(const json::value& answer, const Look&) {
  std::string out;
  std::map<std::string, const json::value*> paths;
  for (const auto& [path, privileges] : answer.as_object()) paths[std::string(path)] = &privileges;
  for (const auto& [path, privileges] : paths) {
    out += path + "\n";
    std::vector<std::string> names;
    for (const auto& [name, propagated] : privileges->as_object()) {
      names.push_back(std::string(name) + (text_of(propagated) == "1" ? " (*)" : ""));
    }
    std::sort(names.begin(), names.end());
    for (const std::string& name : names) out += "    " + name + "\n";
  }
  return out.empty() ? out
                     : out + "Permissions marked with '(*)' are inherited by what is below.\n";
}

std::string ticket_text(const json::value& answer, const Look&) {
  return member(answer, "ticket") + "\n";
}

std::string log_lines(const json::value& answer, const Look&) {
  std::string out;
  if (const json::array* lines = answer.if_array()) {
    for (const json::value& line : *lines) out += member(line, "t") + "\n";
  }
  return out;
}

std::string plain_text(const json::value& answer, const Look&) {
  return text_of(answer) + "\n";
}

std::string command_line_text(const json::value& answer, const Look&) {
  std::fputs(
      "# Equivalent command: Posada itself hands disks, sockets and network interfaces to\n"
      "# QEMU as open descriptors, under a user of its own and in a sandbox.\n",
      stderr);
  return text_of(answer) + "\n";
}

}  // namespace posada::app
