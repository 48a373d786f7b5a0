// The record of a guest volume in the store: `volume/STORAGE/GUEST/FILE` → a small JSON object.
#pragma once

#include <optional>
#include <string>

#include "storage/storage.h"
#include "storage/volume_id.h"
#include "store/store.h"

namespace posada::storage {

enum class VolumeState { reserved, ready, deleting };

struct VolumeRecord {
  VolumeState state = VolumeState::reserved;
  std::string uuid;
  GuestId guest;
  VolumeFormat format = VolumeFormat::raw;
  std::uint64_t bytes = 0;
  std::string base;  // own name of a linked clone's base
  std::string node;  // who works on it while it is not ready
  std::string boot;
  std::string task;            // UPID
  std::string from;            // of a rename that is not finished: the volume's id before
  std::uint64_t modified = 0;  // of the entry; not written
};

constexpr std::string_view record_prefix = "volume/";

// `own` is the name without its base: "100/vm-100-disk-0.qcow2".
std::string record_key(const std::string& storage, const std::string& own);
std::string record_text(const VolumeRecord& record);
// Nothing when the text is no record (written by a newer version, say): then nothing is touched.
std::optional<VolumeRecord> record_from(const store::Entry& entry);

}  // namespace posada::storage
