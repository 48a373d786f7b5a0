#include "telemetry/layout.h"

namespace posada::telemetry {

namespace {

// Rows kept beyond those answered, so that the oldest row asked for is never overwritten.
constexpr long spare_rows = 5;

const std::vector<Source> node_sources{{"loadavg"},
                                       {"maxcpu"},
                                       {"cpu"},
                                       {"iowait"},
                                       {"memtotal"},
                                       {"memused"},
                                       {"memavailable"},
                                       {"swaptotal"},
                                       {"swapused"},
                                       {"roottotal"},
                                       {"rootused"},
                                       {"netin", true},
                                       {"netout", true},
                                       {"arcsize"},
                                       {"pressurecpusome"},
                                       {"pressureiosome"},
                                       {"pressureiofull"},
                                       {"pressurememorysome"},
                                       {"pressurememoryfull"}};

const std::vector<Source> guest_sources{{"maxcpu"},
                                        {"cpu"},
                                        {"maxmem"},
                                        {"mem"},
                                        {"memhost"},
                                        {"maxdisk"},
                                        {"disk"},
                                        {"netin", true},
                                        {"netout", true},
                                        {"diskread", true},
                                        {"diskwrite", true},
                                        {"pressurecpusome"},
                                        {"pressurecpufull"},
                                        {"pressureiosome"},
                                        {"pressureiofull"},
                                        {"pressurememorysome"},
                                        {"pressurememoryfull"}};

const std::vector<Source> storage_sources{{"total"}, {"used"}};

constexpr long minute = 60;
constexpr long hour = 60 * minute;
constexpr long day = 24 * hour;

// A guest's file must stay small (150 KB), since there are thousands of them.
const std::vector<Timeframe> guest_timeframes{
    {"hour", minute, 60},     {"day", 15 * minute, 96}, {"week", 2 * hour, 84},
    {"month", 6 * hour, 120}, {"year", 3 * day, 122},
};

// Nodes and storages are few.
const std::vector<Timeframe> storage_timeframes{
    {"hour", minute, 60},     {"day", 5 * minute, 288}, {"week", 30 * minute, 336},
    {"month", 2 * hour, 360}, {"year", day, 365},
};
const std::vector<Timeframe> node_timeframes{
    {"hour", minute, 60},     {"day", 5 * minute, 288}, {"week", 30 * minute, 336},
    {"month", 2 * hour, 360}, {"year", day, 365},       {"decade", 7 * day, 522},
};

}  // namespace

std::string_view name_of(HistoryKind kind) {
  switch (kind) {
    case HistoryKind::node:
      return "node";
    case HistoryKind::guest:
      return "guest";
    case HistoryKind::storage:
      return "storage";
  }
  return "";
}

const std::vector<Source>& sources(HistoryKind kind) {
  switch (kind) {
    case HistoryKind::node:
      return node_sources;
    case HistoryKind::guest:
      return guest_sources;
    case HistoryKind::storage:
      break;
  }
  return storage_sources;
}

const std::vector<Timeframe>& timeframes(HistoryKind kind) {
  switch (kind) {
    case HistoryKind::node:
      return node_timeframes;
    case HistoryKind::guest:
      return guest_timeframes;
    case HistoryKind::storage:
      break;
  }
  return storage_timeframes;
}

const Timeframe* find_timeframe(HistoryKind kind, std::string_view name) {
  for (const Timeframe& timeframe : timeframes(kind)) {
    if (timeframe.name == name) return &timeframe;
  }
  return nullptr;
}

std::vector<std::string> source_definitions(HistoryKind kind) {
  std::vector<std::string> definitions;
  for (const Source& source : sources(kind)) {
    // A counter that falls was started anew, and its rate is unknown for that moment: minimum 0.
    const std::string type = source.counter ? ":DERIVE:" : ":GAUGE:";
    const std::string range = source.counter ? ":0:U" : ":U:U";
    definitions.push_back("DS:" + source.name + type + std::to_string(2 * base_step) + range);
  }
  return definitions;
}

std::vector<std::string> archive_definitions(HistoryKind kind) {
  std::vector<std::string> definitions;
  for (const Timeframe& timeframe : timeframes(kind)) {
    const std::string rest = ":0.5:" + std::to_string(timeframe.step / base_step) + ":" +
                             std::to_string(timeframe.rows + spare_rows);
    definitions.push_back("RRA:AVERAGE" + rest);
    // At the finest step the largest value of a row is its average.
    if (timeframe.step > base_step) definitions.push_back("RRA:MAX" + rest);
  }
  return definitions;
}

}  // namespace posada::telemetry
