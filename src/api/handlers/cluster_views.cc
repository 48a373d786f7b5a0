// What is told about the whole cluster out of what the node knows anyway: its log, figures for
// collectors, guests without a backup job.
#include <algorithm>
#include <span>

#include <fmt/chrono.h>

#include "access/permissions.h"
#include "api/handlers/machine.h"
#include "api/request/cluster.h"
#include "api/request/cluster_backup.h"
#include "api/request/cluster_jobs.h"
#include "api/request/cluster_metrics.h"
#include "base/calendar.h"
#include "base/text.h"
#include "guest/registry.h"
#include "host/host.h"
#include "host/time_zone.h"
#include "sys/clock.h"
#include "sys/host.h"
#include "task/tasks.h"
#include "telemetry/board.h"

namespace posada::api {
namespace {

using ::posada::access::Privilege;

constexpr int severity_info = 6, severity_error = 3;  // of syslog
constexpr std::size_t most_log_entries = 50;

json::object log_entry(const task::Info& info, bool end) {
  const bool good = !end || info.exit_status == "OK" || info.exit_status.starts_with("WARNINGS");
  const std::string upid = info.upid.text();
  return {{"node", info.upid.node},
          {"user", info.upid.user.text()},
          {"tag", "posada"},
          {"pid", sys::own_pid()},
          {"pri", good ? severity_info : severity_error},
          {"time", end ? info.end_time : static_cast<std::int64_t>(info.upid.start_time)},
          {"uid", 0},
          {"id", (end ? "end:" : "start:") + upid},
          {"msg", end ? "end task " + upid + " " + info.exit_status : "starting task " + upid}};
}

// Starts and ends of tasks, newest first: one's own, and all with Sys.Syslog.
sys::Async<Answer> read_log(Call& call, cluster::Log request) {
  const auto most = static_cast<std::size_t>(request.max.value_or(most_log_entries));
  const bool all = call.services.permissions->may(call.identity, "/", Privilege::sys_syslog);
  task::Filter filter;
  filter.source = "all";
  filter.limit = most;
  const task::Page page = call.services.tasks->list(filter, [&](const task::Info& info) {
    return all || info.upid.user.user == call.identity.user;
  });
  std::vector<json::object> entries;
  for (const task::Info& info : page.tasks) {
    entries.push_back(log_entry(info, false));
    if (!info.running) entries.push_back(log_entry(info, true));
  }
  // Within a second an end comes after a start, so it is the newer one: "end:" before "start:".
  std::sort(entries.begin(), entries.end(), [](const json::object& a, const json::object& b) {
    const std::int64_t first = a.at("time").as_int64(), second = b.at("time").as_int64();
    return first != second ? first > second : a.at("id").as_string() < b.at("id").as_string();
  });
  if (entries.size() > most) entries.resize(most);
  json::array rows;
  std::int64_t number = static_cast<std::int64_t>(entries.size());
  for (json::object& entry : entries) {
    entry["uid"] = number--;
    rows.push_back(std::move(entry));
  }
  co_return rows;
}

// There are no backup jobs, so none covers any guest.
sys::Async<Answer> not_backed_up(Call& call, cluster_backup::GetGuestsNotInBackup) {
  json::array rows;
  for (const char* kind : {"qemu/", "lxc/"}) {
    call.services.board->each(kind, [&](const telemetry::Row& row) {
      const std::string vmid = text_member(row.values, "vmid").value_or("");
      if (!call.services.permissions->may(call.identity, "/vms/" + vmid, Privilege::vm_audit))
        return;
      rows.push_back(json::object{{"vmid", to_integer(vmid).value_or(0)},
                                  {"type", row.values.at("type")},
                                  {"name", text_member(row.values, "name").value_or("")}});
    });
  }
  co_return rows;
}

struct Metric {
  std::string_view field, name, type;
};
constexpr Metric node_metrics[] = {
    {"cpu", "cpu_current", "gauge"}, {"maxcpu", "cpu_max", "gauge"},
    {"mem", "mem_used", "gauge"},    {"maxmem", "mem_total", "gauge"},
    {"disk", "disk_used", "gauge"},  {"maxdisk", "disk_total", "gauge"},
    {"uptime", "uptime", "gauge"}};
constexpr Metric guest_metrics[] = {
    {"cpu", "cpu_current", "gauge"},     {"maxcpu", "cpu_max", "gauge"},
    {"mem", "mem_used", "gauge"},        {"maxmem", "mem_total", "gauge"},
    {"disk", "disk_used", "gauge"},      {"maxdisk", "disk_total", "gauge"},
    {"diskread", "disk_read", "derive"}, {"diskwrite", "disk_write", "derive"},
    {"netin", "net_in", "derive"},       {"netout", "net_out", "derive"},
    {"uptime", "uptime", "gauge"}};
constexpr Metric storage_metrics[] = {{"disk", "disk_used", "gauge"},
                                      {"maxdisk", "disk_total", "gauge"}};

void add_metrics(const Call& call, json::array& rows, std::string_view prefix,
                 std::span<const Metric> metrics) {
  const std::int64_t now = call.services.clock->wall_seconds();
  call.services.board->each(prefix, [&](const telemetry::Row& row) {
    for (const Metric& metric : metrics) {
      const json::value* value = row.values.if_contains(metric.field);
      if (value == nullptr || !value->is_number()) continue;
      rows.push_back(json::object{{"id", row.id},
                                  {"metric", metric.name},
                                  {"timestamp", now},
                                  {"type", metric.type},
                                  {"value", *value}});
    }
  });
}

// The newest figures; earlier ones are in the history of each object.
sys::Async<Answer> export_metrics(Call& call, cluster_metrics::Export request) {
  json::array rows;
  const std::vector<std::string> nodes = split_list(request.node_list.value_or(""));
  const bool wanted =
      nodes.empty() || std::find(nodes.begin(), nodes.end(), call.services.node) != nodes.end();
  if (wanted && request.start_time.value_or(0) <= call.services.clock->wall_seconds()) {
    add_metrics(call, rows, "node/", node_metrics);
    add_metrics(call, rows, "qemu/", guest_metrics);
    add_metrics(call, rows, "lxc/", guest_metrics);
    add_metrics(call, rows, "storage/", storage_metrics);
  }
  co_return json::object{{"data", std::move(rows)}};
}

// The moments at which a schedule fires next, by the node's clock.
sys::Async<Answer> analyze_schedule(Call& call, const Machine& machine,
                                    cluster_jobs::ScheduleAnalyze request) {
  const std::string zone = host::zone_text(*machine.host, host::time_zone(*machine.host));
  const auto event = CalendarEvent::parse(request.schedule);
  if (!event) throw Error::parameter("schedule", "unable to parse calendar event");
  std::int64_t moment = request.starttime.value_or(call.services.clock->wall_seconds());
  json::array rows;
  for (std::int64_t i = 0; i < request.iterations.value_or(10); ++i) {
    const auto next = event->next(
        moment, [&](std::int64_t seconds) { return host::offset_in_zone(zone, seconds); });
    if (!next) break;
    moment = *next;
    rows.push_back(json::object{
        {"timestamp", moment},
        {"utc",
         fmt::format("{:%a %b %e %H:%M:%S %Y}", fmt::gmtime(static_cast<std::time_t>(moment)))}});
  }
  co_return rows;
}

}  // namespace

void register_cluster_views(MachineRouter& router) {
  router.on<cluster::Log>(read_log);
  router.on<cluster_backup::GetGuestsNotInBackup>(not_backed_up);
  router.on<cluster_metrics::Export>(export_metrics);
  router.on<cluster_jobs::ScheduleAnalyze>(analyze_schedule);
}

}  // namespace posada::api
