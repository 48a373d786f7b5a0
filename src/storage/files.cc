// Listings, notes, and files that come in through workers.
#include <algorithm>

#include "base/error.h"
#include "storage/directory_layout.h"
#include "storage/state.h"
#include "task/worker.h"

namespace posada::storage {
namespace {

constexpr sys::Milliseconds list_deadline{20'000};

// The name that the file will have; throws for one that is not of this content.
VolumeId incoming_id(const Incoming& incoming) {
  const std::string name = std::string(text(incoming.content)) + "/" + incoming.file;
  const auto parsed = try_parse_volume_name(name);
  if (!parsed || parsed->content != incoming.content || parsed->file != incoming.file)
    throw Error::parameter("filename", "wrong file extension or illegal characters");
  return {incoming.storage, name};
}

// What the worker must know to put the file in its place.
json::object incoming_request(const Incoming& incoming, const Driver& driver) {
  json::object request{{"root", driver.root()},
                       {"folder", driver.folder(incoming.content)},
                       {"file", incoming.file},
                       {"checksum-algorithm", incoming.checksum_algorithm},
                       {"checksum", incoming.checksum}};
  if (incoming.content == Content::import) {
    const VolumeName name = parse_volume_name("import/" + incoming.file);
    if (name.format == "qcow2" || name.format == "vmdk" || name.format == "raw")
      request["format"] = name.format;
  }
  return request;
}

// Throws the text that clients know when the storage does not take this content.
void require_incoming(const Storages::State& state, const Incoming& incoming) {
  const Definition definition = state.usable(incoming.storage, std::nullopt);
  if (definition.path().empty())
    throw Error::failed("storage.no-upload",
                        "can't upload to storage type '" + definition.type + "'");
  if (!definition.holds(incoming.content))
    throw Error::failed("storage.content", "storage '" + incoming.storage +
                                               "' is not configured for content-type '" +
                                               std::string(text(incoming.content)) + "'");
}

}  // namespace

sys::Async<std::vector<ListedVolume>> Storages::list(std::string storage, ListFilter filter) {
  State* state = state_.get();
  const std::shared_ptr<Backend> backend = state->backend(storage);
  std::set<Content> contents = backend->definition().contents();
  if (filter.content) {
    const bool disks = *filter.content == Content::images || *filter.content == Content::rootdir;
    // A disk's kind is its guest's, so disks are read whichever of the two was asked for.
    std::erase_if(contents, [&](Content content) {
      const bool disk = content == Content::images || content == Content::rootdir;
      return disks ? !disk : content != *filter.content;
    });
  }
  std::vector<ListedVolume> volumes = co_await backend->run(
      [contents, guest = filter.guest](Driver& driver) { return driver.list(contents, guest); },
      list_deadline);
  for (ListedVolume& volume : volumes) {
    if (volume.content != Content::images || !volume.guest || !state->settings.kind_of) continue;
    if (state->settings.kind_of(*volume.guest) == GuestKind::container)
      volume.content = Content::rootdir;
  }
  std::erase_if(volumes, [&](const ListedVolume& volume) {
    if (filter.content && volume.content != *filter.content) return true;
    if (filter.guest && volume.guest != *filter.guest) return true;
    if (volume.content != Content::images && volume.content != Content::rootdir) return false;
    const auto record = state->record(storage, own_name(parse_volume_name(volume.id.name)));
    return record && record->state == VolumeState::deleting;
  });
  std::sort(volumes.begin(), volumes.end(),
            [](const ListedVolume& a, const ListedVolume& b) { return a.id < b.id; });
  co_return volumes;
}

sys::Async<std::vector<ListedVolume>> Storages::volumes_of(GuestId guest) {
  std::vector<ListedVolume> all;
  std::vector<std::string> names;
  for (const auto& [name, backend] : state_->backends) names.push_back(name);
  for (const std::string& name : names) {
    const auto found = state_->backends.find(name);
    if (found == state_->backends.end()) continue;
    const Definition& definition = found->second->definition();
    if (!definition.holds(Content::images) && !definition.holds(Content::rootdir)) continue;
    if (!make_driver(definition)) continue;
    for (ListedVolume& volume : co_await list(name, {std::nullopt, guest})) {
      if (volume.content == Content::images || volume.content == Content::rootdir)
        all.push_back(std::move(volume));
    }
  }
  co_return all;
}

sys::Async<VolumeId> Storages::receive(task::Context& task, Incoming incoming, sys::Fd upload) {
  const VolumeId id = incoming_id(incoming);
  require_incoming(*state_, incoming);
  const std::shared_ptr<Backend> backend = state_->backend(incoming.storage);
  co_await backend->run([](Driver& driver) { driver.activate(); });
  task.log("target node: " + state_->settings.node);
  task.log("target file: " + backend->driver().path(parse_volume_name(id.name)));
  task::WorkerOrder order;
  order.work = "upload";
  order.parameters = incoming_request(incoming, backend->driver());
  order.descriptors.push_back(std::move(upload));
  co_await state_->workers.run(task, std::move(order));
  co_return id;
}

sys::Async<VolumeId> Storages::download(task::Context& task, Incoming incoming, Download download) {
  const VolumeId id = incoming_id(incoming);
  require_incoming(*state_, incoming);
  if (!download.compression.empty())
    throw Error::parameter("compression", "compressed downloads are not supported yet");
  const std::shared_ptr<Backend> backend = state_->backend(incoming.storage);
  co_await backend->run([](Driver& driver) { driver.activate(); });
  task::WorkerOrder order;
  order.work = "download";
  order.parameters = incoming_request(incoming, backend->driver());
  order.parameters["url"] = download.url;
  order.parameters["verify"] = download.verify_certificates ? 1 : 0;
  order.parameters["private"] = state_->settings.allow_private_addresses ? 1 : 0;
  co_await state_->workers.run(task, std::move(order));
  co_return id;
}

sys::Async<UrlMetadata> Storages::query_url(task::Context& task, std::string url,
                                            bool verify_certificates) {
  task::WorkerOrder order;
  order.work = "query-url";
  order.parameters = {{"url", url},
                      {"verify", verify_certificates ? 1 : 0},
                      {"private", state_->settings.allow_private_addresses ? 1 : 0}};
  const json::object result = co_await state_->workers.run(task, std::move(order));
  UrlMetadata facts;
  facts.file = text_member(result, "file").value_or("");
  facts.mime_type = text_member(result, "mime").value_or("");
  if (const auto bytes = integer_member(result, "bytes"))
    facts.bytes = static_cast<std::uint64_t>(*bytes);
  co_return facts;
}

sys::Async<void> Storages::annotate(VolumeId backup, std::optional<std::string> notes,
                                    std::optional<bool> is_protected) {
  const VolumeName name = parse_volume_name(backup.name);
  if (name.content != Content::backup)
    throw Error::failed(
        "storage.no-backup",
        "notes and protection are only supported for backups, not for '" + backup.text() + "'");
  const std::shared_ptr<Backend> backend = state_->backend(backup.storage);
  co_await backend->run(
      [name, notes, is_protected](Driver& driver) { driver.annotate(name, notes, is_protected); });
}

}  // namespace posada::storage
