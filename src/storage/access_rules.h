// Who may use a volume. Every way to name a volume (a disk of a config, a CD-ROM, a template, a
// backup to restore, an import) asks here, so that no second path around the rule exists.
#pragma once

#include <optional>
#include <string>

#include "access/permissions.h"
#include "base/ids.h"
#include "storage/volume_id.h"

namespace posada::storage {

// Throws Error::forbidden, or Error::failed for a content type that does not fit.
//   `volume`   a volume id, or (root@pam only) a path of the host
//   `guest`    the guest on whose behalf it is used: it may use its own volumes
//   `wanted`   what it is to be used as; nothing: not checked
void check_volume_access(access::Permissions& permissions, const Identity& identity,
                         const std::string& volume, std::optional<GuestId> guest = {},
                         std::optional<Content> wanted = {});
bool may_access_volume(access::Permissions& permissions, const Identity& identity,
                       const std::string& volume, std::optional<GuestId> guest = {});

}  // namespace posada::storage
