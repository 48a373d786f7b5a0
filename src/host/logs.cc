#include "host/logs.h"

#include <algorithm>

#include <fmt/chrono.h>

#include "base/json.h"
#include "base/text.h"
#include "host/time_zone.h"
#include "sys/file.h"

namespace posada::host {
namespace {

constexpr std::size_t journal_bytes = 64 * 1024 * 1024;

// A message that is no UTF-8 comes as a list of bytes.
std::string message_of(const json::object& entry) {
  const json::value* message = entry.if_contains("MESSAGE");
  if (message == nullptr) return {};
  if (message->is_string()) return std::string(message->get_string());
  std::string text;
  if (message->is_array()) {
    for (const json::value& byte : message->get_array()) {
      if (byte.is_int64())
        text += byte.get_int64() < 0x80 ? static_cast<char>(byte.get_int64()) : '?';
    }
  }
  return text;
}

std::string line_of(const json::object& entry, std::int64_t local_offset) {
  const std::int64_t moment = integer_member(entry, "__REALTIME_TIMESTAMP").value_or(0) / 1'000'000;
  std::string line = fmt::format("{:%b %d %H:%M:%S} {} ",
                                 fmt::gmtime(static_cast<std::time_t>(moment + local_offset)),
                                 text_member(entry, "_HOSTNAME").value_or("localhost"));
  line += text_member(entry, "SYSLOG_IDENTIFIER")
              .value_or(text_member(entry, "_COMM").value_or("unknown"));
  if (const auto pid = text_member(entry, "_PID")) line += "[" + *pid + "]";
  return line + ": " + message_of(entry);
}

std::vector<std::string> journal_command(const LogQuery& query) {
  std::vector<std::string> command = {
      "journalctl", "--no-pager", "--quiet", "--output=json",
      "--output-fields=MESSAGE,_HOSTNAME,SYSLOG_IDENTIFIER,_COMM,_PID"};
  const std::size_t wanted =
      query.newest == 0 ? most_log_lines : std::min(query.newest, most_log_lines);
  const std::string count = std::to_string(wanted);
  // With a cursor the lines after it count, else the newest ones.
  command.push_back(query.cursor.empty() || query.backward ? "--lines=" + count
                                                           : "--lines=+" + count);
  if (!query.cursor.empty()) command.push_back("--cursor=" + query.cursor);
  if (query.backward) command.push_back("--reverse");
  if (!query.since.empty()) command.push_back("--since=" + query.since);
  if (!query.until.empty()) command.push_back("--until=" + query.until);
  if (!query.unit.empty()) command.push_back("--unit=" + query.unit);
  return command;
}

// Without a journal a file has neither units nor exact times: the whole of it is what there is.
std::optional<LogLines> file_lines(const std::string& path, const LogQuery& query) {
  const std::optional<std::string> text = sys::read_file_if_exists(path);
  if (!text) return std::nullopt;
  LogLines result;
  result.lines = split(*text, '\n');
  if (!result.lines.empty() && result.lines.back().empty()) result.lines.pop_back();
  if (!query.unit.empty()) {
    std::erase_if(result.lines, [&](const std::string& line) {
      return line.find(" " + query.unit + "[") == std::string::npos &&
             line.find(" " + query.unit + ":") == std::string::npos;
    });
  }
  const std::size_t most = query.newest == 0 ? most_log_lines : query.newest;
  if (result.lines.size() > most) {
    result.lines.erase(result.lines.begin(), result.lines.end() - static_cast<long>(most));
  }
  return result;
}

LogLines lines_of_files(const Places& places, const LogQuery& query) {
  for (const std::string& path :
       {places.machine_log + "/syslog", places.machine_log + "/messages", places.own_log}) {
    if (path.empty()) continue;
    if (auto lines = file_lines(path, query)) return *std::move(lines);
  }
  return {};
}

}  // namespace

LogLines parse_journal(std::string_view json_lines, std::int64_t local_offset) {
  LogLines result;
  for (const std::string& line : split(json_lines, '\n')) {
    if (line.empty()) continue;
    boost::system::error_code error;
    const json::value entry = json::parse(line, error);
    if (error || !entry.is_object()) continue;  // cut off at our limit
    result.lines.push_back(line_of(entry.get_object(), local_offset));
    const std::string cursor = text_member(entry.get_object(), "__CURSOR").value_or("");
    if (result.first_cursor.empty()) result.first_cursor = cursor;
    result.last_cursor = cursor;
  }
  return result;
}

sys::Async<LogLines> read_log(Host& host, LogQuery query) {
  if (host.has_systemd()) {
    Run run{.arguments = journal_command(query), .limit = journal_bytes};
    const std::string text = co_await output_of(host.programs, std::move(run));
    const std::int64_t offset = zone_offset(host, time_zone(host), host.clock.wall_seconds());
    LogLines result = parse_journal(text, offset);
    if (query.backward) {
      std::reverse(result.lines.begin(), result.lines.end());
      std::swap(result.first_cursor, result.last_cursor);
    }
    co_return result;
  }
  co_return co_await host.pool.run(
      [places = host.places, query] { return lines_of_files(places, query); });
}

}  // namespace posada::host
