// The text of one guest's configuration, as VMs (qemu-server/<id>.conf) and containers
// (lxc/<id>.conf) share it: a main section, pending changes, special sections and snapshots, each
// with `key: value` lines and a description in `#` lines. A Grammar says what differs.
//
// Pure functions on values; used by the guest's owner for every edit, by import and by the API.
// Reading is lax or strict. Lax is for texts that are already stored: what cannot be understood is
// left out and told as a problem, so that a guest with one bad line still starts. Strict is for
// texts that somebody brings in: the first problem is thrown, nothing is lost silently.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/ids.h"

namespace posada::guest {

// Checks and normalises one value. Throws Error::parameter with the reason of a refusal as text.
using ValueRule = std::function<std::string(std::string_view value)>;

// The keys that a section may hold. `net[n]` keys stand under their base name with a limit.
class KeyTable {
 public:
  KeyTable& add(std::string name, ValueRule rule);
  // name0 … name<count - 1>
  KeyTable& add_numbered(std::string name, unsigned count, ValueRule rule);
  // Reading `name` stores the value under `target`.
  KeyTable& add_alias(std::string name, std::string target);
  bool knows(std::string_view key) const;
  // The key to store under (itself, or its alias' target).
  std::string canonical(std::string_view key) const;
  // The normalised value. Throws Error::parameter(key, reason) for an unknown key too.
  std::string check(std::string_view key, std::string_view value) const;

 private:
  struct Numbered {
    unsigned count = 0;
    ValueRule rule;
  };
  const ValueRule* find(std::string_view key) const;
  std::map<std::string, ValueRule, std::less<>> plain_;
  std::map<std::string, Numbered, std::less<>> numbered_;
  std::map<std::string, std::string, std::less<>> aliases_;
};

// "scsi12" → {"scsi", 12}; nothing without a number, or with one that starts with a zero.
std::optional<std::pair<std::string, unsigned>> split_number(std::string_view key);
bool is_unused_key(std::string_view key);  // unused0 …
// Letter, then at least one of letters, digits, '_', '-': the names of snapshots and the like.
bool is_config_id(std::string_view text);

using Values = std::map<std::string, std::string, std::less<>>;  // keys in byte order

struct ConfigSection {
  Values values;
  std::optional<std::string> description;
  // Lines after the keys that belong to another program (`lxc.*`), in order.
  std::vector<std::pair<std::string, std::string>> raw;

  bool empty() const { return values.empty() && !description && raw.empty(); }
  bool has(std::string_view key) const { return values.find(key) != values.end(); }
  // The value, or `otherwise` when the key is absent.
  std::string_view get(std::string_view key, std::string_view otherwise = {}) const;
  bool operator==(const ConfigSection&) const = default;
};

// Keys whose deletion waits; true: the volume behind the key goes too.
using PendingDeletes = std::map<std::string, bool, std::less<>>;
PendingDeletes parse_pending_deletes(std::string_view text);
std::string print_pending_deletes(const PendingDeletes& deletes);

struct GuestConfig {
  ConfigSection main;
  ConfigSection pending;
  PendingDeletes deletes;
  std::map<std::string, ConfigSection, std::less<>> special;
  std::map<std::string, ConfigSection, std::less<>> snapshots;

  // Waits for the next stop; a waiting value of the same key is dropped.
  void delete_later(std::string key, bool force);
  // Waits for the next stop; a waiting deletion of the same key is dropped.
  void set_later(std::string key, std::string value);
  void revert(std::string_view key);
  // Drops waiting changes that say what is so already.
  void clean_pending();
  bool has_pending() const { return !pending.empty() || !deletes.empty(); }
  // What the guest gets at its next start: the main section with the waiting changes applied.
  ConfigSection next() const;
  bool operator==(const GuestConfig&) const = default;
};

struct Grammar {
  std::string guest_word;       // before the id in messages: "vm", "CT"
  std::string pending_section;  // as written: "PENDING", "pve:pending"
  KeyTable keys;
  KeyTable snapshot_keys;  // in snapshots beside `keys`
  // Special sections by name; the table of one that is not validated is nothing.
  std::map<std::string, std::optional<KeyTable>, std::less<>> special;
  // Keys that begin so are kept as raw lines ("lxc."); empty: none.
  std::string raw_prefix;
  // The volume that a value names, so that an unusedN key of a volume in use is dropped on write.
  std::function<std::optional<std::string>(std::string_view key, std::string_view value)> volume_of;
  // Last corrections before writing.
  std::function<void(GuestConfig&)> tidy;

  // How changes of single keys go (config_change.h). Whether the key needs no new start:
  std::function<bool(std::string_view key)> takes_effect_at_once;
  // Whether the volume holds nothing but what the config says, so that nobody misses it.
  std::function<bool(std::string_view volume)> is_remade;
  // The key has a new value, or none any more: what else changes with it. `before` is what it had.
  std::function<void(GuestConfig&, const std::string& key,
                     const std::optional<std::string>& before)>
      was_set;
  std::function<void(GuestConfig&, const std::string& key)> was_unset;
  // The value with another `size=`, of a key that names a volume.
  std::function<std::string(std::string_view key, std::string_view value, std::string size)> sized;
};

// The volumes that any section names.
std::vector<std::string> named_volumes(const GuestConfig& config, const Grammar& grammar);
// Puts the volume under a free unusedN key, unless one has it.
void keep_unused(ConfigSection& section, const std::string& volume);

struct Problem {
  std::size_t line = 0;  // 1-based
  std::string text;
};

struct Parsed {
  GuestConfig config;
  std::vector<Problem> problems;
};

enum class Strictness { lax, strict };

// Strict: throws Error::failed "guest.config-invalid" with arguments `line` and `guest` at the
// first problem; the text is the problem's.
Parsed parse_config(std::string_view text, const Grammar& grammar, GuestId guest,
                    Strictness strictness = Strictness::lax);
std::string write_config(GuestConfig config, const Grammar& grammar);
// What clients send back as `digest`.
std::string config_digest(std::string_view text);

}  // namespace posada::guest
