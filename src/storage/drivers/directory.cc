#include "storage/drivers/directory.h"

#include <fmt/format.h>

#include "base/error.h"
#include "base/failpoint.h"
#include "base/text.h"
#include "storage/directory_layout.h"
#include "sys/file.h"

namespace posada::storage {
namespace {

constexpr std::size_t deepest_chain = 16;

image::Kind kind_of(VolumeFormat format) {
  switch (format) {
    case VolumeFormat::qcow2:
      return image::Kind::qcow2;
    case VolumeFormat::vmdk:
      return image::Kind::vmdk;
    case VolumeFormat::raw:
    case VolumeFormat::subvol:
      break;
  }
  return image::Kind::raw;
}

// How the bytes of a volume are to be read: by its name, never by what stands in it.
VolumeFormat format_of(const VolumeName& name) {
  if (name.format == "qcow2") return VolumeFormat::qcow2;
  if (name.format == "vmdk") return VolumeFormat::vmdk;
  if (name.format == "subvol") return VolumeFormat::subvol;
  return VolumeFormat::raw;
}

Error missing(const VolumeName& name, const Definition& definition) {
  const std::string shown = name.content == Content::images
                                ? own_name(name)
                                : std::string(text(name.content)) + "/" + name.file;
  return Error::failed("storage.no-volume",
                       "volume '" + definition.name + ":" + shown + "' does not exist",
                       {{"volume", definition.name + ":" + shown}});
}

// "../9/base-9-disk-0.qcow2": how a clone's header names its base.
std::string backing_text(const VolumeName& base) {
  return "../" + own_name(base);
}

std::optional<VolumeName> backing_name(const std::string& text) {
  if (!text.starts_with("../")) return std::nullopt;
  const auto name = try_parse_volume_name(text.substr(3));
  if (!name || name->content != Content::images || name->base_owner) return std::nullopt;
  return name;
}

// A point of a mount table's line: "36 35 98:0 / /mnt/x rw …" has the mount point as field 5.
bool is_mount_point(const std::string& path) {
  for (const std::string& line : split(sys::read_file("/proc/self/mountinfo"), '\n')) {
    const std::vector<std::string> fields = split(line, ' ');
    if (fields.size() > 4 && fields[4] == path) return true;
  }
  return false;
}

}  // namespace

DirectoryDriver::DirectoryDriver(Definition definition) : definition_(std::move(definition)) {}

bool DirectoryDriver::supports(Feature feature, VolumeFormat format) const {
  switch (feature) {
    case Feature::allocate:
      return format != VolumeFormat::vmdk;
    case Feature::grow:
      return format == VolumeFormat::raw || format == VolumeFormat::qcow2;
    case Feature::linked_clone:
      return format == VolumeFormat::qcow2;
    case Feature::make_template:
    case Feature::rename:
    case Feature::files:
      return true;
    case Feature::snapshot:
      return format == VolumeFormat::qcow2;
    case Feature::online_snapshot:
      return false;
  }
  return false;
}

void DirectoryDriver::activate() {
  const std::string& path = definition_.options.at("path");
  const std::string mount = definition_.option("is_mountpoint").value_or("");
  if (!mount.empty() && mount != "0" && mount != "no" && mount != "off" && mount != "false") {
    const std::string point = mount.starts_with('/') ? mount : path;
    if (!is_mount_point(point))
      throw Error::failed("storage.not-mounted", "unable to activate storage '" + definition_.name +
                                                     "' - directory is expected "
                                                     "to be a mount point but is not mounted: '" +
                                                     point + "'");
  }
  const auto allowed = [&](const char* key) {
    const auto mkdir = definition_.option("mkdir");
    return definition_.option(key).value_or(mkdir.value_or("1")) != "0";
  };
  if (allowed("create-base-path")) sys::make_directories(path, 0755);
  if (!sys::exists(path))
    throw Error::failed("storage.no-directory", "unable to activate storage '" + definition_.name +
                                                    "' - directory '" + path +
                                                    "' does not exist or is unreachable");
  if (!allowed("create-subdirs")) return;
  const sys::Folder folder(path);
  for (const Content content : definition_.contents()) {
    if (content != Content::none && content != Content::rootdir)
      folder.make_folders(definition_.folder(content), 0755);
  }
  if (definition_.holds(Content::rootdir))
    folder.make_folders(definition_.folder(Content::images), 0755);
}

sys::Space DirectoryDriver::space() {
  return sys::space_of(sys::open_directory(root()));
}

void DirectoryDriver::make(const NewVolume& volume, const std::optional<image::Backing>& backing) {
  const sys::Folder folder(root());
  const std::string target = relative_path(definition_, volume.name);
  const std::string parent = target.substr(0, target.rfind('/'));
  folder.make_folders(parent, 0755);
  if (volume.format == VolumeFormat::subvol) {
    if (folder.status(target))
      throw Error::failed("storage.exists", "'" + target + "' already exists");
    folder.make_folders(target, 0755);
    folder.synchronize(parent);
    return;
  }
  const auto preallocation =
      image::preallocation_from(definition_.option("preallocation").value_or("metadata"))
          .value_or(image::Preallocation::metadata);
  if (folder.status(target))
    throw Error::failed("storage.exists", "'" + target + "' already exists");
  const sys::Fd file = folder.create(target, 0640);
  try {
    failpoint("storage.directory.file-made");
    if (volume.format == VolumeFormat::qcow2) {
      image::create_qcow2(file, volume.bytes, preallocation, backing);
    } else {
      image::create_raw(file, volume.bytes, preallocation);
    }
    folder.synchronize(parent);
  } catch (const Error&) {
    folder.remove(target);
    folder.remove_folder(parent);
    throw;
  }
}

void DirectoryDriver::create(const NewVolume& volume) {
  make(volume, std::nullopt);
}

void DirectoryDriver::create_linked(const VolumeName& base, const NewVolume& volume) {
  make(volume, image::Backing{backing_text(base), kind_of(format_of(base))});
}

bool DirectoryDriver::remove_backup(const sys::Folder& folder, const VolumeName& name) {
  const std::string target = relative_path(definition_, name);
  if (folder.status(target + ".protected"))
    throw Error::failed("storage.protected", "cannot remove protected volume 'backup/" + name.file +
                                                 "' on '" + definition_.name + "'");
  const bool removed = folder.remove(target);
  folder.remove(target + ".notes");
  std::string log = target;
  for (const char* ending : {".gz", ".lzo", ".zst", ".bz2", ".vma", ".tar", ".tgz"}) {
    if (log.ends_with(ending)) log.resize(log.size() - std::string_view(ending).size());
  }
  folder.remove(log + ".log");
  return removed;
}

bool DirectoryDriver::remove(const VolumeName& name) {
  const sys::Folder folder(root());
  const std::string target = relative_path(definition_, name);
  if (name.content == Content::backup) return remove_backup(folder, name);
  if (name.format == "subvol") {
    if (!folder.status(target)) return false;
    folder.remove_tree(target);
  } else if (!folder.remove(target)) {
    return false;
  }
  if (name.content == Content::images) folder.remove_folder(target.substr(0, target.rfind('/')));
  return true;
}

void DirectoryDriver::open_backing(const sys::Folder& folder, const VolumeName& name,
                                   const std::string& backing, OpenVolume& volume) {
  std::string next = backing;
  while (!next.empty()) {
    const auto below = backing_name(next);
    if (!below || volume.backing.size() >= deepest_chain)
      throw Error::failed("image.untrusted", "image '" + own_name(name) +
                                                 "' names a backing file that is no volume of its "
                                                 "storage");
    sys::Fd file = folder.open(relative_path(definition_, *below), false);
    const VolumeFormat format = format_of(*below);
    const image::Facts facts = image::inspect(file, kind_of(format));
    next = facts.backing_file;
    volume.backing.push_back({std::move(file), format});
  }
}

OpenVolume DirectoryDriver::open(const VolumeName& name, Access access) {
  const sys::Folder folder(root());
  const std::string target = relative_path(definition_, name);
  const auto status = folder.status(target);
  if (!status) throw missing(name, definition_);
  if (status->kind != sys::FileKind::regular && status->kind != sys::FileKind::block_device)
    throw Error::failed("storage.no-file", "'" + path(name) + "' is not a file");
  OpenVolume volume;
  volume.format = format_of(name);
  volume.block_device = status->kind == sys::FileKind::block_device;
  volume.read_only = folder.open(target, false);
  if (access == Access::read_write) volume.read_write = folder.open(target, true);
  image::Facts facts = image::inspect(volume.read_only, kind_of(volume.format));
  volume.bytes = facts.bytes;
  const std::string backing = std::exchange(facts.backing_file, "");
  image::require_self_contained(facts);
  if (!backing.empty()) {
    // Only what Posada itself linked is followed: the name says the base and the header agrees.
    if (name.content != Content::images || !name.base_owner ||
        backing != "../" + name.base_owner->text() + "/" + name.base_file) {
      facts.backing_file = backing;
      image::require_self_contained(facts);
    }
    open_backing(folder, name, backing, volume);
  }
  return volume;
}

VolumeInfo DirectoryDriver::info(const VolumeName& name) {
  const sys::Folder folder(root());
  const std::string target = relative_path(definition_, name);
  const auto status = folder.status(target);
  // A link is no volume: it is neither listed nor opened.
  if (!status || status->kind == sys::FileKind::link) throw missing(name, definition_);
  VolumeInfo info;
  info.path = path(name);
  info.used = status->used;
  info.created = status->changed;
  info.format = name.format;
  if (name.content == Content::iso) info.format = "iso";
  if (name.content == Content::vztmpl) info.format = template_format(name.file);
  if (name.content == Content::backup) {
    info.bytes = status->bytes;
    info.is_protected = folder.status(target + ".protected").has_value();
    if (folder.status(target + ".notes"))
      info.notes = sys::read_at(folder.open(target + ".notes", false), longest_notes, 0);
  } else if (status->kind == sys::FileKind::regular) {
    info.bytes = status->bytes;
    try {
      const image::Facts facts =
          image::inspect(folder.open(target, false), kind_of(format_of(name)));
      info.bytes = facts.bytes;
      info.parent = facts.backing_file;
    } catch (const Error& error) {
      // A broken header makes a volume unusable, not invisible: it must be seen to be removed.
      if (error.code() != "image.format") throw;
    }
  }
  return info;
}

void DirectoryDriver::grow(const VolumeName& name, std::uint64_t bytes) {
  const sys::Folder folder(root());
  const std::string target = relative_path(definition_, name);
  if (!folder.status(target)) throw missing(name, definition_);
  const sys::Fd file = folder.open(target, true);
  if (name.format != "qcow2") {
    image::grow_raw(file, bytes);
  } else if (!image::grow_qcow2(file, bytes)) {
    throw Error::failed("storage.grow",
                        "'" + own_name(name) + "' can only be resized while its guest runs");
  }
}

void DirectoryDriver::rename(const VolumeName& from, const VolumeName& to) {
  const sys::Folder folder(root());
  const std::string source = relative_path(definition_, from);
  const std::string target = relative_path(definition_, to);
  if (!folder.status(source)) throw missing(from, definition_);
  folder.make_folders(target.substr(0, target.rfind('/')), 0755);
  folder.rename(source, target, false);
  folder.synchronize(target.substr(0, target.rfind('/')));
  folder.remove_folder(source.substr(0, source.rfind('/')));
}

std::string DirectoryDriver::path(const VolumeName& name) const {
  return definition_.path() + "/" + relative_path(definition_, name);
}

std::string DirectoryDriver::root() const {
  return definition_.path();
}

std::string DirectoryDriver::folder(Content content) const {
  return definition_.folder(content);
}

void DirectoryDriver::annotate(const VolumeName& backup, const std::optional<std::string>& notes,
                               std::optional<bool> is_protected) {
  const sys::Folder folder(root());
  const std::string target = relative_path(definition_, backup);
  if (!folder.status(target)) throw missing(backup, definition_);
  if (notes) {
    folder.remove(target + ".notes");
    if (!notes->empty()) sys::write_at(folder.create(target + ".notes", 0644), *notes, 0);
  }
  if (is_protected) {
    if (*is_protected && !folder.status(target + ".protected"))
      folder.create(target + ".protected", 0644);
    if (!*is_protected) folder.remove(target + ".protected");
  }
}

std::size_t DirectoryDriver::remove_leftovers() {
  const sys::Folder folder(root());
  std::size_t removed = 0;
  for (const Content content :
       {Content::iso, Content::vztmpl, Content::backup, Content::snippets, Content::import}) {
    const std::string where = definition_.folder(content);
    for (const sys::FolderEntry& entry : folder.list(where)) {
      if (!entry.name.starts_with(".posada-") || entry.kind != sys::FileKind::regular) continue;
      const std::string name = where + "/" + entry.name;
      if (!sys::is_locked(folder.open(name, true)) && folder.remove(name)) ++removed;
    }
  }
  return removed;
}

std::unique_ptr<Driver> make_driver(const Definition& definition) {
  if (definition.type == "dir") return std::make_unique<DirectoryDriver>(definition);
  return nullptr;
}

}  // namespace posada::storage
