// Guests' volumes: reserved by a record, made, opened, grown, removed.
#include <algorithm>

#include <fmt/format.h>

#include "base/error.h"
#include "base/failpoint.h"
#include "base/text.h"
#include "storage/directory_layout.h"
#include "storage/state.h"
#include "storage/volume_use.h"
#include "sys/file.h"
#include "sys/log.h"
#include "task/journal.h"

namespace posada::storage {
namespace {

constexpr int most_numbers = 10'000;
constexpr sys::Milliseconds long_work{3'600'000};  // reserving or writing every block of a disk
constexpr std::uint64_t largest_disk = std::uint64_t{1} << 50;

// "vm-100-disk-0.raw" → "vm-100-disk-0": a number is taken whatever the format.
std::string without_format(const std::string& file) {
  return file.substr(0, file.rfind('.'));
}

std::string prefix_of(VolumeFormat format) {
  return format == VolumeFormat::subvol ? "subvol" : "vm";
}

// The names that are taken for this guest, by records and by files, without their format.
std::set<std::string> taken_names(const Storages::State& state, const Allocation& allocation,
                                  const std::vector<std::string>& files) {
  std::set<std::string> taken;
  for (const std::string& own : files) taken.insert(without_format(own));
  const std::string prefix = record_key(allocation.storage, allocation.owner.text() + "/");
  const auto add = [&](const std::string& key) {
    if (key.starts_with(prefix))
      taken.insert(without_format(allocation.owner.text() + "/" + key.substr(prefix.size())));
  };
  state.mirror.each(prefix, [&](const store::Entry& entry) { add(entry.key); });
  for (const std::string& key : state.reserving) add(key);
  return taken;
}

// Keeps a key in `reserving` for as long as it lives.
class Reserving {
 public:
  Reserving(Storages::State& state, std::string key) : state_(state), key_(std::move(key)) {
    state_.reserving.insert(key_);
  }
  ~Reserving() { state_.reserving.erase(key_); }
  Reserving(const Reserving&) = delete;
  Reserving& operator=(const Reserving&) = delete;

