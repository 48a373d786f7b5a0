// /pools. The deprecated forms with the pool's name in the path do the same as the others, but
// cannot name a nested pool.
#include "api/request/pools.h"

#include <algorithm>

#include "api/handlers/access_shapes.h"
#include "api/handlers/handlers.h"
#include "base/text.h"
#include "guest/registry.h"
#include "storage/storage.h"
#include "telemetry/board.h"

namespace posada::api {
namespace {

using access::Privilege;

bool storage_exists(const Call& call, const std::string& storage) {
  if (call.services.storages == nullptr) return true;
  const auto all = call.services.storages->definitions();
  return std::any_of(all.begin(), all.end(),
                     [&](const storage::Definition& item) { return item.name == storage; });
}

// With the live figures where they are known.
json::object member_row(const Call& call, json::object row) {
  if (call.services.board == nullptr) return row;
  const telemetry::Row* live = call.services.board->find(text_of(row.at("id")));
  if (live == nullptr) return row;
  json::object full = live->values;
  for (const auto& [name, value] : row) full[name] = value;
  return full;
}

json::array members(const Call& call, const std::string& pool,
                    const std::optional<std::string>& type) {
  const auto wanted = [&](std::string_view kind) { return !type || *type == kind; };
  const access::PoolMembers& members = call.services.directory->config().members_of(pool);
  json::array rows;
  for (const GuestId id : members.guests) {
    const auto record = call.services.registry->find(id);
    if (!record || !wanted(path_name(record->kind))) continue;
    const std::string_view kind = path_name(record->kind);
    rows.push_back(member_row(call, {{"id", std::string(kind) + "/" + id.text()},
                                     {"type", kind},
                                     {"node", record->node},
                                     {"vmid", id.number}}));
  }
  if (!wanted("storage")) return rows;
  for (const std::string& name : members.storages) {
    if (!storage_exists(call, name)) continue;
    const std::string& node = call.services.node;
    rows.push_back(member_row(call, {{"id", "storage/" + node + "/" + name},
                                     {"type", "storage"},
                                     {"node", node},
                                     {"storage", name}}));
  }
  return rows;
}

json::object pool_row(const std::string& name, const access::Pool& pool) {
  json::object row{{"poolid", name}};
  if (!pool.comment.empty()) row["comment"] = pool.comment;
  return row;
}

json::object pool_with_members(const Call& call, const std::string& name,
                               const std::optional<std::string>& type) {
  json::object row = pool_row(name, call.services.directory->need_pool(name));
  row["members"] = members(call, name, type);
  return row;
}

sys::Async<Answer> list_pools(Call& call, pools::Index request) {
  json::array rows;
  if (request.poolid) {
    call.services.permissions->check(call.identity, "/pool/" + *request.poolid,
                                     Privilege::pool_audit);
    rows.push_back(pool_with_members(call, *request.poolid, request.type));
    co_return rows;
  }
  for (const auto& [name, pool] : call.services.directory->config().pools) {
    if (call.services.permissions->may(call.identity, "/pool/" + name, Privilege::pool_audit)) {
      rows.push_back(pool_row(name, pool));
    }
  }
  co_return rows;
}

sys::Async<Answer> read_pool(Call& call, pools::ReadPool request) {
  co_return pool_with_members(call, request.poolid, request.type);
}

sys::Async<Answer> create_pool(Call& call, pools::CreatePool request) {
  co_await call.services.directory->create_pool(request.poolid, request.comment.value_or(""));
  co_return Answer();
}

// Being in a pool changes who may do what with the member.
void check_members(const Call& call, const access::PoolChange& change) {
  access::Permissions& permissions = *call.services.permissions;
  for (const GuestId guest : change.guests) {
    permissions.check_change_entries(call.identity, "/vms/" + guest.text());
    const std::string* now = call.services.directory->config().pool_of(guest);
    if (change.allow_move && now != nullptr) {
      permissions.check(call.identity, "/pool/" + *now, Privilege::pool_allocate);
    }
  }
  for (const std::string& storage : change.storages) {
    permissions.check_change_entries(call.identity, "/storage/" + storage);
  }
}

template <class Request>
sys::Async<Answer> change_pool(Call& call, Request request) {
  access::PoolChange change;
  change.comment = request.comment;
  for (const std::string& text : name_list(request.vms)) {
    const auto number = to_integer(text);
    if (!number || *number < 100 || *number > 999'999'999) {
      throw Error::parameter("vms", "invalid format - value does not look like a valid VM ID\n");
    }
    change.guests.push_back({static_cast<std::uint32_t>(*number)});
  }
  const access::Names storages = name_list(request.storage);
  change.storages.assign(storages.begin(), storages.end());
  change.remove = request.delete_.value_or(false);
  change.allow_move = request.allow_move.value_or(false);
  check_members(call, change);
  co_await call.services.directory->update_pool(request.poolid, std::move(change));
  co_return Answer();
}

template <class Request>
sys::Async<Answer> delete_pool(Call& call, Request request) {
  co_await call.services.directory->delete_pool(
      request.poolid,
      [&call](GuestId guest) { return call.services.registry->find(guest).has_value(); },
      [&call](const std::string& storage) { return storage_exists(call, storage); });
  co_return Answer();
}

}  // namespace

void register_pools(Router& router) {
  router.on<pools::Index>(list_pools);
  router.on<pools::CreatePool>(create_pool);
  router.on<pools::UpdatePool>(change_pool<pools::UpdatePool>);
  router.on<pools::DeletePool>(delete_pool<pools::DeletePool>);
  router.on<pools::ReadPool>(read_pool);
  router.on<pools::UpdatePoolDeprecated>(change_pool<pools::UpdatePoolDeprecated>);
  router.on<pools::DeletePoolDeprecated>(delete_pool<pools::DeletePoolDeprecated>);
}

}  // namespace posada::api
