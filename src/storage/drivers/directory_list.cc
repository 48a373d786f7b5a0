// Listing of a directory storage.
#include "base/error.h"
#include "base/text.h"
#include "storage/backup_name.h"
#include "storage/directory_layout.h"
#include "storage/drivers/directory.h"

namespace posada::storage {
namespace {

// The name by which a clone is known holds its base's: "9/base-9-disk-0.qcow2/100/vm-…".
std::string full_name(const std::string& own, const std::string& backing) {
  if (!backing.starts_with("../")) return own;
  const std::string base = backing.substr(3);
  const auto parsed = try_parse_volume_name(base);
  if (!parsed || parsed->content != Content::images || !parsed->is_base) return own;
  return base + "/" + own;
}

}  // namespace

std::vector<std::string> DirectoryDriver::names_of(GuestId guest) {
  const sys::Folder folder(root());
  const std::string where = definition_.folder(Content::images) + "/" + guest.text();
  std::vector<std::string> names;
  for (const sys::FolderEntry& entry : folder.list(where)) {
    const std::string name = guest.text() + "/" + entry.name;
    if (try_parse_volume_name(name)) names.push_back(name);
  }
  return names;
}

void DirectoryDriver::list_images(std::optional<GuestId> guest, std::vector<ListedVolume>& out) {
  const sys::Folder folder(root());
  const std::string images = definition_.folder(Content::images);
  std::vector<std::string> owners;
  if (guest) {
    owners.push_back(guest->text());
  } else {
    for (const sys::FolderEntry& entry : folder.list(images)) {
      if (entry.kind == sys::FileKind::directory && is_digits(entry.name))
        owners.push_back(entry.name);
    }
  }
  for (const std::string& owner : owners) {
    for (const sys::FolderEntry& entry : folder.list(images + "/" + owner)) {
      const auto parsed = try_parse_volume_name(owner + "/" + entry.name);
      const bool subvol = parsed && parsed->format == "subvol";
      const auto wanted = subvol ? sys::FileKind::directory : sys::FileKind::regular;
      if (!parsed || entry.kind != wanted) continue;
      try {
        const VolumeInfo facts = info(*parsed);
        ListedVolume volume;
        volume.id = {definition_.name, full_name(owner + "/" + entry.name, facts.parent)};
        volume.content = subvol ? Content::rootdir : Content::images;
        volume.format = parsed->format;
        volume.bytes = subvol ? 0 : facts.bytes;
        volume.used = subvol ? 0 : facts.used;
        volume.guest = parsed->owner;
        volume.created = facts.created;
        volume.parent = facts.parent;
        out.push_back(std::move(volume));
      } catch (const Error& error) {
        if (error.code() != "storage.no-volume") throw;  // it vanished meanwhile
      }
    }
  }
}

void DirectoryDriver::list_files(Content content, std::optional<GuestId> guest,
                                 std::vector<ListedVolume>& out) {
  const sys::Folder folder(root());
  const std::string where = definition_.folder(content);
  for (const sys::FolderEntry& entry : folder.list(where)) {
    if (entry.kind != sys::FileKind::regular || entry.name.starts_with(".posada-")) continue;
    const std::string name = std::string(text(content)) + "/" + entry.name;
    const auto parsed = try_parse_volume_name(name);
    if (!parsed || parsed->content != content) continue;
    const auto status = folder.status(where + "/" + entry.name);
    if (!status) continue;
    ListedVolume volume;
    volume.id = {definition_.name, name};
    volume.content = content;
    volume.bytes = status->bytes;
    volume.created = status->changed;
    volume.format = parsed->format;
    if (content == Content::iso) volume.format = "iso";
    if (content == Content::vztmpl) volume.format = template_format(entry.name);
    if (content == Content::snippets) volume.format = "snippet";
    if (content == Content::backup) {
      const auto backup = parse_backup_name(entry.name);
      if (!backup) continue;
      volume.format = backup->extension();
      volume.guest = parsed->owner;
      volume.created = backup->created.value_or(status->changed);
      const std::string file = where + "/" + entry.name;
      volume.is_protected = folder.status(file + ".protected").has_value();
      if (folder.status(file + ".notes"))
        volume.notes = sys::read_at(folder.open(file + ".notes", false), longest_notes, 0);
    }
    if (guest && content == Content::backup && volume.guest != guest) continue;
    out.push_back(std::move(volume));
  }
}

std::vector<ListedVolume> DirectoryDriver::list(const std::set<Content>& contents,
                                                std::optional<GuestId> guest) {
  std::vector<ListedVolume> out;
  if (contents.contains(Content::images) || contents.contains(Content::rootdir))
    list_images(guest, out);
  for (const Content content :
       {Content::vztmpl, Content::iso, Content::backup, Content::snippets, Content::import}) {
    if (contents.contains(content)) list_files(content, guest, out);
  }
  return out;
}

}  // namespace posada::storage
