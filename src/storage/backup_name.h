// Names of backup archives: vzdump-<qemu|lxc|openvz>-<id>-YYYY_MM_DD-HH_MM_SS.<ext>.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/ids.h"

namespace posada::storage {

struct BackupName {
  std::string file;
  std::string guest_kind;   // qemu, lxc, openvz
  std::string format;       // vma, tar
  std::string compression;  // gz, lzo, zst, bz2; empty: none
  // Only a name of exactly the standard form is counted and pruned; others are "renamed".
  bool is_standard = false;
  std::optional<GuestId> guest;         // standard names
  std::optional<std::int64_t> created;  // standard names: local time of the start, as Unix time

  std::string extension() const;   // "vma.zst", "tgz"
  std::string log_file() const;    // vzdump-….log
  std::string notes_file() const;  // vzdump-….vma.zst.notes
};

// Nothing when it is no archive of this kind.
std::optional<BackupName> parse_backup_name(std::string_view file);

}  // namespace posada::storage
