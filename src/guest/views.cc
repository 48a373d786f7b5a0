#include "guest/views.h"

#include "guest/properties.h"

namespace posada::guest {

json::array shown_pending(const ParsedConfig& parsed, const ShowValue& show) {
  const GuestConfig& config = parsed.config;
  Values keys = config.main.values;
  keys.insert(config.pending.values.begin(), config.pending.values.end());
  json::array result;
  for (const auto& [key, either] : keys) {
    json::object item = {{"key", key}};
    if (config.main.has(key)) item["value"] = show(key, config.main.values.at(key));
    if (config.pending.has(key)) item["pending"] = show(key, config.pending.values.at(key));
    if (const auto gone = config.deletes.find(key); gone != config.deletes.end())
      item["delete"] = gone->second ? 2 : 1;
    result.push_back(std::move(item));
  }
  if (config.main.description)
    result.push_back({{"key", "description"}, {"value", *config.main.description}});
  result.push_back({{"key", "digest"}, {"value", parsed.digest}});
  return result;
}

json::array shown_snapshots(const ParsedConfig& parsed, bool is_running, bool memory) {
  json::array result;
  const auto add = [&](json::object item, const ConfigSection& section) {
    if (section.has("parent")) item["parent"] = section.get("parent");
    result.push_back(std::move(item));
  };
  for (const auto& [name, section] : parsed.config.snapshots) {
    json::object item = {{"name", name},
                         {"description", section.description.value_or("")},
                         {"snaptime", integer(section, "snaptime", 0)}};
    if (memory) item["vmstate"] = section.has("vmstate") ? 1 : 0;
    add(std::move(item), section);
  }
  add({{"name", "current"},
       {"description", "You are here!"},
       {"digest", parsed.digest},
       {"running", is_running ? 1 : 0}},
      parsed.config.main);
  return result;
}

const ConfigSection& section_of(const GuestConfig& config, const std::string& snapshot) {
  if (snapshot.empty()) return config.main;
  const auto found = config.snapshots.find(snapshot);
  if (found == config.snapshots.end())
    throw Error::failed("guest.no-snapshot", "snapshot '" + snapshot + "' does not exist");
  return found->second;
}

}  // namespace posada::guest
