#include "storage/definition.h"

#include <algorithm>
#include <array>

#include "base/error.h"
#include "base/text.h"
#include "storage/retention.h"

namespace posada::storage {
namespace {

struct TypeFacts {
  std::string_view type;
  std::string_view contents;          // what it may hold
  std::string_view default_contents;  // what it holds when `content` is not given
  std::string_view default_format;
  std::string_view required;  // keys that must be given
  bool shared;
};

// One row for each type of the field's storage.cfg. Types without a driver are kept in the file
// and shown as not active.
constexpr std::array<TypeFacts, 14> types = {{
    {"dir", "images rootdir vztmpl iso backup snippets import none", "images rootdir", "raw",
     "path", false},
    {"btrfs", "images rootdir vztmpl iso backup snippets import none", "images rootdir", "raw",
     "path", false},
    {"nfs", "images rootdir vztmpl iso backup snippets import none", "images", "raw",
     "export path server", true},
    {"cifs", "images rootdir vztmpl iso backup snippets import none", "images", "raw",
     "path server share", true},
    {"cephfs", "vztmpl iso backup snippets import none", "backup", "raw", "path", true},
    {"lvm", "images rootdir none", "images rootdir", "raw", "vgname", false},
    {"lvmthin", "images rootdir none", "images rootdir", "raw", "thinpool vgname", false},
    {"zfspool", "images rootdir none", "images rootdir", "raw", "pool", false},
    {"zfs", "images none", "images", "raw", "iscsiprovider pool portal target", true},
    {"iscsi", "images none", "images", "raw", "portal target", true},
    {"iscsidirect", "images none", "images", "raw", "portal target", true},
    {"rbd", "images rootdir none", "images", "raw", "pool", true},
    {"esxi", "import none", "import", "raw", "server username", true},
    {"pbs", "backup none", "backup", "raw", "datastore server", true},
}};

const TypeFacts* facts_of(std::string_view type) {
  const auto found = std::find_if(types.begin(), types.end(),
                                  [&](const TypeFacts& facts) { return facts.type == type; });
  return found == types.end() ? nullptr : &*found;
}

bool lists(std::string_view words, std::string_view word) {
  const std::vector<std::string> all = split_list(words);
  return std::find(all.begin(), all.end(), word) != all.end();
}

bool is_flag(std::string_view key) {
  constexpr std::string_view flags =
      "disable shared mkdir create-base-path create-subdirs nocow nowritecache saferemove sparse "
      "tagged_only krbd fuse skip-cert-verification snapshot-as-volume-chain";
  return lists(flags, key);
}

}  // namespace

const SectionRules& storage_section_rules() {
  static const SectionRules rules{.is_flag = is_flag,
                                  .is_required =
                                      [](std::string_view type, std::string_view key) {
                                        const TypeFacts* facts = facts_of(type);
                                        return facts && lists(facts->required, key);
                                      },
                                  .is_array = nullptr};
  return rules;
}

Definition definition_from(const Section& section) {
  Definition definition{section.id, section.type, {}};
  for (const auto& [key, value] : section.values) definition.options[key] = value;
  return definition;
}

Section section_from(const Definition& definition) {
  Section section{definition.type, definition.name, {}};
  for (const auto& [key, value] : definition.options) section.values.emplace_back(key, value);
  return section;
}

std::optional<std::string> Definition::option(std::string_view key) const {
  const auto found = options.find(std::string(key));
  if (found == options.end()) return std::nullopt;
  return found->second;
}

bool Definition::flag(std::string_view key) const {
  const auto value = option(key);
  return value && (*value == "1" || *value == "yes" || *value == "on" || *value == "true");
}

bool Definition::shared() const {
  const TypeFacts* facts = facts_of(type);
  return flag("shared") || (facts && facts->shared);
}

std::string Definition::path() const {
  return option("path").value_or("");
}

std::set<Content> Definition::contents() const {
  std::set<Content> out;
  const TypeFacts* facts = facts_of(type);
  const std::string fallback(facts ? facts->default_contents : "");
  for (const std::string& word : split_list(option("content").value_or(fallback))) {
    if (const auto content = content_from(word)) out.insert(*content);
  }
  return out;
}

bool Definition::on_node(std::string_view node) const {
  const auto nodes = option("nodes");
  return !nodes || lists(*nodes, node);
}

VolumeFormat Definition::default_format() const {
  const TypeFacts* facts = facts_of(type);
  return format_from(option("format").value_or(std::string(facts ? facts->default_format : "raw")))
      .value_or(VolumeFormat::raw);
}

std::string Definition::folder(Content content) const {
  if (path().empty())
    throw Error::failed("storage.no-path", "storage definition has no path", {{"storage", name}});
  // content-dirs is "iso=my/isos,backup=dumps"
  for (const std::string& pair : split_list(option("content-dirs").value_or(""), ",")) {
    const std::size_t equals = pair.find('=');
    if (equals == std::string::npos || pair.substr(0, equals) != text(content)) continue;
    const std::string folder = pair.substr(equals + 1);
    if (is_safe_name(folder)) return folder;
    throw Error::failed("storage.content-dirs",
                        "storage '" + name + "': content-dirs may only name folders below its path",
                        {{"storage", name}});
  }
  switch (content) {
    case Content::images:
      return "images";
    case Content::rootdir:
      return "private";
    case Content::vztmpl:
      return "template/cache";
    case Content::iso:
      return "template/iso";
    case Content::backup:
      return "dump";
    case Content::snippets:
      return "snippets";
    case Content::import:
      return "import";
    case Content::none:
      break;
  }
  throw Error::failed("storage.content", "unknown vtype '" + std::string(text(content)) + "'");
}

bool is_storage_type(std::string_view type) {
  return facts_of(type) != nullptr;
}

void check_definition(const Definition& definition) {
  const TypeFacts* facts = facts_of(definition.type);
  if (!facts)
    throw Error::parameter("type",
                           "unknown storage type '" + definition.type +
                               "'; known are dir, nfs, cifs, lvm, lvmthin, zfspool, rbd and "
                               "others of the schema");
  Error::Texts wrong;
  for (const std::string& key : split_list(facts->required)) {
    if (!definition.option(key)) wrong[key] = "property is missing and it is not optional";
  }
  if (const auto path = definition.option("path")) {
    if (!path->starts_with('/') || (path->size() > 1 && !is_safe_name(path->substr(1))))
      wrong["path"] =
          "invalid format - path must be absolute, without '..' and without a '/' at its "
          "end";
  }
  for (const std::string& word : split_list(definition.option("content").value_or(""))) {
    if (!content_from(word) || !lists(facts->contents, word))
      wrong["content"] = "storage does not support content type '" + word + "'";
  }
  if (const auto format = definition.option("format"); format && !format_from(*format))
    wrong["format"] = "value '" + *format +
                      "' does not have a value in the enumeration 'raw, qcow2, subvol, vmdk'";
  if (!wrong.empty()) throw Error::parameters(std::move(wrong));
  parse_retention(definition.option("prune-backups").value_or(""), "prune-backups");
  if (definition.option("content-dirs")) {
    for (const Content content : definition.contents()) {
      if (content != Content::none) definition.folder(content);
    }
  }
}

}  // namespace posada::storage
