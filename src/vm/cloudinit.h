// What cloud-init in a guest is told, made from the config: the files of a NoCloud or ConfigDrive
// disc. Pure.
//
// The disc depends on `cloudinit_values` only. The config's section [special:cloudinit] keeps those
// that the disc was last made of, so that a start writes it only when something has changed.
#pragma once

#include <map>
#include <string>

#include "base/ids.h"
#include "base/json.h"
#include "guest/config_text.h"
#include "host/name_service.h"

namespace posada::vm {

constexpr std::uint64_t cloudinit_disc_bytes = 4 * 1024 * 1024;

enum class CloudInitPart { user, network, meta };

// The administrator's own files (option cicustom), by what they stand for: user, network, meta,
// vendor. They take the place of what would be made of the config.
using Snippets = std::map<std::string, std::string>;

// One of the files as text. `resolver` is the host's, for a config that names no server.
std::string cloudinit_text(GuestId id, const guest::ConfigSection& config, CloudInitPart part,
                           const host::Resolver& resolver, const Snippets& snippets = {});
// The whole disc, an ISO 9660 image.
std::string cloudinit_disc(GuestId id, const guest::ConfigSection& config,
                           const host::Resolver& resolver, const Snippets& snippets = {});

// Name, cards and cloud-init's own keys, as the config says them.
guest::Values cloudinit_values(const guest::ConfigSection& config);
// GET …/cloudinit: what the disc says beside what it would say now.
json::array cloudinit_pending(const guest::GuestConfig& config);

}  // namespace posada::vm
