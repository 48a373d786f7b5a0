// Names of volumes: text → typed value, once, at the edge. Everything below this header works with
// the parsed value, so a text that could leave its storage ("..", NUL, a newline, an absolute
// path, an empty segment) never reaches a driver.
#pragma once

#include <compare>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/ids.h"

namespace posada::storage {

// What a volume is for, as `content` of storage.cfg and of the API says it.
enum class Content { images, rootdir, vztmpl, iso, backup, snippets, import, none };
std::string_view text(Content content);
std::optional<Content> content_from(std::string_view text);

// How a guest's disk is laid out.
enum class VolumeFormat { raw, qcow2, vmdk, subvol };
std::string_view text(VolumeFormat format);
std::optional<VolumeFormat> format_from(std::string_view text);

// "local:100/vm-100-disk-0.raw". The storage is a letter and then letters, digits, '-', '_', '.';
// what may stand in the name is the driver's grammar, but never something unsafe.
struct VolumeId {
  std::string storage;
  std::string name;
  auto operator<=>(const VolumeId&) const = default;
  std::string text() const { return storage + ":" + name; }
};

bool is_storage_name(std::string_view text);
// Throws Error parameter-like `unable to parse volume ID 'x'`.
VolumeId parse_volume_id(std::string_view text);
std::optional<VolumeId> try_parse_volume_id(std::string_view text);
// No NUL, control byte, "." or ".." segment, empty segment, leading or trailing '/'.
bool is_safe_name(std::string_view name);

// A volume's name in the grammar that directories and most other storages share:
//   100/vm-100-disk-0.raw   100/base-100-disk-0.qcow2 9/base-9-disk-0.qcow2/100/vm-100-disk-0.qcow2
//   200/subvol-200-disk-0.subvol   iso/x.iso   vztmpl/x.tar.zst   backup/vzdump-….vma   snippets/x
//   import/x.ova   import/x.ova/disk.vmdk
struct VolumeName {
  Content content = Content::none;    // images also for subvol; who asks decides images or rootdir
  std::string file;                   // last part: "vm-100-disk-0.raw", "x.iso", "x.ova/disk.vmdk"
  std::string format;                 // "raw", "qcow2", "subvol", "vmdk", "ova", "ova+vmdk", …
  std::optional<GuestId> owner;       // of guest volumes and standard backup names
  std::optional<GuestId> base_owner;  // of a linked clone's base
  std::string base_file;
  bool is_base = false;  // a template's volume
};

// Throws Error with the texts that clients know: `unable to parse directory volume name 'x'`.
VolumeName parse_volume_name(std::string_view name);
std::optional<VolumeName> try_parse_volume_name(std::string_view name);

}  // namespace posada::storage

template <>
struct std::hash<posada::storage::VolumeId> {
  std::size_t operator()(const posada::storage::VolumeId& id) const noexcept {
    return std::hash<std::string>{}(id.storage) * 31 + std::hash<std::string>{}(id.name);
  }
};
