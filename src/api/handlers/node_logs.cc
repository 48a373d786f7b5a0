// The node's log: the system's journal, or the text that stands in its place.
#include "api/handlers/machine.h"
#include "api/request/nodes.h"
#include "base/text.h"
#include "host/logs.h"

namespace posada::api {
namespace {

std::string moment(const std::optional<std::int64_t>& seconds) {
  return seconds ? "@" + std::to_string(*seconds) : std::string();
}

// Lines with the cursor of the first before them and that of the last after them.
sys::Async<Answer> read_journal(Call&, const Machine& machine, nodes::Journal request) {
  if (request.startcursor && (request.since || request.lastentries)) {
    throw Error::parameter("startcursor", "is not possible together with since or lastentries");
  }
  host::LogQuery query;
  query.since = moment(request.since);
  query.until = moment(request.until);
  query.backward = request.endcursor.has_value() && request.lastentries.has_value();
  query.cursor = query.backward ? *request.endcursor : request.startcursor.value_or("");
  query.newest = static_cast<std::size_t>(request.lastentries.value_or(0));
  const host::LogLines log = co_await host::read_log(*machine.host, query);
  json::array answer;
  answer.push_back(json::value(log.first_cursor));
  for (const std::string& line : log.lines) answer.push_back(json::value(line));
  answer.push_back(json::value(log.last_cursor));
  co_return answer;
}

sys::Async<Answer> read_syslog(Call&, const Machine& machine, nodes::Syslog request) {
  host::LogQuery query;
  query.since = request.since.value_or("");
  query.until = request.until.value_or("");
  query.unit = request.service.value_or("");
  const host::LogLines log = co_await host::read_log(*machine.host, query);
  const auto start = static_cast<std::size_t>(request.start.value_or(0));
  const auto limit = static_cast<std::size_t>(request.limit.value_or(50));
  json::array rows;
  for (std::size_t i = start; i < log.lines.size() && (limit == 0 || i - start < limit); ++i) {
    rows.push_back(json::object{{"n", i + 1}, {"t", log.lines[i]}});
  }
  if (log.lines.empty()) rows.push_back(json::object{{"n", 1}, {"t", "no content"}});
  Answer answer(std::move(rows));
  answer.total = log.lines.size();
  co_return answer;
}

}  // namespace

void register_node_logs(MachineRouter& router) {
  router.on<nodes::Journal>(read_journal);
  router.on<nodes::Syslog>(read_syslog);
}

}  // namespace posada::api
