// Charts: rrddata of nodes, guests and storages.
#include "api/handlers/handlers.h"
#include "api/request/nodes.h"
#include "api/request/nodes_lxc.h"
#include "api/request/nodes_qemu.h"
#include "api/request/nodes_storage.h"
#include "guest/registry.h"
#include "storage/storage.h"
#include "telemetry/history.h"

namespace posada::api {
namespace {

using telemetry::HistoryKind;

template <class Request>
sys::Async<json::array> fetch(Call& call, HistoryKind kind, std::string name, Request request) {
  co_return co_await call.services.history->fetch(kind, std::move(name), request.timeframe,
                                                  request.cf.value_or(""));
}

sys::Async<Answer> node_data(Call& call, nodes::Rrddata request) {
  co_return co_await fetch(call, HistoryKind::node, request.node, request);
}

sys::Async<Answer> machine_data(Call& call, nodes_qemu::Rrddata request) {
  const GuestId id{static_cast<std::uint32_t>(request.vmid)};
  const std::string uuid = call.services.registry->require(id, GuestKind::vm).uuid;
  co_return co_await fetch(call, HistoryKind::guest, uuid, request);
}

sys::Async<Answer> container_data(Call& call, nodes_lxc::Rrddata request) {
  const GuestId id{static_cast<std::uint32_t>(request.vmid)};
  const std::string uuid = call.services.registry->require(id, GuestKind::container).uuid;
  co_return co_await fetch(call, HistoryKind::guest, uuid, request);
}

sys::Async<Answer> storage_data(Call& call, nodes_storage::Rrddata request) {
  (void)call.services.storages->definition(request.storage);
  co_return co_await fetch(call, HistoryKind::storage, request.storage, request);
}

}  // namespace

void register_history(Router& router) {
  router.on<nodes::Rrddata>(node_data);
  router.on<nodes_qemu::Rrddata>(machine_data);
  router.on<nodes_lxc::Rrddata>(container_data);
  router.on<nodes_storage::Rrddata>(storage_data);
}

}  // namespace posada::api
