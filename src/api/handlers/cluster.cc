#include "access/directory.h"
#include "access/permissions.h"
#include "api/handlers/handlers.h"
#include "api/handlers/resource_rows.h"
#include "api/handlers/task_rows.h"
#include "api/request/cluster.h"
#include "api/request/nodes.h"
#include "guest/registry.h"

namespace posada::api {
namespace {

sys::Async<Answer> next_id(Call& call, cluster::Nextid request) {
  if (!request.vmid) co_return Answer(json::value(call.services.registry->next_free().text()));
  const GuestId wanted{static_cast<std::uint32_t>(*request.vmid)};
  if (call.services.registry->find(wanted)) {
    throw Error::parameter("vmid", "VM " + wanted.text() + " already exists");
  }
  co_return Answer(json::value(wanted.text()));
}

RowList row_list(std::string_view type) {
  if (type.empty()) return RowList::everything;
  if (type == "vm") return RowList::guests;
  if (type == "storage") return RowList::storages;
  if (type == "node") return RowList::nodes;
  return RowList::nothing;
}

sys::Async<Answer> list_resources(Call& call, cluster::Resources request) {
  co_return call.services.resource_texts->answer(call.services, call.identity,
                                                 row_list(request.type.value_or("")));
}

sys::Async<Answer> list_tasks(Call& call, cluster::Tasks) {
  const bool sees_all = call.services.permissions->may(call.identity, "/nodes/" + call.services.node,
                                                       access::Privilege::sys_audit);
  task::Filter filter;
  filter.source = "all";
  filter.limit = 100;
  const task::Page page =
      call.services.tasks->list(filter, [&](const task::Info& info) {
        return sees_all || info.upid.user.user == call.identity.user;
      });
  json::array rows;
  for (const task::Info& info : page.tasks) rows.push_back(cluster_task_row(info));
  co_return rows;
}

sys::Async<Answer> get_status(Call& call, cluster::GetStatus) {
  co_return json::array{json::object{{"type", "node"},
                                     {"id", "node/" + call.services.node},
                                     {"name", call.services.node},
                                     {"nodeid", 0},
                                     {"online", 1},
                                     {"local", 1},
                                     {"level", ""},
                                     {"ip", "127.0.0.1"}}};
}

sys::Async<Answer> list_nodes(Call& call, nodes::Index) {
  json::array rows;
  call.services.board->each("node/", [&](const telemetry::Row& row) {
    json::object fields =
        listed_node(row.values, sight(call.services, call.identity, row.values));
    fields.erase("cgroup-mode");  // only where all resources are listed
    fields["ssl_fingerprint"] = call.services.fingerprint;
    rows.push_back(std::move(fields));
  });
  co_return rows;
}

}  // namespace

void register_cluster(Router& router) {
  router.on<cluster::Nextid>(next_id);
  router.on<cluster::Resources>(list_resources);
  router.on<cluster::Tasks>(list_tasks);
  router.on<cluster::GetStatus>(get_status);
  router.on<nodes::Index>(list_nodes);
}

}  // namespace posada::api
