// How tasks look on the wire.
#pragma once

#include "base/json.h"
#include "task/tasks.h"

namespace posada::api {

json::object node_task_row(const task::Info& info);     // GET /nodes/N/tasks
json::object cluster_task_row(const task::Info& info);  // GET /cluster/tasks, event stream
json::object task_status(const task::Info& info);       // GET …/tasks/UPID/status

}  // namespace posada::api
