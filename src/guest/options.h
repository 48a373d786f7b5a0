// What becomes of each option of a guest's config: one table for machines, one for containers, so
// that none is silently ignored; a test holds each table to the API description. Pure.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "guest/config_text.h"
#include "guest/properties.h"

namespace posada::guest {

enum class Treatment {
  hardware,  // QEMU's command line, or the config that liblxc gets
  monitor,   // set through QEMU's monitor before the first instruction runs
  files,     // written into the container's files
  mounts,    // by the helper that mounts the container's volumes
  host,      // changes what the host gives: control group, processors, network interface
  feature,   // used by an operation: agent calls, snapshots, cloud-init, copies, start order …
  note,      // says something to people and clients, or is a default that changes nothing
  refused,   // has no effect yet
};

struct Option {
  // A key without its number ("net"), or a part of its property string ("net.rate"; of every disk
  // of a machine: "disk.cache").
  std::string_view name;
  Treatment treatment;
  std::string_view harmless{};  // refused: the value that is accepted, because it changes nothing
  std::string_view reason{};    // why any other is refused; empty: that depends on the value
};

// Why the value cannot be had, as the table says it of the key `name` and the parts of its property
// string; nothing: it can.
std::optional<std::string> refusal(std::span<const Option> table, std::string_view name,
                                   std::string_view value, const Properties& parts);

// Throws Error::failed "CODE.unsupported" for the first option that cannot be had. Asked when a
// guest starts, because its text may come from elsewhere.
using Unsupported = std::optional<std::string> (*)(std::string_view key, std::string_view value);
void refuse_unsupported(const ConfigSection& config, Unsupported unsupported,
                        std::string_view code);

}  // namespace posada::guest
