// One section of storage.cfg: a storage as the administrator defined it. A value; reading and
// changing definitions is Storages' work.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/section_config.h"
#include "storage/volume_id.h"

namespace posada::storage {

struct Definition {
  std::string name;
  std::string type;                            // "dir", "nfs", …
  std::map<std::string, std::string> options;  // as in the file; flags have the value "1"

  std::optional<std::string> option(std::string_view key) const;
  bool flag(std::string_view key) const;
  bool enabled() const { return !flag("disable"); }
  bool shared() const;       // by its type or by the option
  std::string path() const;  // of storages that are a directory; empty otherwise
  std::set<Content> contents() const;
  bool holds(Content content) const { return contents().contains(content); }
  bool on_node(std::string_view node) const;  // no `nodes` means everywhere
  VolumeFormat default_format() const;
  // Folder of a content type below path(): "template/iso", or as `content-dirs` says.
  std::string folder(Content content) const;
};

bool is_storage_type(std::string_view type);
// Throws Error with a text for each wrong option.
void check_definition(const Definition& definition);
const SectionRules& storage_section_rules();
Definition definition_from(const Section& section);
Section section_from(const Definition& definition);

}  // namespace posada::storage
