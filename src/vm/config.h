// The configuration of a VM as typed access to its text (qemu-server/<id>.conf): the table of keys,
// the formats of its property strings, and the text's rewriting when a backup is restored. Pure.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "guest/config_text.h"
#include "guest/properties.h"

namespace posada::vm {

// The grammar of VM configs for guest/config_text.h.
const guest::Grammar& grammar();

// Formats of property strings. `drive_format` knows ide, sata, scsi, virtio, efidisk, tpmstate and
// unused; with `for_edit` also what only requests may say (import-from).
const guest::PropertyFormat& drive_format(std::string_view bus, bool for_edit = false);
const guest::PropertyFormat& net_format();
const guest::PropertyFormat& agent_format();
const guest::PropertyFormat& boot_format();
const guest::PropertyFormat& cpu_format();
const guest::PropertyFormat& machine_format();
const guest::PropertyFormat& memory_format();
const guest::PropertyFormat& numa_format();
const guest::PropertyFormat& rng_format();
const guest::PropertyFormat& smbios_format();
const guest::PropertyFormat& startup_format();
const guest::PropertyFormat& usb_format();
const guest::PropertyFormat& vga_format();
const guest::PropertyFormat& watchdog_format();
const guest::PropertyFormat& audio_format();
const guest::PropertyFormat& ivshmem_format();
const guest::PropertyFormat& sev_format();
const guest::PropertyFormat& hostpci_format();

// Disk keys in the order in which the hardware lists them: ide, sata, scsi, virtio, then efidisk0
// and tpmstate0; each bus by number.
const std::vector<std::string>& drive_keys();
bool is_drive_key(std::string_view key);  // without unusedN
using guest::is_unused_key;
bool is_net_key(std::string_view key);

struct Drive {
  std::string key;  // "scsi0"
  std::string bus;  // "scsi"
  unsigned index = 0;
  guest::Properties options;  // with `file`

  std::string_view file() const { return guest::property(options, "file"); }
  bool is_cdrom() const { return guest::property(options, "media") == "cdrom"; }
  bool is_cloudinit() const;
  // "none", "cdrom" (the host's drive), a path of the host, or a volume id.
  bool names_volume() const;
};
// Nothing when the section has no such key.
std::optional<Drive> drive(const guest::ConfigSection& section, std::string_view key);
Drive parse_drive(std::string_view key, std::string_view value, bool for_edit = false);
std::string print_drive(const Drive& drive);
std::vector<Drive> drives(const guest::ConfigSection& section);

using guest::flag;
using guest::integer;
std::uint64_t memory_mib(const guest::ConfigSection& section);
// The option `agent` taken apart; without one, an agent that is not enabled.
guest::Properties agent_of(const guest::ConfigSection& section);
bool agent_enabled(const guest::ConfigSection& section);

// The config inside a backup, rewritten for a restore. `place` gives the new volume of a disk by
// its key (the text after `KEY: ` up to the first comma); disks that it does not know become
// comments, as those with backup=0 do.
using PlaceDisk = std::function<std::optional<std::string>(std::string_view key)>;
struct BackupDisk {
  std::string key, device, storage, format;
};
std::vector<BackupDisk> backup_disks(std::string_view text);  // the #qmdump#map lines, in order
std::string restored_config(std::string_view text, const PlaceDisk& place);

}  // namespace posada::vm
