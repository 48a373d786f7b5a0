#include "storage/access_rules.h"

#include "base/error.h"

namespace posada::storage {
namespace {

using access::Privilege;

bool is_disk(Content content) {
  return content == Content::images || content == Content::rootdir;
}

void check_content(const std::string& volume, const VolumeName& name, Content wanted) {
  // A container's disk and a machine's disk have the same kind of name.
  const bool fits = name.content == wanted || (is_disk(name.content) && is_disk(wanted));
  if (!fits)
    throw Error::failed("storage.content-mismatch",
                        "content type mismatch: '" + volume + "' is of type '" +
                            std::string(text(name.content)) + "', not '" +
                            std::string(text(wanted)) + "'",
                        {{"volume", volume}});
}

}  // namespace

void check_volume_access(access::Permissions& permissions, const Identity& identity,
                         const std::string& volume, std::optional<GuestId> guest,
                         std::optional<Content> wanted) {
  const auto id = try_parse_volume_id(volume);
  if (!id) {
    if (identity.is_root()) return;
    throw Error::forbidden("Only root can pass arbitrary filesystem paths.");
  }
  const VolumeName name = parse_volume_name(id->name);
  if (wanted) check_content(volume, name, *wanted);
  const std::string storage = "/storage/" + id->storage;
  if (permissions.may(identity, storage, {Privilege::datastore_allocate})) return;
  if (name.content == Content::iso || name.content == Content::vztmpl ||
      name.content == Content::import) {
    permissions.check(identity, storage,
                      {Privilege::datastore_allocate_space, Privilege::datastore_audit}, true);
    return;
  }
  if (name.owner && guest && *name.owner == *guest) return;
  if (name.owner && name.content == Content::backup) {
    permissions.check(identity, storage, {Privilege::datastore_allocate_space});
    permissions.check(identity, "/vms/" + name.owner->text(), {Privilege::vm_backup});
    return;
  }
  if (name.owner && is_disk(name.content)) {
    permissions.check(identity, storage, {Privilege::datastore_audit});
    permissions.check(identity, "/vms/" + name.owner->text(), {Privilege::vm_config_disk});
    return;
  }
  throw Error::forbidden("missing privileges to access " + volume);
}

bool may_access_volume(access::Permissions& permissions, const Identity& identity,
                       const std::string& volume, std::optional<GuestId> guest) {
  try {
    check_volume_access(permissions, identity, volume, guest);
    return true;
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::forbidden) throw;
    return false;
  }
}

}  // namespace posada::storage
