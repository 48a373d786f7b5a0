// Full copies of disks, by a worker with descriptors only.
#include <algorithm>

#include <fmt/format.h>

#include "base/error.h"
#include "image/foreign.h"
#include "storage/directory_layout.h"
#include "storage/state.h"
#include "task/tasks.h"
#include "task/worker.h"

namespace posada::storage {
namespace {

VolumeFormat format_of(image::Kind kind) {
  if (kind == image::Kind::qcow2) return VolumeFormat::qcow2;
  if (kind == image::Kind::vmdk) return VolumeFormat::vmdk;
  return VolumeFormat::raw;
}

// By its ending; one that says nothing (".img") leaves it to the bytes.
VolumeFormat format_of_file(const std::string& path, const sys::Fd& file) {
  const std::string ending = path.substr(path.rfind('.') + 1);
  if (ending == "qcow2") return VolumeFormat::qcow2;
  if (ending == "vmdk") return VolumeFormat::vmdk;
  if (ending == "raw") return VolumeFormat::raw;
  return format_of(image::guess(file));
}

image::Kind kind_of(VolumeFormat format) {
  if (format == VolumeFormat::qcow2) return image::Kind::qcow2;
  if (format == VolumeFormat::vmdk) return image::Kind::vmdk;
  return image::Kind::raw;
}

OpenVolume open_host_file(const std::string& path) {
  OpenVolume volume;
  const std::size_t slash = path.rfind('/');
  const sys::Folder folder(path.substr(0, std::max<std::size_t>(slash, 1)));
  volume.read_only = folder.open(path.substr(slash + 1), false);
  const sys::FileStatus status = sys::status_of(volume.read_only);
  volume.block_device = status.kind == sys::FileKind::block_device;
  if (!volume.block_device && status.kind != sys::FileKind::regular)
    throw Error::failed("storage.no-file", "'" + path + "' is not a file");
  if (!volume.block_device) {
    volume.format = format_of_file(path, volume.read_only);
    image::require_kind(volume.read_only, kind_of(volume.format), path.substr(slash + 1));
  }
  const image::Facts facts = image::inspect(volume.read_only, kind_of(volume.format));
  image::require_self_contained(facts);
  volume.bytes = facts.bytes;
  return volume;
}

}  // namespace

// Allocates the target and lets a worker fill it; the new volume is still reserved.
static sys::Async<Volume> fill(Storages& storages, task::Workers& workers, task::Context& task,
                               OpenVolume source, Allocation target) {
  target.bytes = std::max(target.bytes, source.bytes);
  target.task = task.upid().text();
  if (target.format == VolumeFormat::subvol)
    throw Error::failed("storage.format", "a disk image cannot be copied into a folder");
  const Volume volume = co_await storages.allocate(std::move(target), &task.journal());
  OpenVolume opened = co_await storages.open(volume.id, Access::read_write);
  task::WorkerOrder order;
  order.work = "copy";
  json::array formats;
  formats.emplace_back(text(source.format));
  order.descriptors.push_back(std::move(opened.read_write));
  order.descriptors.push_back(std::move(source.read_only));
  for (OpenVolume::Layer& layer : source.backing) {
    formats.emplace_back(text(layer.format));
    order.descriptors.push_back(std::move(layer.read_only));
  }
  order.parameters = {{"source-formats", formats}, {"target-format", text(volume.format)}};
  task.log("create full copy into '" + volume.id.text() + "'");
  co_await workers.run(task, std::move(order));
  co_return volume;
}

sys::Async<Volume> Storages::copy(task::Context& task, VolumeId source, Allocation target) {
  OpenVolume opened = co_await open(source, Access::read_only);
  // What a guest has written on its own disk is never looked at; a file from outside is.
  const VolumeName name = parse_volume_name(source.name);
  if (name.content == Content::import)
    image::require_kind(opened.read_only, kind_of(opened.format), name.file);
  co_return co_await fill(*this, state_->workers, task, std::move(opened), std::move(target));
}

sys::Async<Volume> Storages::import_file(task::Context& task, std::string path, Allocation target) {
  if (!path.starts_with('/') || !is_safe_name(path.substr(1)))
    throw Error::failed("storage.path", "'" + path + "' is no absolute path of a file");
  const std::shared_ptr<Backend> backend = state_->backend(target.storage);
  OpenVolume opened = co_await backend->run([path](Driver&) { return open_host_file(path); });
  co_return co_await fill(*this, state_->workers, task, std::move(opened), std::move(target));
}

}  // namespace posada::storage