 private:
  Storages::State& state_;
  std::string key_;
};

// The next own name to try, not in `taken`.
std::string choose_name(const Allocation& allocation, VolumeFormat format,
                        const std::set<std::string>& taken) {
  const std::string owner = allocation.owner.text();
  const std::string ending = "." + std::string(text(format));
  if (!allocation.name.empty()) {
    const std::string own = owner + "/" + allocation.name;
    if (taken.contains(without_format(own)))
      throw Error::failed("storage.exists",
                          "disk image '" + allocation.storage + ":" + own + "' already exists",
                          {{"volume", allocation.storage + ":" + own}});
    return own;
  }
  const std::string stem = owner + "/" + prefix_of(format) + "-" + owner + "-" + allocation.stem;
  if (allocation.stem != "disk") {
    if (taken.contains(stem))
      throw Error::failed("storage.exists", "disk image '" + allocation.storage + ":" + stem +
                                                ending + "' already exists");
    return stem + ending;
  }
  // vm-, base- and subvol- share the numbers, so that a template keeps those of its guest.
  for (int number = 0; number < most_numbers; ++number) {
    const std::string tail = fmt::format("-{}-disk-{}", owner, number);
    const bool used = taken.contains(owner + "/vm" + tail) ||
                      taken.contains(owner + "/base" + tail) ||
                      taken.contains(owner + "/subvol" + tail);
    if (!used) return fmt::format("{}-{}{}", stem, number, ending);
  }
  throw Error::failed("storage.names", "guest " + owner + " has too many volumes on storage '" +
                                           allocation.storage + "'");
}

VolumeFormat format_for(const Allocation& allocation, const Definition& definition) {
  if (allocation.format) return *allocation.format;
  if (!allocation.name.empty()) {
    const auto by_name = format_from(allocation.name.substr(allocation.name.rfind('.') + 1));
    if (by_name) return *by_name;
  }
  return definition.default_format();
}

// The name asked for must be this guest's and end in the format.
void check_name(const Allocation& allocation, VolumeFormat format) {
  if (allocation.name.empty()) return;
  const auto parsed = try_parse_volume_name(allocation.owner.text() + "/" + allocation.name);
  const std::string wanted = allocation.owner.text() + "-";
  const bool owned = parsed && (allocation.name.starts_with("vm-" + wanted) ||
                                allocation.name.starts_with("base-" + wanted) ||
                                allocation.name.starts_with("subvol-" + wanted));
  if (!owned || parsed->format != text(format))
    throw Error::failed("storage.volume-name",
                        fmt::format("illegal name '{}' - should be 'vm-{}-*.{}'", allocation.name,
                                    allocation.owner.number, text(format)),
                        {{"name", allocation.name}});
}

}  // namespace

VolumeName guest_volume_name(const VolumeId& volume) {
  VolumeName name = parse_volume_name(volume.name);
  if (name.content != Content::images || !name.owner)
    throw Error::failed("storage.no-guest-volume",
                        "'" + volume.text() + "' is no volume of a guest");
  return name;
}

std::optional<VolumeRecord> Storages::State::record(const std::string& storage,
                                                    const std::string& own) const {
  const store::Entry* entry = mirror.find(record_key(storage, own));
  return entry ? record_from(*entry) : std::nullopt;
}

VolumeRecord Storages::State::new_record(const Allocation& allocation, VolumeFormat format) const {
  VolumeRecord record;
  record.uuid = sys::random_uuid();
  record.guest = allocation.owner;
  record.format = format;
  record.bytes = allocation.bytes;
  record.node = settings.node;
  record.boot = settings.boot;
  record.task = allocation.task;
  return record;
}

namespace {

struct Made {
  VolumeId id;
  VolumeRecord record;
};

// Reserves a name. Writers that chose the same one at the same moment go on with the next.
sys::Async<Made> reserve(Storages::State& state, Allocation allocation, VolumeRecord record,
                         std::vector<std::string> files, std::string base, task::Journal* journal) {
  for (int attempt = 0; attempt < most_numbers; ++attempt) {
    const std::string own =
        choose_name(allocation, record.format, taken_names(state, allocation, files));
    const std::string full = base.empty() ? own : base + "/" + own;
    const std::string key = record_key(allocation.storage, own);
    const Reserving reserving(state, key);
    if (journal) {
      co_await journal->will("storage.volume",
                             {{"volume", allocation.storage + ":" + full}, {"uuid", record.uuid}});
    }
    failpoint("storage.allocate.journaled");
    store::Transaction transaction;
    transaction.require_absent(key).put(key, record_text(record));
    if (co_await state.mirror.try_commit(std::move(transaction))) {
      if (const store::Entry* entry = state.mirror.find(key)) record.modified = entry->modified;
      co_return Made{{allocation.storage, full}, record};
    }
  }
  throw Error::failed("storage.names", "no free volume name on '" + allocation.storage + "'");
}

sys::Async<void> forget(store::Mirror& mirror, std::string key, std::uint64_t revision) {
  store::Transaction transaction;
  if (revision != 0) transaction.require_modified(key, revision);
  transaction.erase(key);
  co_await mirror.try_commit(std::move(transaction));
}

}  // namespace

// Reserve, make; what fails leaves neither file nor record.
static sys::Async<Volume> make_volume(Storages::State* state, Allocation allocation,
                                      std::optional<VolumeName> base, VolumeFormat format,
                                      task::Journal* journal) {
  const std::shared_ptr<Backend> backend = state->backend(allocation.storage);
  const GuestId owner = allocation.owner;
  std::vector<std::string> files =
      co_await backend->run([owner](Driver& driver) { return driver.names_of(owner); });
  VolumeRecord record = state->new_record(allocation, format);
  std::string base_text;
  if (base) base_text = record.base = own_name(*base);
  const Made made =
      co_await reserve(*state, allocation, record, std::move(files), base_text, journal);
  failpoint("storage.allocate.reserved");
  const NewVolume wanted{parse_volume_name(made.id.name), format, allocation.bytes};
  std::exception_ptr failure;
  try {
    co_await backend->run(
        [wanted, base](Driver& driver) {
          driver.activate();
          if (base) {
            driver.create_linked(*base, wanted);
          } else {
            driver.create(wanted);
          }
        },
        long_work);
  } catch (const Error& error) {
    failure = std::make_exception_ptr(
        error.code() == "storage.offline"
            ? error
            : error.prefixed("unable to create volume '" + made.id.text() + "': "));
  }
  if (failure) {
    co_await forget(state->mirror, record_key(made.id.storage, own_name(wanted.name)),
                    made.record.modified);
    std::rethrow_exception(failure);
  }
  failpoint("storage.allocate.made");
  co_return Volume{made.id, format, allocation.bytes, made.record.uuid, made.record.modified, {}};
}

sys::Async<Volume> Storages::allocate(Allocation allocation, task::Journal* journal) {
  const Definition definition = state_->usable(allocation.storage, allocation.content);
  const VolumeFormat format = format_for(allocation, definition);
  check_name(allocation, format);
  if (!state_->backend(allocation.storage)->driver().supports(Feature::allocate, format))
    throw Error::failed("storage.format",
                        fmt::format("storage '{}' cannot create volumes of format '{}'",
                                    allocation.storage, text(format)),
                        {{"storage", allocation.storage}, {"format", std::string(text(format))}});
  if (allocation.bytes > largest_disk)
    throw Error::parameter("size", "a disk may have at most 1 PiB");
  co_return co_await make_volume(state_.get(), std::move(allocation), std::nullopt, format,
                                 journal);
}

void Storages::adopt(const Volume& volume, store::Transaction& transaction) const {
  const VolumeName name = guest_volume_name(volume.id);
  VolumeRecord record;
  record.state = VolumeState::ready;
  record.uuid = volume.uuid;
  record.guest = *name.owner;
  record.format = volume.format;
  record.bytes = volume.bytes;
  if (name.base_owner) record.base = name.base_owner->text() + "/" + name.base_file;
  const std::string key = record_key(volume.id.storage, own_name(name));
  transaction.require_modified(key, volume.record).put(key, record_text(record));
  if (volume.replaces) {
    const VolumeName old = guest_volume_name(*volume.replaces);
    transaction.erase(record_key(volume.replaces->storage, own_name(old)));
  }
}

sys::Async<void> Storages::State::discard(VolumeId volume) {
  const VolumeName name = parse_volume_name(volume.name);
  const std::shared_ptr<Backend> target = backend(volume.storage);
  co_await target->run([name](Driver& driver) { driver.remove(name); });
  failpoint("storage.remove.gone");
  co_await forget(mirror, record_key(volume.storage, own_name(name)), 0);
}

sys::Async<std::string> Storages::State::undo_volume(json::object details) {
  const std::string text = text_member(details, "volume").value_or("");
  const VolumeId volume = parse_volume_id(text);
  const auto known = record(volume.storage, own_name(guest_volume_name(volume)));
  // Another volume of the same name, or one that a config names by now, is not ours to remove.
  if (!known || known->uuid != text_member(details, "uuid").value_or("") ||
      known->state != VolumeState::reserved)
    co_return "volume " + text + " needed nothing";
  co_await discard(volume);
  co_return "removed volume " + text;
}

sys::Async<void> Storages::remove(VolumeId volume) {
  const VolumeName name = parse_volume_name(volume.name);
  const std::shared_ptr<Backend> backend = state_->backend(volume.storage);
  if (name.content != Content::images) {
    const bool removed =
        co_await backend->run([name](Driver& driver) { return driver.remove(name); });
    if (!removed)
      throw Error::failed(
          "storage.no-volume",
          "unlink '" + backend->driver().path(name) + "' failed - No such file or directory",
          {{"volume", volume.text()}});
    co_return;
  }
  require_no_clones(state_->mirror, volume);
  const std::string key = record_key(volume.storage, own_name(name));
  VolumeRecord record = state_->record(volume.storage, own_name(name)).value_or(VolumeRecord{});
  record.state = VolumeState::deleting;
  record.guest = *name.owner;
  record.node = state_->settings.node;
  record.boot = state_->settings.boot;
  store::Transaction transaction;
  transaction.put(key, record_text(record));
  co_await state_->mirror.commit(std::move(transaction));
  failpoint("storage.remove.marked");
  co_await state_->discard(volume);
}

sys::Async<OpenVolume> Storages::open(VolumeId volume, Access access) {
  const VolumeName name = parse_volume_name(volume.name);
  const std::shared_ptr<Backend> backend = state_->backend(volume.storage);
  OpenVolume opened =
      co_await backend->run([name, access](Driver& driver) { return driver.open(name, access); });
  co_return opened;
}

sys::Async<void> Storages::resize(VolumeId volume, std::uint64_t bytes, bool running) {
  const VolumeName name = guest_volume_name(volume);
  const std::shared_ptr<Backend> backend = state_->backend(volume.storage);
  if (bytes > largest_disk) throw Error::parameter("size", "a disk may have at most 1 PiB");
  if (!running) {
    const VolumeInfo now =
        co_await backend->run([name](Driver& driver) { return driver.info(name); });
    if (bytes < now.bytes)
      throw Error::failed("storage.shrink", "shrinking disks is not supported");
    if (bytes > now.bytes)
      co_await backend->run([name, bytes](Driver& driver) { driver.grow(name, bytes); });
  }
  const std::string own = own_name(name);
  auto record = state_->record(volume.storage, own);
  if (!record) co_return;
  const std::uint64_t revision = record->modified;
  record->bytes = bytes;
  store::Transaction transaction;
  transaction.require_modified(record_key(volume.storage, own), revision)
      .put(record_key(volume.storage, own), record_text(*record));
  co_await state_->mirror.try_commit(std::move(transaction));
}

sys::Async<VolumeInfo> Storages::info(VolumeId volume) {
  const VolumeName name = parse_volume_name(volume.name);
  const std::shared_ptr<Backend> backend = state_->backend(volume.storage);
  VolumeInfo info = co_await backend->run([name](Driver& driver) { return driver.info(name); });
  co_return info;
}

std::string Storages::path(const VolumeId& volume) const {
  return state_->backend(volume.storage)->driver().path(parse_volume_name(volume.name));
}

bool Storages::can_link(const VolumeId& base) const {
  const VolumeName name = guest_volume_name(base);
  const auto format = format_from(name.format);
  return name.is_base && format &&
         state_->backend(base.storage)->driver().supports(Feature::linked_clone, *format);
}

sys::Async<Volume> Storages::linked_clone(VolumeId base, Allocation target,
                                          task::Journal* journal) {
  const VolumeName name = guest_volume_name(base);
  state_->usable(base.storage, target.content);
  if (!can_link(base))
    throw Error::failed("storage.no-link", "linked clone of '" + base.text() +
                                               "' is not possible: "
                                               "it is no template's volume in a format that can be "
                                               "linked");
  const std::shared_ptr<Backend> backend = state_->backend(base.storage);
  const VolumeInfo facts =
      co_await backend->run([name](Driver& driver) { return driver.info(name); });
  target.storage = base.storage;
  target.bytes = facts.bytes;
  VolumeName own = name;
  own.base_owner.reset();
  co_return co_await make_volume(state_.get(), std::move(target), own, VolumeFormat::qcow2,
                                 journal);
}

// In the background: a storage that is away must not hold up the node's start.
static sys::Async<void> remove_leftovers(std::shared_ptr<Backend> backend) {
  if (!make_driver(backend->definition())) co_return;
  try {
    co_await backend->run([](Driver& driver) {
      driver.activate();
      driver.remove_leftovers();
    });
  } catch (const Error& error) {
    sys::log_warning("storage {}: {}", backend->definition().name, error.wire());
  }
}

sys::Async<std::vector<VolumeId>> Storages::sweep(
    std::function<bool(const std::string& upid)> is_running) {
  State* state = state_.get();
  struct Left {
    VolumeId volume;
    VolumeRecord record;
  };
  std::vector<Left> left;
  state->mirror.each(record_prefix, [&](const store::Entry& entry) {
    const auto record = record_from(entry);
    if (!record || record->state == VolumeState::ready) return;
    if (record->node != state->settings.node) return;
    if (!record->task.empty() && is_running(record->task)) return;
    const std::string rest = entry.key.substr(record_prefix.size());
    const std::size_t slash = rest.find('/');
    const VolumeId volume{rest.substr(0, slash), rest.substr(slash + 1)};
    if (try_parse_volume_name(volume.name)) left.push_back({volume, *record});
  });
  std::vector<VolumeId> removed;
  for (const Left& each : left) {
    try {
      if (!each.record.from.empty()) {
        // The file may be a guest's only disk under its next name: it is renamed, never removed.
        co_await state->undo_rename(
            {{"from", each.record.from}, {"to", each.volume.text()}, {"uuid", each.record.uuid}});
        continue;
      }
      co_await state->discard(each.volume);
      removed.push_back(each.volume);
    } catch (const Error& error) {
      // Tried again at the next start; a storage that is away must not stop the node.
      sys::log_warning("left over volume {} cannot be cleared: {}", each.volume.text(),
                       error.wire());
    }
  }
  for (const auto& [name, backend] : state->backends)
    state->scope.spawn("leftovers of " + name, remove_leftovers(backend));
  co_return removed;
}

}  // namespace posada::storage
