// Where a volume lies below the path of a directory storage, and back. Pure.
#pragma once

#include <optional>
#include <string>

#include "storage/definition.h"
#include "storage/volume_id.h"

namespace posada::storage {

// "images/100/vm-100-disk-0.raw", relative to the storage's path.
std::string relative_path(const Definition& definition, const VolumeName& volume);

struct Located {
  std::string name;  // "100/vm-100-disk-0.raw"
  Content content = Content::none;
};
// What the file at an absolute path is; nothing when it is no volume of this storage.
std::optional<Located> locate(const Definition& definition, std::string path);

// The format that listings show for templates: tgz, txz, tzst, tbz2, tar.
std::string template_format(const std::string& file);

// The volume's name without its base: what a record and a file are called.
std::string own_name(const VolumeName& volume);

}  // namespace posada::storage
