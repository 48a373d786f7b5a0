// /storage: the definitions of storages.
#include "access/permissions.h"
#include "api/handlers/handlers.h"
#include "api/request/storage.h"
#include "base/text.h"
#include "storage/storage.h"

namespace posada::api {
namespace {

namespace feature = ::posada::storage;
using access::Privilege;

// Options that are numbers 0/1 on the wire.
bool is_flag(std::string_view key) {
  const SectionRules& rules = feature::storage_section_rules();
  return rules.is_flag(key);
}

json::object row_of(const feature::Definition& definition, const std::string& digest) {
  json::object row;
  for (const auto& [key, value] : definition.options) {
    if (is_flag(key)) {
      row[key] = definition.flag(key) ? 1 : 0;
    } else if (key == "max-protected-backups") {
      row[key] = to_integer(value).value_or(0);
    } else {
      row[key] = value;
    }
  }
  row["storage"] = definition.name;
  row["type"] = definition.type;
  row["digest"] = digest;
  return row;
}

bool may_see(const Call& call, const std::string& storage) {
  return call.services.permissions->may(
      call.identity, "/storage/" + storage,
      {Privilege::datastore_audit, Privilege::datastore_allocate_space}, true);
}

// The options of a request, without what names the storage or steers the call.
std::map<std::string, std::string> options_of(const json::object& parameters) {
  std::map<std::string, std::string> options;
  for (const auto& entry : parameters) {
    const std::string key(entry.key());
    if (key == "storage" || key == "type" || key == "delete" || key == "digest") continue;
    const json::value& value = entry.value();
    options[key] = value.is_bool() ? (value.as_bool() ? "1" : "0") : text_of(value);
  }
  return options;
}

sys::Async<Answer> list_storages(Call& call, storage::Index request) {
  const std::string digest = call.services.storages->digest();
  json::array rows;
  for (const feature::Definition& definition : call.services.storages->definitions()) {
    if (request.type && *request.type != definition.type) continue;
    if (may_see(call, definition.name)) rows.push_back(row_of(definition, digest));
  }
  co_return rows;
}

sys::Async<Answer> get_storage(Call& call, storage::Read request) {
  co_return row_of(call.services.storages->definition(request.storage),
                   call.services.storages->digest());
}

sys::Async<Answer> create_storage(Call& call, storage::Create request) {
  co_await call.services.storages->create(
      {request.storage, request.type, options_of(call.parameters)});
  co_return json::object{{"storage", request.storage}, {"type", request.type}};
}

sys::Async<Answer> change_storage(Call& call, storage::Update request) {
  feature::Storages& storages = *call.services.storages;
  const std::string type = storages.definition(request.storage).type;
  co_await storages.change(request.storage, options_of(call.parameters),
                           split_list(request.delete_.value_or("")), request.digest.value_or(""));
  co_return json::object{{"storage", request.storage}, {"type", type}};
}

sys::Async<Answer> delete_storage(Call& call, storage::Delete request) {
  co_await call.services.storages->erase(request.storage);
  co_return nullptr;
}

}  // namespace

void register_storage(Router& router) {
  router.on<storage::Index>(list_storages);
  router.on<storage::Read>(get_storage);
  router.on<storage::Create>(create_storage);
  router.on<storage::Update>(change_storage);
  router.on<storage::Delete>(delete_storage);
}

}  // namespace posada::api
