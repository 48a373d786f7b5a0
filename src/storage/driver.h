// What every kind of storage offers. Calls block and may hang with the storage, so Storages runs
// them on the storage's own pool; they may run at the same time for different volumes. A driver
// knows names and bytes, no records, tasks or permissions, and never opens anything outside its
// storage.
//
// What a kind cannot do it says by `supports`; callers ask before they begin.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "image/image.h"
#include "storage/definition.h"
#include "storage/storage.h"
#include "sys/folder.h"

namespace posada::storage {

enum class Feature {
  allocate,
  grow,
  linked_clone,
  make_template,
  rename,
  snapshot,         // of a stopped guest
  online_snapshot,  // by the storage while the guest runs
  files,            // holds iso, vztmpl, backup, snippets, import as files
};

struct NewVolume {
  VolumeName name;
  VolumeFormat format = VolumeFormat::raw;
  std::uint64_t bytes = 0;
};

class Driver {
 public:
  virtual ~Driver() = default;

  virtual bool supports(Feature feature, VolumeFormat format) const = 0;
  // Ready to be used: folders made, mounts there. Throws with the reason when it is not.
  virtual void activate() = 0;
  virtual sys::Space space() = 0;

  // Throws and leaves nothing behind when it fails; "already exists" (code storage.exists) when
  // the name is taken.
  virtual void create(const NewVolume& volume) = 0;
  virtual void create_linked(const VolumeName& base, const NewVolume& volume) = 0;
  // False: there was nothing.
  virtual bool remove(const VolumeName& name) = 0;
  virtual OpenVolume open(const VolumeName& name, Access access) = 0;
  virtual VolumeInfo info(const VolumeName& name) = 0;
  virtual void grow(const VolumeName& name, std::uint64_t bytes) = 0;
  virtual void rename(const VolumeName& from, const VolumeName& to) = 0;
  // Guests' volumes of one guest: own names, without reading headers.
  virtual std::vector<std::string> names_of(GuestId guest) = 0;
  // Everything of these contents; `images` or `rootdir` both mean all guests' disks. `guest`
  // narrows what belongs to guests (disks, backups).
  virtual std::vector<ListedVolume> list(const std::set<Content>& contents,
                                         std::optional<GuestId> guest) = 0;
  virtual std::string path(const VolumeName& name) const = 0;

  // Files. The folder in which a file of this content lies, relative to `root()`.
  virtual std::string root() const = 0;
  virtual std::string folder(Content content) const = 0;
  // Removes the unfinished files of workers that are gone; how many.
  virtual std::size_t remove_leftovers() = 0;
  virtual void annotate(const VolumeName& backup, const std::optional<std::string>& notes,
                        std::optional<bool> is_protected) = 0;
};

// Nothing when there is no driver for this type yet.
std::unique_ptr<Driver> make_driver(const Definition& definition);

}  // namespace posada::storage
