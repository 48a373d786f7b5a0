// What becomes of each option of a machine's config: one table, so that none is silently ignored.
// Pure. Asked when an option is set and again when a machine starts, because a config text may come
// from elsewhere.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "guest/config_text.h"

namespace posada::vm {

enum class Treatment {
  hardware,  // changes QEMU's command line
  monitor,   // set through the monitor before the first instruction runs
  host,      // changes what the host gives: control group, processors, network interface
  feature,   // used by an operation: agent calls, snapshots, cloud-init, copies, migration …
  note,      // says something to people and clients, or is a default that changes nothing
  refused,   // not supported yet, whatever its value
};

struct OptionTreatment {
  // A key without its number ("net"), or a part of a property string ("net.rate"; of every disk:
  // "disk.cache").
  std::string_view option;
  Treatment treatment;
};
const std::vector<OptionTreatment>& option_treatments();

// Why this value cannot be had yet, as a sentence for the user; nothing: it takes effect.
std::optional<std::string> unsupported(std::string_view key, std::string_view value);

// Throws Error::failed "vm.unsupported" for the first option of the config that cannot be had.
void refuse_unsupported(const guest::ConfigSection& config);

}  // namespace posada::vm
