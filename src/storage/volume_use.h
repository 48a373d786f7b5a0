// Who stands on a volume: asked before a guest goes, and before the volume itself does.
#pragma once

#include "storage/volume_id.h"
#include "store/mirror.h"

namespace posada::storage {

// A base may not go while a linked clone stands on it: throws `storage.in-use`.
void require_no_clones(const store::Mirror& mirror, const VolumeId& volume);

}  // namespace posada::storage
