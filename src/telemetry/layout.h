// What the history keeps of each kind of resource, and for how long: data only.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace posada::telemetry {

enum class HistoryKind { node, guest, storage };
std::string_view name_of(HistoryKind kind);

struct Source {
  std::string name;  // as in the answers of rrddata
  // A counter that only grows (bytes sent); kept and answered as its rate per second.
  bool counter = false;
};

struct Timeframe {
  std::string name;  // "hour"
  long step = 0;     // seconds of one row
  long rows = 0;     // that are answered
};

constexpr long base_step = 60;  // seconds between two samples in the files

const std::vector<Source>& sources(HistoryKind kind);
const std::vector<Timeframe>& timeframes(HistoryKind kind);
// Null when the kind has no timeframe of that name.
const Timeframe* find_timeframe(HistoryKind kind, std::string_view name);

// In librrd's words: "DS:cpu:GAUGE:120:U:U", "RRA:AVERAGE:0.5:1:70".
std::vector<std::string> source_definitions(HistoryKind kind);
std::vector<std::string> archive_definitions(HistoryKind kind);

}  // namespace posada::telemetry
