// The retention of backups on a storage: what its rules would remove, and removing it.
#include "access/permissions.h"
#include "api/handlers/handlers.h"
#include "api/request/nodes_storage.h"
#include "base/text.h"
#include "storage/retention.h"
#include "storage/storage.h"
#include "task/tasks.h"

namespace posada::api {
namespace {

namespace feature = ::posada::storage;
using access::Privilege;

struct Selection {
  std::string storage;
  std::optional<GuestId> guest;
  std::string kind;  // qemu, lxc; empty: both
  feature::Retention retention;
};

template <class Request>
Selection selection_of(const Call& call, const Request& request) {
  const feature::Definition definition =
      call.services.storages->usable(request.storage, feature::Content::backup);
  Selection selection;
  selection.storage = request.storage;
  if (request.vmid) selection.guest = GuestId{static_cast<std::uint32_t>(*request.vmid)};
  selection.kind = request.type.value_or("");
  const std::string rules =
      request.prune_backups.value_or(definition.option("prune-backups").value_or(""));
  selection.retention = feature::parse_retention(rules, "prune-backups");
  return selection;
}

struct MarkedBackup {
  feature::ListedVolume volume;
  std::string kind;  // qemu, lxc, openvz; empty: its name does not say
  feature::Mark mark = feature::Mark::keep;
};

std::string file_of(const feature::VolumeId& id) {
  return id.name.substr(id.name.find('/') + 1);
}

sys::Async<std::vector<MarkedBackup>> marked_backups(feature::Storages& storages,
                                                     Selection selection) {
  feature::ListFilter filter{feature::Content::backup, selection.guest};
  std::vector<MarkedBackup> backups;
  std::vector<feature::BackupFile> files;
  for (feature::ListedVolume& volume : co_await storages.list(selection.storage, filter)) {
    const std::string file = file_of(volume.id);
    std::string kind;
    for (const char* known : {"qemu", "lxc", "openvz"}) {
      if (file.starts_with(std::string("vzdump-") + known + "-")) kind = known;
    }
    const std::string& asked = kind == "openvz" ? "lxc" : kind;
    if (!selection.kind.empty() && asked != selection.kind) continue;
    files.push_back({file, volume.is_protected});
    backups.push_back({std::move(volume), std::move(kind)});
  }
  const std::vector<feature::Mark> marks = feature::mark_backups(files, selection.retention);
  for (std::size_t i = 0; i < backups.size(); ++i) backups[i].mark = marks[i];
  co_return backups;
}

sys::Async<Answer> show(Call& call, nodes_storage::Dryrun request) {
  json::array rows;
  for (const MarkedBackup& backup :
       co_await marked_backups(*call.services.storages, selection_of(call, request))) {
    json::object row{{"volid", backup.volume.id.text()},
                     {"ctime", backup.volume.created},
                     {"type", backup.kind.empty() ? "unknown" : backup.kind},
                     {"mark", text(backup.mark)}};
    if (backup.volume.guest) row["vmid"] = backup.volume.guest->number;
    rows.push_back(std::move(row));
  }
  co_return rows;
}

void check_pruning(const Call& call, const Selection& selection) {
  access::Permissions& permissions = *call.services.permissions;
  const std::string path = "/storage/" + selection.storage;
  if (permissions.may(call.identity, path, {Privilege::datastore_allocate})) return;
  if (!selection.guest) permissions.check(call.identity, path, {Privilege::datastore_allocate});
  permissions.check(call.identity, path, {Privilege::datastore_allocate_space});
  permissions.check(call.identity, "/vms/" + selection.guest->text(), {Privilege::vm_backup});
}

// One that cannot be removed does not save the others.
sys::Async<void> prune(feature::Storages* storages, Selection selection, task::Context* task) {
  if (selection.retention.keeps_everything()) {
    task->log("keep all backups");
    co_return;
  }
  std::size_t failures = 0;
  for (const MarkedBackup& backup : co_await marked_backups(*storages, selection)) {
    task->cancel().check();
    const std::string name = backup.volume.id.text();
    task->log(std::string(text(backup.mark)) + " " + name);
    if (backup.mark != feature::Mark::remove) continue;
    try {
      co_await storages->remove(backup.volume.id);
    } catch (const Error& error) {
      ++failures;
      task->log("ERROR: " + name + ": " + error.wire());
    }
  }
  if (failures > 0) {
    throw Error::failed("storage.prune", "error pruning backups - see log",
                        {{"failures", std::to_string(failures)}});
  }
}

sys::Async<Answer> remove(Call& call, nodes_storage::PrunebackupsDelete request) {
  const Selection selection = selection_of(call, request);
  check_pruning(call, selection);
  feature::Storages* storages = call.services.storages;
  std::string id = selection.storage;
  if (selection.guest) id = selection.guest->text() + "@" + id;
  const task::Upid upid = call.services.tasks->start(
      task_start<task::Start>(call, "prunebackups", id), [storages, selection](task::Context& task) {
        return prune(storages, selection, &task);
      });
  co_return json::value(upid.text());
}

// What tells one storage from another wherever it is seen from: where it lies for one that several
// nodes share, node and folder for one that they do not.
sys::Async<Answer> identify(Call& call, nodes_storage::Identity request) {
  const feature::Definition definition = call.services.storages->usable(request.storage);
  std::string id;
  for (const char* key : {"server", "portal", "monhost"}) {
    if (const auto host = definition.option(key)) id += *host + ":";
  }
  if (id.empty() && !definition.shared()) id = call.services.node + ":";
  for (const char* key : {"export", "share", "datastore", "target", "pool", "vgname", "thinpool"}) {
    if (const auto place = definition.option(key)) id += (id.empty() || id.ends_with(':') ? "" : "/") + *place;
  }
  if (id.empty() || id.ends_with(':')) id += definition.path();
  co_return json::object{{"id", id}, {"type", definition.type}};
}

}  // namespace

void register_storage_prune(Router& router) {
  router.on<nodes_storage::Dryrun>(show);
  router.on<nodes_storage::PrunebackupsDelete>(remove);
  router.on<nodes_storage::Identity>(identify);
}

}  // namespace posada::api
