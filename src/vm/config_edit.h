// Editing a VM's config as values: defaults of a new one, upkeep of the boot order, what each key
// needs and when it takes effect, and the shapes in which the API shows it. Pure but for random
// numbers that come in.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "access/privileges.h"
#include "base/json.h"
#include "vm/config.h"
#include "vm/machine_type.h"

namespace posada::vm {

// When a new value of a key takes effect on a running machine.
enum class Effect { at_once, plugged, at_next_start };
Effect effect_of(std::string_view key);

// The privilege on /vms/ID that setting or unsetting the key takes; nothing: root@pam only. `value`
// is empty when unset.
std::optional<access::Privilege> privilege_for(std::string_view key, std::string_view value);

using guest::RandomBytes;
std::string uuid_from(const RandomBytes& random);

// A request's value as the config keeps it: disks and cards in their order of options, a card
// without a MAC gets one (or keeps that of `old`). Throws Error::parameter(key, …).
std::string normal_value(std::string_view key, std::string_view value, std::string_view old,
                         const RandomBytes& random);

// `STORAGE:GiB` of a disk that is to be made, the number may have a fraction; or
// `STORAGE:cloudinit`.
struct NewDisk {
  std::string storage;
  std::uint64_t bytes = 0;
  bool cloudinit = false;
};
std::optional<NewDisk> new_disk(std::string_view file);

// Fills in what a new machine has without being asked: smbios1, vmgenid, meta, boot.
void complete(guest::ConfigSection& section, const Version& qemu, std::int64_t now,
              const RandomBytes& random);

// A device that can boot joins the end of an explicit boot order, one that goes leaves it.
void join_boot_order(guest::ConfigSection& section, const std::string& key);
void leave_boot_order(guest::ConfigSection& section, const std::string& key);

// GET …/config: values typed as clients know them, with description and digest.
json::object shown_config(const guest::ConfigSection& section, const std::string& digest);
// Numbers and flags as JSON numbers, everything else as text; a password is hidden.
json::value shown_value(std::string_view key, const std::string& value);

}  // namespace posada::vm
