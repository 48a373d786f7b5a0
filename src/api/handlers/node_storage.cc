// /nodes/{node}/storage: storages as a node sees them, and what they hold.
#include "access/permissions.h"
#include "api/handlers/handlers.h"
#include "api/request/nodes_storage.h"
#include "base/text.h"
#include "storage/access_rules.h"
#include "storage/storage.h"
#include "store/mirror.h"
#include "task/tasks.h"

namespace posada::api {
namespace {

namespace feature = ::posada::storage;
using access::Privilege;

// The volume as the path or a parameter names it: with or without its storage.
feature::VolumeId volume_of(const std::string& storage, const std::string& volume) {
  const auto whole = feature::try_parse_volume_id(volume);
  if (whole && whole->storage != storage)
    throw Error::parameter("storage", "storage '" + storage + "' does not hold '" + volume + "'");
  if (whole) return *whole;
  return feature::parse_volume_id(storage + ":" + volume);
}

std::string contents_text(const feature::Definition& definition) {
  std::vector<std::string> words;
  for (const feature::Content content : definition.contents())
    words.emplace_back(feature::text(content));
  return join(words, ",");
}

json::object status_row(const feature::Storages& storages, const feature::Definition& definition,
                        const std::string& node) {
  const feature::StorageStatus status = storages.status(definition.name);
  json::object row{{"type", definition.type},
                   {"content", contents_text(definition)},
                   {"enabled", definition.enabled() && definition.on_node(node) ? 1 : 0},
                   {"active", status.active ? 1 : 0},
                   {"shared", definition.shared() ? 1 : 0},
                   {"total", status.total},
                   {"used", status.used},
                   {"avail", status.available}};
  // Ours: how old the figures are, and why a storage is not active.
  if (status.age.count() > 15'000) row["age"] = status.age.count() / 1000;
  if (!status.problem.empty()) row["problem"] = status.problem;
  return row;
}

json::object formats_of(const feature::Definition& definition) {
  return {{"default", feature::text(definition.default_format())},
          {"supported", json::array{"qcow2", "raw", "subvol", "vmdk"}}};
}

bool holds_any(const feature::Definition& definition, const std::string& wanted) {
  for (const std::string& word : split_list(wanted)) {
    const auto content = feature::content_from(word);
    if (content && definition.holds(*content)) return true;
  }
  return false;
}

sys::Async<Answer> list_storages(Call& call, nodes_storage::Index request) {
  json::array rows;
  const feature::Storages& storages = *call.services.storages;
  for (const feature::Definition& definition : storages.definitions()) {
    if (request.storage && *request.storage != definition.name) continue;
    if (!definition.on_node(call.services.node)) continue;
    if (request.enabled.value_or(false) && !definition.enabled()) continue;
    if (request.content && !holds_any(definition, *request.content)) continue;
    if (!call.services.permissions->may(
            call.identity, "/storage/" + definition.name,
            {Privilege::datastore_audit, Privilege::datastore_allocate_space}, true))
      continue;
    json::object row = status_row(storages, definition, call.services.node);
    row["storage"] = definition.name;
    const auto total = row["total"].to_number<double>();
    if (total > 0) row["used_fraction"] = row["used"].to_number<double>() / total;
    if (request.format.value_or(false)) row["formats"] = formats_of(definition);
    rows.push_back(std::move(row));
  }
  co_return rows;
}

sys::Async<Answer> get_status(Call& call, nodes_storage::ReadStatus request) {
  const feature::Storages& storages = *call.services.storages;
  co_return status_row(storages, storages.definition(request.storage), call.services.node);
}

json::object volume_row(const feature::ListedVolume& volume) {
  json::object row{{"volid", volume.id.text()},
                   {"content", feature::text(volume.content)},
                   {"format", volume.format},
                   {"size", volume.bytes},
                   {"ctime", volume.created}};
  if (volume.guest) row["vmid"] = volume.guest->number;
  if (volume.used) {
    row["used"] = *volume.used;
    row["parent"] = nullptr;
    if (!volume.parent.empty()) row["parent"] = volume.parent;
  }
  if (!volume.notes.empty()) row["notes"] = volume.notes;
  if (volume.is_protected) row["protected"] = 1;
  return row;
}

sys::Async<Answer> list_content(Call& call, nodes_storage::ContentIndex request) {
  feature::ListFilter filter;
  if (request.content) filter.content = feature::content_from(*request.content);
  if (request.vmid) filter.guest = GuestId{static_cast<std::uint32_t>(*request.vmid)};
  json::array rows;
  for (const feature::ListedVolume& volume :
       co_await call.services.storages->list(request.storage, filter)) {
    if (feature::may_access_volume(*call.services.permissions, call.identity, volume.id.text(),
                                   filter.guest))
      rows.push_back(volume_row(volume));
  }
  co_return rows;
}

// "1G", "512M" or a number of KiB.
std::uint64_t size_of(const std::string& text) {
  std::string digits = text;
  std::uint64_t unit = 1024;
  if (!digits.empty() && (digits.back() == 'M' || digits.back() == 'G')) {
    unit = digits.back() == 'M' ? std::uint64_t{1} << 20 : std::uint64_t{1} << 30;
    digits.pop_back();
  }
  const auto number = to_integer(digits);
  if (!is_digits(digits) || !number || *number > (std::int64_t{1} << 40))
    throw Error::parameter("size", "value does not match the regex pattern");
  return static_cast<std::uint64_t>(*number) * unit;
}

sys::Async<void> allocate_volume(const Services* services, feature::Allocation allocation,
                                 task::Context* task, std::string* name) {
  const feature::Volume volume =
      co_await services->storages->allocate(std::move(allocation), &task->journal());
  store::Transaction transaction;
  services->storages->adopt(volume, transaction);
  co_await services->mirror->commit(std::move(transaction));
  *name = volume.id.text();
}

sys::Async<Answer> allocate(Call& call, nodes_storage::Create request) {
  feature::Allocation allocation;
  allocation.storage = request.storage;
  allocation.owner = GuestId{static_cast<std::uint32_t>(request.vmid)};
  allocation.name = request.filename;
  allocation.bytes = size_of(request.size);
  // "vm-100-disk-1" without a format gets the one asked for, or the storage's; of an empty name
  // the storage chooses all of it.
  const std::string ending = request.filename.substr(request.filename.rfind('.') + 1);
  const auto by_name = feature::format_from(ending);
  if (request.format) allocation.format = feature::format_from(*request.format);
  if (by_name && allocation.format && *by_name != *allocation.format)
    throw Error::parameter("format", "different storage formats specified: '" + *request.format +
                                         "' and the name's '" + ending + "'");
  if (!by_name) {
    const feature::Definition definition = call.services.storages->usable(request.storage);
    allocation.format = allocation.format.value_or(definition.default_format());
    if (!allocation.name.empty())
      allocation.name += "." + std::string(feature::text(*allocation.format));
  }
  if (allocation.format == feature::VolumeFormat::subvol ||
      by_name == feature::VolumeFormat::subvol)
    allocation.content = feature::Content::rootdir;
  std::string name;
  const Services* services = &call.services;
  std::string* out = &name;
  co_await call.services.tasks->run(
      task_start<task::Start>(call, "imgcreate", allocation.owner.text() + "@" + request.storage),
      [services, allocation, out](task::Context& task) {
        return allocate_volume(services, allocation, &task, out);
      });
  co_return json::value(name);
}

sys::Async<Answer> get_volume(Call& call, nodes_storage::Info request) {
  const feature::VolumeId id = volume_of(request.storage, request.volume);
  feature::check_volume_access(*call.services.permissions, call.identity, id.text());
  const feature::VolumeInfo info = co_await call.services.storages->info(id);
  json::object row{
      {"path", info.path}, {"format", info.format}, {"size", info.bytes}, {"used", info.used}};
  if (!info.notes.empty()) row["notes"] = info.notes;
  if (info.is_protected) row["protected"] = 1;
  co_return row;
}

sys::Async<void> remove_volume(feature::Storages* storages, feature::VolumeId volume,
                               task::Context* task) {
  co_await storages->remove(volume);
  task->log("Removed volume '" + volume.text() + "'");
}

void check_removal(Call& call, const feature::VolumeId& id, const feature::VolumeName& name) {
  access::Permissions& permissions = *call.services.permissions;
  if (name.content == feature::Content::backup && name.owner) {
    permissions.check(call.identity, "/storage/" + id.storage,
                      {Privilege::datastore_allocate_space});
    permissions.check(call.identity, "/vms/" + name.owner->text(), {Privilege::vm_backup});
    return;
  }
  permissions.check(call.identity, "/storage/" + id.storage, {Privilege::datastore_allocate});
}

sys::Async<Answer> delete_volume(Call& call, nodes_storage::ContentDelete request) {
  const feature::VolumeId id = volume_of(request.storage, request.volume);
  const feature::VolumeName name = feature::parse_volume_name(id.name);
  check_removal(call, id, name);
  call.services.storages->usable(id.storage);
  feature::Storages* storages = call.services.storages;
  const std::string task_id = name.owner ? name.owner->text() + "@" + id.storage : id.storage;
  const task::Upid upid = call.services.tasks->start(
      task_start<task::Start>(call, "imgdel", task_id),
      [storages, id](task::Context& task) { return remove_volume(storages, id, &task); });
  if (request.delay) {
    // A client that waits gets null when the work was done within its time.
    const sys::BootTime end =
        call.services.clock->boot_time() + std::chrono::seconds(*request.delay);
    while (call.services.clock->boot_time() < end) {
      const task::Info info = call.services.tasks->info(upid.text());
      if (!info.running && info.exit_status == "OK") co_return nullptr;
      if (!info.running) break;
      co_await call.services.clock->sleep(sys::Milliseconds(100));
    }
  }
  co_return json::value(upid.text());
}

sys::Async<Answer> change_volume(Call& call, nodes_storage::Updateattributes request) {
  const feature::VolumeId id = volume_of(request.storage, request.volume);
  feature::check_volume_access(*call.services.permissions, call.identity, id.text());
  co_await call.services.storages->annotate(id, request.notes, request.protected_);
  co_return nullptr;
}

}  // namespace

void register_node_storage(Router& router) {
  router.on<nodes_storage::Index>(list_storages);
  router.on<nodes_storage::ReadStatus>(get_status);
  router.on<nodes_storage::ContentIndex>(list_content);
  router.on<nodes_storage::Create>(allocate);
  router.on<nodes_storage::Info>(get_volume);
  router.on<nodes_storage::ContentDelete>(delete_volume);
  router.on<nodes_storage::Updateattributes>(change_volume);
}

}  // namespace posada::api
