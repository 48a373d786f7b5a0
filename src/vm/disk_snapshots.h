// Snapshots inside a machine's qcow2 images: made and removed by QEMU while the machine runs, by
// QEMU's image tool while it does not. Idempotent where a crash may repeat it. Internal to the
// module.
#pragma once

#include <string>
#include <vector>

#include "vm/machine_state.h"

namespace posada::vm {

enum class SnapshotStep { create, remove, go_back };

// The machine's own disks, in order. Throws `snapshot feature is not available` when one is of a
// format that has no snapshots.
std::vector<Drive> snapshot_disks(const guest::ConfigSection& section);

// `go_back` needs a machine that does not run. A snapshot that is absent is no error for `remove`.
sys::Async<void> snapshot_step(std::shared_ptr<Machines::State> self, GuestId id, SnapshotStep step,
                               std::string name, std::vector<Drive> disks);

}  // namespace posada::vm
