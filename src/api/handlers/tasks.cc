#include "access/permissions.h"
#include "api/handlers/handlers.h"
#include "api/handlers/task_rows.h"
#include "api/request/nodes_tasks.h"
#include "base/text.h"
#include "task/tasks.h"

namespace posada::api {
namespace {

using access::Privilege;

// One sees one's own tasks; others' with Sys.Audit on the node.
bool may_see(const Call& call, const task::Info& info) {
  if (info.upid.user.user == call.identity.user) return true;
  return call.services.permissions->may(call.identity, "/nodes/" + call.services.node,
                                        Privilege::sys_audit);
}

task::Info visible_task(const Call& call, const std::string& upid) {
  task::Info info = call.services.tasks->info(upid);
  if (!may_see(call, info)) {
    throw Error::forbidden("/nodes/" + call.services.node, "Sys.Audit");
  }
  return info;
}

sys::Async<Answer> list_tasks(Call& call, nodes_tasks::NodeTasks request) {
  task::Filter filter;
  filter.source = request.source.value_or("archive");
  filter.since = request.since;
  filter.until = request.until;
  filter.type = request.typefilter.value_or("");
  filter.user_contains = request.userfilter.value_or("");
  if (request.vmid) filter.guest = std::to_string(*request.vmid);
  if (request.statusfilter) filter.statuses = split_list(*request.statusfilter);
  filter.errors = request.errors.value_or(false);
  filter.start = static_cast<std::size_t>(request.start.value_or(0));
  filter.limit = static_cast<std::size_t>(request.limit.value_or(50));
  const task::Page page = call.services.tasks->list(
      filter, [&call](const task::Info& info) { return may_see(call, info); });
  json::array rows;
  for (const task::Info& info : page.tasks) rows.push_back(node_task_row(info));
  Answer answer(std::move(rows));
  answer.total = page.total;
  co_return answer;
}

sys::Async<Answer> get_status(Call& call, nodes_tasks::ReadTaskStatus request) {
  co_return task_status(visible_task(call, request.upid));
}

sys::Async<Answer> get_log(Call& call, nodes_tasks::ReadTaskLog request) {
  const task::Info info = visible_task(call, request.upid);
  const bool download = request.download.value_or(false);
  const std::size_t start = static_cast<std::size_t>(request.start.value_or(0));
  const std::size_t limit =
      download ? 0 : static_cast<std::size_t>(request.limit.value_or(50));
  task::LogPage page = co_await call.services.tasks->log(request.upid, start, limit);
  if (download) {
    std::string text = join(page.lines, "\n");
    if (!text.empty()) text += '\n';
    co_return Answer::text("text/plain;charset=UTF-8", std::move(text),
                           "task-" + info.upid.node + "-" + info.upid.type + ".log");
  }
  json::array lines;
  std::size_t number = start;
  for (std::string& line : page.lines) {
    lines.push_back(json::object{{"n", ++number}, {"t", std::move(line)}});
  }
  if (page.total == 0) lines.push_back(json::object{{"n", 1}, {"t", "no content"}});
  Answer answer(std::move(lines));
  answer.total = page.total;
  co_return answer;
}

sys::Async<Answer> stop_task(Call& call, nodes_tasks::StopTask request) {
  const task::Info info = call.services.tasks->info(request.upid);
  if (info.upid.user.user != call.identity.user) {
    call.services.permissions->check(call.identity, "/nodes/" + call.services.node,
                                     Privilege::sys_modify);
  }
  call.services.tasks->stop(request.upid, call.identity.text());
  co_return nullptr;
}

sys::Async<Answer> task_index(Call& call, nodes_tasks::UpidIndex request) {
  (void)visible_task(call, request.upid);
  co_return json::array{json::object{{"name", "log"}}, json::object{{"name", "status"}}};
}

}  // namespace

void register_tasks(Router& router) {
  router.on<nodes_tasks::NodeTasks>(list_tasks);
  router.on<nodes_tasks::ReadTaskStatus>(get_status);
  router.on<nodes_tasks::ReadTaskLog>(get_log);
  router.on<nodes_tasks::StopTask>(stop_task);
  router.on<nodes_tasks::UpidIndex>(task_index);
}

}  // namespace posada::api
