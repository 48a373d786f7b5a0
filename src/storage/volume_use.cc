#include "storage/volume_use.h"

#include "storage/directory_layout.h"
#include "storage/records.h"

namespace posada::storage {

void require_no_clones(const store::Mirror& mirror, const VolumeId& volume) {
  const VolumeName name = parse_volume_name(volume.name);
  if (!name.is_base) return;
  mirror.each(std::string(record_prefix) + volume.storage + "/", [&](const store::Entry& entry) {
    const auto record = record_from(entry);
    if (record && record->base == own_name(name)) {
      throw Error::failed("storage.in-use",
                          "base volume '" + volume.name + "' is still in use by linked clones",
                          {{"volume", volume.text()}})
          .with_hint("Delete the clones first, or make full copies of them.");
    }
  });
}

}  // namespace posada::storage
