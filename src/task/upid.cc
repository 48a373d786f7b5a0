#include "task/upid.h"

#include <fmt/format.h>

#include <charconv>

#include "base/text.h"

namespace posada::task {
namespace {

template <class Integer>
bool parse_hex(std::string_view text, std::size_t least, std::size_t most, Integer& value) {
  if (text.size() < least || text.size() > most) return false;
  const char* end = text.data() + text.size();
  auto [rest, error] = std::from_chars(text.data(), end, value, 16);
  return error == std::errc{} && rest == end;
}

bool is_node_name(std::string_view text) {
  if (text.empty() || text.front() == '-' || text.back() == '-') return false;
  for (const char c : text) {
    const bool allowed = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                         (c >= '0' && c <= '9') || c == '-';
    if (!allowed) return false;
  }
  return true;
}

bool is_plain(std::string_view text) {
  return text.find_first_of(" \t\r\n\v\f:/") == std::string_view::npos &&
         text.find('\0') == std::string_view::npos;
}

}  // namespace

std::string Upid::text() const {
  return fmt::format("UPID:{}:{:08X}:{:08X}:{:08X}:{}:{}:{}:", node, pid, pstart, start_time, type,
                     id, user.text());
}

std::optional<Upid> Upid::parse(std::string_view text) {
  const std::vector<std::string> fields = split(text, ':');
  if (fields.size() != 9 || fields[0] != "UPID" || !fields[8].empty()) return std::nullopt;
  Upid upid;
  if (!is_node_name(fields[1]) || !parse_hex(fields[2], 8, 8, upid.pid) ||
      !parse_hex(fields[3], 8, 9, upid.pstart) || !parse_hex(fields[4], 8, 8, upid.start_time)) {
    return std::nullopt;
  }
  if (fields[5].empty() || fields[7].empty()) return std::nullopt;
  for (const std::size_t i : {5UL, 6UL, 7UL}) {
    if (!is_plain(fields[i])) return std::nullopt;
  }
  upid.node = fields[1];
  upid.type = fields[5];
  upid.id = fields[6];
  const std::size_t mark = fields[7].find('!');
  upid.user.user = fields[7].substr(0, mark);
  if (mark != std::string::npos) upid.user.token = fields[7].substr(mark + 1);
  return upid;
}

}  // namespace posada::task
