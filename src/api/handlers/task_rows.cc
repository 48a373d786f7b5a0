#include "api/handlers/task_rows.h"

namespace posada::api {
namespace {

json::object common(const task::Info& info) {
  json::object row{{"upid", info.upid.text()},
                   {"node", info.upid.node},
                   {"starttime", info.upid.start_time},
                   {"type", info.upid.type},
                   {"id", info.upid.id},
                   {"user", info.upid.user.user}};
  if (!info.upid.user.token.empty()) row["tokenid"] = info.upid.user.token;
  return row;
}

}  // namespace

json::object node_task_row(const task::Info& info) {
  json::object row = common(info);
  row["pid"] = info.upid.pid;
  row["pstart"] = info.upid.pstart;
  if (info.running) {
    row["status"] = "RUNNING";
  } else {
    row["endtime"] = info.end_time;
    row["status"] = info.exit_status;
  }
  return row;
}

json::object cluster_task_row(const task::Info& info) {
  json::object row = common(info);
  if (info.running) {
    if (info.progress >= 0) row["progress"] = info.progress;
    if (!info.message.empty()) row["message"] = info.message;
  } else {
    row["endtime"] = info.end_time;
    row["status"] = info.exit_status;
    row["saved"] = "1";
  }
  return row;
}

json::object task_status(const task::Info& info) {
  json::object row = common(info);
  row["pid"] = info.upid.pid;
  row["pstart"] = info.upid.pstart;
  row["status"] = info.running ? "running" : "stopped";
  if (!info.running) row["exitstatus"] = info.exit_status;
  if (info.running && info.progress >= 0) row["progress"] = info.progress;
  if (info.running && !info.message.empty()) row["message"] = info.message;
  return row;
}

}  // namespace posada::api
