// The machine's log: systemd's journal where there is one, else the text file that a syslog daemon
// writes, else the log of our own daemon.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "host/host.h"

namespace posada::host {

struct LogQuery {
  std::string since, until;  // as journalctl takes them: "2026-11-27 10:00:00", "@1795000000"
  std::string unit;          // only this unit's lines
  std::string cursor;        // from this line on; with `backward` up to it
  bool backward = false;
  std::size_t newest = 0;  // only so many, the newest; 0: all, within the limit below
};
constexpr std::size_t most_log_lines = 50'000;

struct LogLines {
  std::vector<std::string> lines;         // "Nov 27 10:00:00 node name[pid]: text", oldest first
  std::string first_cursor, last_cursor;  // empty without a journal
};
sys::Async<LogLines> read_log(Host& host, LogQuery query);

// Pure: `journalctl -o json` as lines; the offset is that of local time.
LogLines parse_journal(std::string_view json_lines, std::int64_t local_offset);

}  // namespace posada::host
