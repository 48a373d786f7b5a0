#include "guest/config_change.h"

#include "storage/volume_id.h"

namespace posada::guest {

void ConfigChanger::request(const ConfigChange& change, const Values& values, bool is_running) {
  const auto waits = [&](const std::string& key) {
    return is_running && !grammar_.takes_effect_at_once(key);
  };
  for (const std::string& key : change.revert) give_up(key);
  for (const std::string& key : change.unset) {
    give_up(key);
    if (!waits(key)) {
      unset(key, change.force);
    } else if (config_.main.has(key)) {
      config_.delete_later(key, change.force);
    }
  }
  for (const auto& [key, value] : values) {
    if (key == "description") {
      config_.main.description = value;
      continue;
    }
    give_up(key);
    if (waits(key)) {
      config_.set_later(key, value);
    } else {
      set(key, value);
    }
  }
}

void ConfigChanger::settle_all() {
  for (const auto& [key, force] : PendingDeletes(config_.deletes)) unset(key, force);
  for (const auto& [key, value] : Values(config_.pending.values)) set(key, value);
  config_.deletes.clear();
  config_.pending = {};
}

void ConfigChanger::settle(const std::string& key) {
  const auto gone = config_.deletes.find(key);
  const auto waiting = config_.pending.values.find(key);
  if (gone != config_.deletes.end()) {
    unset(key, gone->second);
  } else if (waiting != config_.pending.values.end()) {
    set(key, waiting->second);
  }
  config_.revert(key);
}

void ConfigChanger::set(const std::string& key, const std::string& value) {
  std::optional<std::string> before;
  if (config_.main.has(key)) before = config_.main.get(key);
  const auto volume = before ? grammar_.volume_of(key, *before) : std::nullopt;
  if (volume && volume != grammar_.volume_of(key, value)) let_go(key, false);
  config_.main.values[key] = value;
  if (grammar_.was_set) grammar_.was_set(config_, key, before);
}

void ConfigChanger::unset(const std::string& key, bool force) {
  if (key == "description") config_.main.description.reset();
  let_go(key, force || is_unused_key(key));
  if (grammar_.was_unset) grammar_.was_unset(config_, key);
}

// The key goes from the main section; what becomes of its volume.
void ConfigChanger::let_go(const std::string& key, bool force) {
  const auto found = config_.main.values.find(key);
  if (found == config_.main.values.end()) return;
  const auto volume = grammar_.volume_of(key, found->second);
  config_.main.values.erase(found);
  if (!volume || !is_own_volume(*volume, id_)) return;
  if (force || (grammar_.is_remade && grammar_.is_remade(*volume))) {
    removed_.push_back(*volume);
  } else {
    keep_unused(config_.main, *volume);
  }
}

// What waits under the key will not come, nor will the volume that was made for it.
void ConfigChanger::give_up(const std::string& key) {
  const auto value_in = [&](const ConfigSection& section) {
    return section.has(key) ? grammar_.volume_of(key, section.get(key)) : std::nullopt;
  };
  const auto volume = value_in(config_.pending);
  config_.revert(key);
  if (!volume || volume == value_in(config_.main) || !is_own_volume(*volume, id_)) return;
  if (grammar_.is_remade && grammar_.is_remade(*volume)) {
    removed_.push_back(*volume);
  } else {
    keep_unused(config_.main, *volume);
  }
}

bool is_own_volume(std::string_view volume, GuestId id) {
  const auto parsed = storage::try_parse_volume_id(volume);
  const auto name = parsed ? storage::try_parse_volume_name(parsed->name) : std::nullopt;
  return name && name->owner == id && name->content == storage::Content::images;
}

}  // namespace posada::guest
