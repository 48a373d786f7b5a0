// Cloud-init drives of machines (machine_state.h): what is on them is made of the config, so they
// are written when it has changed, and never kept, copied or put into a snapshot.
#include "vm/cloudinit_drive.h"

#include <algorithm>

#include "access/permissions.h"
#include "base/error.h"
#include "base/failpoint.h"
#include "base/property_formats.h"
#include "image/image.h"
#include "storage/volume_id.h"
#include "sys/file.h"
#include "sys/folder.h"
#include "sys/password.h"
#include "vm/cloudinit.h"
#include "vm/config_edit.h"
#include "vm/machine_state.h"

namespace posada::vm {

namespace {

constexpr std::uint64_t most_snippet_bytes = 1024 * 1024;

// The volumes that `cicustom` names, by what they stand for.
std::map<std::string, storage::VolumeId> snippet_volumes(std::string_view value) {
  static const guest::PropertyFormat format(formats::pve_qm_cicustom);
  std::map<std::string, storage::VolumeId> volumes;
  for (const auto& [part, text] : format.parse(value)) {
    const auto volume = storage::parse_volume_id(text);
    if (storage::parse_volume_name(volume.name).content != storage::Content::snippets) {
      throw Error::failed("vm.no-snippet", text + " is not in the snippets directory")
          .with_hint("Give a volume such as local:snippets/NAME.");
    }
    volumes.emplace(part, volume);
  }
  return volumes;
}

sys::Async<Snippets> read_snippets(std::shared_ptr<Machines::State> self, std::string value) {
  Snippets snippets;
  for (const auto& [part, volume] : snippet_volumes(value)) {
    auto open = co_await self->parts.storages.open(volume, storage::Access::read_only);
    const std::uint64_t bytes = sys::status_of(open.read_only).bytes;
    if (bytes > most_snippet_bytes) {
      throw Error::failed("vm.large-snippet",
                          "snippet '" + volume.text() + "' is larger than 1 MiB");
    }
    const auto file = std::make_shared<sys::Fd>(std::move(open.read_only));
    snippets[part] =
        co_await self->files.run([file] { return sys::read_at(*file, most_snippet_bytes, 0); });
  }
  co_return snippets;
}

host::Resolver host_resolver() {
  return host::parse_resolver(sys::read_file_if_exists("/etc/resolv.conf").value_or(""));
}

std::vector<Drive> discs_of(const guest::ConfigSection& config) {
  std::vector<Drive> result;
  for (Drive& disk : drives(config)) {
    if (disk.is_cloudinit() && disk.names_volume()) result.push_back(std::move(disk));
  }
  return result;
}

sys::Async<void> write_disc(std::shared_ptr<Machines::State> self, Drive disk, std::string image) {
  auto open = co_await self->parts.storages.open(storage::parse_volume_id(disk.file()),
                                                 storage::Access::read_write);
  const auto kind = open.format == storage::VolumeFormat::qcow2  ? image::Kind::qcow2
                    : open.format == storage::VolumeFormat::vmdk ? image::Kind::vmdk
                                                                 : image::Kind::raw;
  const std::uint64_t bytes = std::max<std::uint64_t>(open.bytes, image.size());
  const auto file = std::make_shared<sys::Fd>(std::move(open.read_write));
  co_await self->files.run([file, kind, bytes, image = std::move(image)] {
    image::write_image(*file, kind, image, bytes);
  });
}

// QEMU must not read what is just being written: the disc is out of the drive meanwhile.
sys::Async<void> exchange_disc(std::shared_ptr<Machines::State> self, task::Context& context,
                               std::shared_ptr<Running> run, Drive disk, std::string image) {
  co_await Machines::State::plug(self, context, run, disk.key, "none,media=cdrom");
  std::exception_ptr failure;
  try {
    co_await write_disc(self, disk, std::move(image));
  } catch (const Error&) {
    failure = std::current_exception();
  }
  co_await Machines::State::plug(self, context, run, disk.key, print_drive(disk));
  if (failure) std::rethrow_exception(failure);
}

bool is_in(const std::shared_ptr<Running>& run, const Drive& disk) {
  if (!run || !run->qmp || run->qmp->closed()) return false;
  const auto there = drive(run->record.config, disk.key);
  return there && there->file() == disk.file();
}

sys::Async<void> update_claimed(std::shared_ptr<Machines::State> self, task::Context& context,
                                guest::Record record) {
  const auto claim = co_await self->parts.claims.acquire_within(
      record.id, {{guest::Aspect::config, "", false}}, self->holder("cloudinit"));
  co_await Machines::State::write_cloudinit(self, context, record, true);
}

}  // namespace

sys::Async<void> Machines::State::write_cloudinit(std::shared_ptr<State> self,
                                                  task::Context& context, guest::Record record,
                                                  bool always) {
  const guest::GuestConfig config = self->config(record).config;
  const auto discs = discs_of(config.main);
  const auto values = cloudinit_values(config.main);
  const auto written = config.special.find("cloudinit");
  // A snippet may have changed although the config has not.
  const bool same = written != config.special.end() && written->second.values == values &&
                    !config.main.has("cicustom");
  if (discs.empty() || (same && !always)) co_return;
  const Snippets snippets = co_await read_snippets(self, std::string(config.main.get("cicustom")));
  const std::string image = cloudinit_disc(record.id, config.main, host_resolver(), snippets);
  for (const Drive& disk : discs) {
    context.log("writing the cloud-init disc " + std::string(disk.file()));
    const auto run = self->find(record.id);
    if (is_in(run, disk)) {
      co_await exchange_disc(self, context, run, disk, image);
    } else {
      co_await write_disc(self, disk, image);
    }
    failpoint("vm.cloudinit.written");
  }
  co_await self->parts.registry.edit(record, "", [&](const std::string& text) {
    return self->changed_text(text, record.id, [&](guest::GuestConfig& now) {
      now.special["cloudinit"].values = values;
    });
  });
}

sys::Async<void> check_snippets(std::shared_ptr<Machines::State> self, Caller caller,
                                std::string value) {
  if (value.empty()) co_return;
  for (const auto& [part, volume] : snippet_volumes(value)) {
    // The guest gets to read them.
    self->parts.permissions.check(
        caller.user, "/storage/" + volume.storage,
        {access::Privilege::datastore_audit, access::Privilege::datastore_allocate_space}, true);
  }
  try {
    co_await read_snippets(self, value);
  } catch (const Error& error) {
    throw Error::parameter("cicustom", error.wire());
  }
}

sys::Async<void> Machines::State::hash_password(std::shared_ptr<State> self,
                                                guest::Values& values) {
  const auto found = values.find("cipassword");
  // A client may send the hash that it keeps itself: $1$, $5$, $6$, $2a$, $y$ …
  if (found == values.end() || found->second.empty() ||
      (found->second.starts_with('$') && found->second.find('$', 1) < 5)) {
    co_return;
  }
  const std::string password = found->second;
  std::string hash = co_await self->files.run([password] { return sys::shadow_hash(password); });
  values["cipassword"] = std::move(hash);
}

json::array Machines::cloudinit(GuestId id) const {
  return cloudinit_pending(state_->config(state_->require(id)).config);
}

std::string Machines::cloudinit_dump(GuestId id, const std::string& type) const {
  const guest::ConfigSection config = state_->config(state_->require(id)).config.next();
  const CloudInitPart part = type == "user"      ? CloudInitPart::user
                             : type == "network" ? CloudInitPart::network
                                                 : CloudInitPart::meta;
  return cloudinit_text(id, config, part, host_resolver());
}

sys::Async<void> Machines::update_cloudinit(Caller caller, GuestId id) {
  const auto self = state_;
  self->check(caller, id, access::Privilege::vm_config_cloudinit);
  const auto record = self->require(id);
  if (discs_of(self->config(record).config.main).empty()) {
    throw Error::failed("vm.no-cloudinit", "VM " + id.text() + " has no cloud-init drive")
        .with_hint("Add one with 'qm set " + id.text() + " --ide2 STORAGE:cloudinit'.");
  }
  co_await self->parts.tasks.run({"qmcloudinit", id.text(), caller.user, caller.request},
                                 [self, record](task::Context& context) -> sys::Async<void> {
                                   return update_claimed(self, context, record);
                                 });
}

}  // namespace posada::vm
