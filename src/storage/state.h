// What Storages holds; shared by its source files only.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "base/json.h"
#include "storage/backend.h"
#include "storage/records.h"
#include "storage/storage.h"

namespace posada::storage {

constexpr std::string_view definitions_key = "storage.cfg";

struct Storages::State {
  State(Settings settings, store::Mirror& mirror, sys::Clock& clock, sys::Executor executor,
        task::Workers& workers);

  Settings settings;
  store::Mirror& mirror;
  sys::Clock& clock;
  sys::Executor executor;
  task::Workers& workers;
  sys::Scope scope;
  std::vector<Definition> definitions;
  std::map<std::string, std::shared_ptr<Backend>> backends;  // usable on this node
  std::shared_ptr<void> subscription;
  // Record keys that a commit is on its way for, so that calls of this node choose other names.
  std::set<std::string> reserving;

  // Reads storage.cfg and keeps the backends whose definition did not change.
  void reload();
  std::string text() const;
  // The definition exists, is enabled and on this node.
  Definition usable(const std::string& name, std::optional<Content> content) const;
  std::shared_ptr<Backend> backend(const std::string& name) const;
  std::optional<VolumeRecord> record(const std::string& storage, const std::string& own) const;
  VolumeRecord new_record(const Allocation& allocation, VolumeFormat format) const;

  // Undo of "storage.volume" and "storage.rename".
  sys::Async<std::string> undo_volume(json::object details);
  sys::Async<std::string> undo_rename(json::object details);
  // File and record of a volume that nobody wants any more.
  sys::Async<void> discard(VolumeId volume);
  sys::Async<void> refresh();
};

// The name without its base; throws for what is no guest's volume.
VolumeName guest_volume_name(const VolumeId& volume);

}  // namespace posada::storage
