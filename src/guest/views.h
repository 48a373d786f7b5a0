// What the API shows of a guest's config, the same for machines and containers. Pure.
#pragma once

#include <functional>
#include <string>

#include "base/json.h"
#include "guest/guests.h"

namespace posada::guest {

// A value in the type that clients know.
using ShowValue = std::function<json::value(std::string_view key, const std::string& value)>;

// GET …/pending.
json::array shown_pending(const ParsedConfig& parsed, const ShowValue& show);
// GET …/snapshot: each one, and what stands on the last. `memory`: says whether they hold it.
json::array shown_snapshots(const ParsedConfig& parsed, bool is_running, bool memory);
// The snapshot's section, or the main one when the name is empty. Throws when there is none.
const ConfigSection& section_of(const GuestConfig& config, const std::string& snapshot);

}  // namespace posada::guest
