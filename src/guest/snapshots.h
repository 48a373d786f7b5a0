// What snapshots do to the text of a guest's config: steps that are each committed by themselves,
// so that a crash in between is seen by `snapstate` and `lock`. Pure; used by vm and ct.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "guest/config_text.h"

namespace posada::guest {

// The main section's copy as it is kept in a snapshot.
ConfigSection snapshot_section(const GuestConfig& config);

// The guest is locked and the new section says `snapstate: prepare`. Throws `snapshot name 'X'
// already used`.
void begin_snapshot(GuestConfig& config, const std::string& name, const std::string& description,
                    std::int64_t now);
// The snapshot is whole. Throws `missing snapshot lock` or `wrong snapshot state`.
void finish_snapshot(GuestConfig& config, const std::string& name);
// What begin_snapshot did is taken back.
void forget_snapshot(GuestConfig& config, const std::string& name);

// Removal begins: `snapstate: delete`. Throws `snapshot 'X' does not exist`.
void begin_snapshot_removal(GuestConfig& config, const std::string& name);
// The section goes; those that stood on it stand on its parent.
void finish_snapshot_removal(GuestConfig& config, const std::string& name);

// The section that a rollback goes to. Throws when it does not exist or is incomplete.
const ConfigSection& rollback_target(const GuestConfig& config, const std::string& name);
void begin_rollback(GuestConfig& config, const std::string& name);
// The main section becomes the snapshot's; description and unused volumes stay. `keep` is called
// with each volume (by `volumes_of`) that only the section before named.
using VolumesOf = std::function<std::vector<std::string>(const ConfigSection&)>;
using KeepVolume = std::function<void(ConfigSection&, const std::string& volume)>;
void finish_rollback(GuestConfig& config, const std::string& name, const VolumesOf& volumes_of,
                     const KeepVolume& keep);

}  // namespace posada::guest
