// Making a guest's volume larger, the same for machines and containers. The volume grows first,
// then the config says so. A volume never shrinks, so what was interrupted between the two goes
// forward: the journal's entry "vm.resize" or "ct.resize" takes the size from the volume.
#pragma once

#include <memory>
#include <string>

#include "guest/guests.h"

namespace posada::guest {

// "8G", or "+1G" on top of what it has now.
struct WantedSize {
  std::uint64_t bytes = 0;
  bool more = false;
};
// Throws Error::parameter("size", …).
WantedSize parse_wanted_size(std::string_view text);
// In whole blocks. Throws the kind's text for less than `now`.
std::uint64_t grown_size(const Guests& guests, const WantedSize& wanted, std::uint64_t now,
                         std::uint64_t block);

// Before the volume grows.
sys::Async<void> will_resize(std::shared_ptr<Guests> guests, task::Context& context,
                             const Record& record, const storage::VolumeId& volume);
// The config says this size wherever it names the volume; false: it did so before. Snapshots keep
// what they had.
sys::Async<bool> note_size(std::shared_ptr<Guests> guests, Record record, storage::VolumeId volume,
                           std::uint64_t bytes);
// The journal's entry.
sys::Async<std::string> finish_resize(std::shared_ptr<Guests> guests, json::object details);

}  // namespace posada::guest
