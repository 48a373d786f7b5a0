// Volumes that get another name: a guest that becomes a template, a disk that changes its guest.
#include <algorithm>

#include <fmt/format.h>

#include "base/error.h"
#include "base/failpoint.h"
#include "base/text.h"
#include "storage/directory_layout.h"
#include "storage/state.h"
#include "task/journal.h"

namespace posada::storage {

sys::Async<std::string> Storages::State::undo_rename(json::object details) {
  const VolumeId from = parse_volume_id(text_member(details, "from").value_or(""));
  const VolumeId to = parse_volume_id(text_member(details, "to").value_or(""));
  const VolumeName old_name = guest_volume_name(from);
  const VolumeName new_name = guest_volume_name(to);
  const auto known = record(to.storage, own_name(new_name));
  if (!known || known->uuid != text_member(details, "uuid").value_or("") ||
      known->state != VolumeState::reserved)
    co_return "volume " + from.text() + " needed nothing";
  const std::shared_ptr<Backend> target = backend(from.storage);
  co_await target->run([old_name, new_name](Driver& driver) {
    const std::vector<std::string> names = driver.names_of(*new_name.owner);
    if (std::find(names.begin(), names.end(), own_name(new_name)) != names.end())
      driver.rename(new_name, old_name);
  });
  store::Transaction transaction;
  transaction.erase(record_key(to.storage, own_name(new_name)));
  co_await mirror.try_commit(std::move(transaction));
  co_return "volume " + to.text() + " is " + from.text() + " again";
}

// Reserves the new name, renames the file; the caller adopts.
static sys::Async<Volume> rename_volume(Storages::State* state, VolumeId from, std::string to_name,
                                        task::Journal& journal) {
  const VolumeName old_name = guest_volume_name(from);
  const VolumeName new_name = parse_volume_name(to_name);
  const std::shared_ptr<Backend> backend = state->backend(from.storage);
  const VolumeInfo facts =
      co_await backend->run([old_name](Driver& driver) { return driver.info(old_name); });
  const auto old_record = state->record(from.storage, own_name(old_name));
  Allocation allocation;
  allocation.storage = from.storage;
  allocation.owner = *new_name.owner;
  allocation.bytes = facts.bytes;
  VolumeRecord record =
      state->new_record(allocation, format_from(new_name.format).value_or(VolumeFormat::raw));
  if (old_name.base_owner) record.base = old_name.base_owner->text() + "/" + old_name.base_file;
  if (old_record && !old_record->uuid.empty()) record.uuid = old_record->uuid;
  record.from = from.text();
  co_await journal.will(
      "storage.rename",
      {{"from", from.text()}, {"to", from.storage + ":" + to_name}, {"uuid", record.uuid}});
  const std::string key = record_key(from.storage, own_name(new_name));
  store::Transaction transaction;
  transaction.require_absent(key).put(key, record_text(record));
  if (!co_await state->mirror.try_commit(std::move(transaction)))
    throw Error::failed("storage.exists",
                        "volume '" + from.storage + ":" + to_name + "' already exists");
  const store::Entry* entry = state->mirror.find(key);
  const std::uint64_t revision = entry ? entry->modified : 0;
  failpoint("storage.rename.reserved");
  co_await backend->run(
      [old_name, new_name](Driver& driver) { driver.rename(old_name, new_name); });
  failpoint("storage.rename.done");
  co_return Volume{
      {from.storage, to_name}, record.format, facts.bytes, record.uuid, revision, from};
}

sys::Async<Volume> Storages::make_template(VolumeId volume, task::Journal& journal) {
  const VolumeName name = guest_volume_name(volume);
  if (name.is_base)
    throw Error::failed("storage.is-base", "'" + volume.text() + "' is already a base volume");
  // A folder has no base form in this grammar; its guest is a template all the same.
  if (name.format == "subvol")
    throw Error::failed("storage.no-template",
                        "'" + volume.text() + "' cannot become a template's volume");
  const std::string file = "base" + name.file.substr(name.file.find('-'));
  co_return co_await rename_volume(state_.get(), volume, name.owner->text() + "/" + file, journal);
}

sys::Async<Volume> Storages::change_owner(VolumeId volume, GuestId owner, task::Journal& journal) {
  const VolumeName name = guest_volume_name(volume);
  const std::shared_ptr<Backend> backend = state_->backend(volume.storage);
  const std::vector<std::string> files =
      co_await backend->run([owner](Driver& driver) { return driver.names_of(owner); });
  const std::string prefix = name.file.substr(0, name.file.find('-'));
  for (int number = 0;; ++number) {
    const std::string own =
        fmt::format("{0}/{1}-{0}-disk-{2}.{3}", owner.number, prefix, number, name.format);
    const bool used = std::find(files.begin(), files.end(), own) != files.end() ||
                      state_->record(volume.storage, own).has_value();
    if (used) continue;
    std::string full = own;
    if (name.base_owner) full = name.base_owner->text() + "/" + name.base_file + "/" + own;
    co_return co_await rename_volume(state_.get(), volume, full, journal);
  }
}

}  // namespace posada::storage
