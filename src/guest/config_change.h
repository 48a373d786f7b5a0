// What a change does to the text of a guest's config, the same for machines and containers; the
// Grammar says what differs. Pure.
//
// A change of a guest that runs waits in the text until the guest is off, unless its key takes
// effect at once. No volume loses its name silently: one that leaves its key stays as unusedN, and
// only what was asked to go, or holds nothing of its own, is named for removal.
#pragma once

#include <string>
#include <vector>

#include "guest/config_text.h"
#include "guest/requests.h"

namespace posada::guest {

class ConfigChanger {
 public:
  // Of the guest `id`; both outlive this.
  ConfigChanger(GuestConfig& config, GuestId id, const Grammar& grammar)
      : config_(config), id_(id), grammar_(grammar) {}

  // `values` is what `change` sets, as the config keeps it.
  void request(const ConfigChange& change, const Values& values, bool is_running);
  // What waits takes effect: all of it, or under this key.
  void settle_all();
  void settle(const std::string& key);
  // `force`: the volume goes, too.
  void unset(const std::string& key, bool force);

  // Volumes that are to be removed once no section names them.
  const std::vector<std::string>& removed() const { return removed_; }

 private:
  void set(const std::string& key, const std::string& value);
  void let_go(const std::string& key, bool force);
  void give_up(const std::string& key);

  GuestConfig& config_;
  const GuestId id_;
  const Grammar& grammar_;
  std::vector<std::string> removed_;
};

// Whether the volume is a disk of this guest.
bool is_own_volume(std::string_view volume, GuestId id);

}  // namespace posada::guest
