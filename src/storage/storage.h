// Storages: where volumes live. Owns the definitions (text `storage.cfg` in the store), one driver
// for each usable storage, the record of every guest volume, and the status of each storage.
//
// Callers are the guests' features (allocate, open, copy, remove) and the API. They name volumes by
// VolumeId and get descriptors; a path leaves this module only for people (`pvesm path`) and for
// the helpers that must mount a directory.
//
// A volume is reserved one by one, by a record `volume/STORAGE/NAME` that says uuid, guest, state
// (reserved, ready, deleting), size, node, boot and task. There is no lock on a storage.
//   allocate   record reserved → file made → Volume returned, still reserved
//   adopt      the caller adds `ready` to the transaction that writes the volume into a config;
//              from then on the undo in the journal leaves the volume alone, so no `keep` is needed
//   remove     record deleting → file gone → record gone
// What a crash leaves as reserved or deleting is removed by sweep() at start, so that a volume
// exists exactly when a config may name it.
//
// Blocking work runs on a pool of each storage with a deadline: a hung storage makes its own calls
// fail ("storage 'x' is not online") and its status old, and nothing else wait.
//
// Permissions are checked by the callers' features through storage/access_rules.h.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/ids.h"
#include "storage/definition.h"
#include "storage/volume_id.h"
#include "store/mirror.h"
#include "sys/async.h"
#include "sys/clock.h"
#include "sys/fd.h"

namespace posada::store {
class Texts;
}  // namespace posada::store

namespace posada::task {
class Context;
class Journal;
class UndoHandlers;
class Workers;
}  // namespace posada::task

namespace posada::storage {

class Driver;

struct Allocation {
  std::string storage;
  GuestId owner;
  Content content = Content::images;   // images or rootdir: the storage must hold it
  std::optional<VolumeFormat> format;  // nothing: the storage's default
  std::uint64_t bytes = 0;             // virtual size
  std::string name;  // file name asked for ("vm-100-disk-9.qcow2"); empty: the first free number
  std::string stem = "disk";  // without `name`: vm-ID-STEM-N; a stem without number ("cloudinit",
                              // "state-NAME") is taken as it is
  std::string task;           // UPID that the record names; empty for work without a task
};

// A guest's volume as it is after allocation.
struct Volume {
  VolumeId id;
  VolumeFormat format = VolumeFormat::raw;
  std::uint64_t bytes = 0;  // virtual size
  std::string uuid;
  std::uint64_t record = 0;  // modification number of the record
  // Of a rename (make_template, change_owner): the name before, whose record goes with `adopt`.
  std::optional<VolumeId> replaces;
};

enum class Access { read_only, read_write };

// Descriptors for QEMU. The layers below a linked clone come with it, nearest first.
struct OpenVolume {
  struct Layer {
    sys::Fd read_only;
    VolumeFormat format = VolumeFormat::raw;
  };
  sys::Fd read_only;
  sys::Fd read_write;  // empty when Access::read_only was asked for
  VolumeFormat format = VolumeFormat::raw;
  std::uint64_t bytes = 0;  // virtual size
  bool block_device = false;
  std::vector<Layer> backing;
};

struct VolumeInfo {
  std::string path;
  std::string format;       // as in listings: raw, qcow2, subvol, iso, tgz, …
  std::uint64_t bytes = 0;  // virtual size
  std::uint64_t used = 0;
  std::int64_t created = 0;   // Unix time
  std::string parent;         // backing file as the image names it; empty: none
  std::string notes;          // backups
  bool is_protected = false;  // backups
};

struct ListFilter {
  std::optional<Content> content;
  std::optional<GuestId> guest;
};

struct ListedVolume {
  VolumeId id;
  Content content = Content::none;
  std::string format;
  std::uint64_t bytes = 0;
  std::optional<std::uint64_t> used;  // guest volumes
  std::optional<GuestId> guest;
  std::int64_t created = 0;
  std::string parent;
  std::string notes;          // backups
  bool is_protected = false;  // backups
};

struct StorageStatus {
  bool active = false;
  std::uint64_t total = 0;
  std::uint64_t used = 0;
  std::uint64_t available = 0;
  sys::Milliseconds age{0};  // of the figures
  std::string problem;       // why it is not active, for people
};

// A file that comes in: by a browser's upload or from a URL.
struct Incoming {
  std::string storage;
  Content content = Content::iso;  // iso, vztmpl, import, snippets or backup
  std::string file;                // name that it gets
  std::string checksum_algorithm;  // md5 sha1 sha224 sha256 sha384 sha512 or empty
  std::string checksum;            // hex
};

struct Download {
  std::string url;
  bool verify_certificates = true;
  std::string compression;  // gz, lzo, zst, bz2 or empty
};

struct UrlMetadata {
  std::string file;
  std::optional<std::uint64_t> bytes;
  std::string mime_type;
};

struct Settings {
  std::string node;
  std::string local_path;  // of the storage `local`: ROOT/var/lib/vz
  std::string boot;        // boot id of this node: leftovers of an earlier one are nobody's
  bool allow_private_addresses = false;  // download-url may reach private networks
  // Decides whether a guest's disk is listed as `images` or `rootdir`.
  std::function<std::optional<GuestKind>(GuestId)> kind_of;
};

class Storages {
 public:
  Storages(Settings settings, store::Mirror& mirror, sys::Clock& clock, sys::Executor executor,
           task::Workers& workers);
  ~Storages();
  Storages(const Storages&) = delete;
  Storages& operator=(const Storages&) = delete;

  // Makes the folders of `local`, follows storage.cfg, begins to ask the storages for their status.
  sys::Async<void> start();
  sys::Async<void> stop();
  // Removes what a crash left: records reserved or deleting of this node that no running task
  // holds. Answers what was removed.
  sys::Async<std::vector<VolumeId>> sweep(std::function<bool(const std::string& upid)> is_running);
  // `storage.cfg` as a text that administrators read and write (`posada config`).
  void register_texts(store::Texts& texts);
  // Before Tasks::recover.
  void register_undo(task::UndoHandlers& handlers);

  // Definitions. `local` is always there.
  std::vector<Definition> definitions() const;           // in the file's order
  Definition definition(const std::string& name) const;  // throws `storage 'x' does not exist`
  std::string digest() const;                            // of storage.cfg
  sys::Async<void> create(Definition definition);
  // `digest` empty: not checked.
  sys::Async<void> change(std::string name, std::map<std::string, std::string> set,
                          std::vector<std::string> unset, std::string digest);
  sys::Async<void> erase(std::string name);
  // Exists, enabled, on this node, and (if given) holds `content`; throws the wire's texts.
  Definition usable(const std::string& name, std::optional<Content> content = {}) const;

  // Guest volumes. With a journal (entries of kind "storage.volume") a task that fails removes
  // what it allocated and did not adopt; without one the next sweep does.
  sys::Async<Volume> allocate(Allocation allocation, task::Journal* journal = nullptr);
  // Adds to the caller's transaction: the volume becomes `ready` with it.
  void adopt(const Volume& volume, store::Transaction& transaction) const;
  sys::Async<void> remove(VolumeId volume);
  sys::Async<OpenVolume> open(VolumeId volume, Access access);
  // Grows to `bytes` in all; shrinking is refused. A running guest's disk is resized by QEMU, which
  // then calls with `running`.
  sys::Async<void> resize(VolumeId volume, std::uint64_t bytes, bool running = false);
  sys::Async<VolumeInfo> info(VolumeId volume);
  std::string path(const VolumeId& volume) const;  // for people and for mounts

  // Full copy into a new volume by a worker, with progress in the task. The source may be any
  // volume with a disk in it (images, import, iso with a raw image).
  sys::Async<Volume> copy(task::Context& task, VolumeId source, Allocation target);
  // The same from a file of the host; only root@pam may ask for it.
  sys::Async<Volume> import_file(task::Context& task, std::string path, Allocation target);
  // A volume on top of a template's volume.
  sys::Async<Volume> linked_clone(VolumeId base, Allocation target,
                                  task::Journal* journal = nullptr);
  bool can_link(const VolumeId& base) const;
  // vm-… → base-…: answers the new name; the caller writes it into the config and adopts it. Until
  // then the journal (kind "storage.rename") gives the old name back.
  sys::Async<Volume> make_template(VolumeId volume, task::Journal& journal);
  sys::Async<Volume> change_owner(VolumeId volume, GuestId owner, task::Journal& journal);

  // Files.
  sys::Async<VolumeId> receive(task::Context& task, Incoming incoming, sys::Fd upload);
  sys::Async<VolumeId> download(task::Context& task, Incoming incoming, Download download);
  sys::Async<UrlMetadata> query_url(task::Context& task, std::string url, bool verify_certificates);
  sys::Async<void> annotate(VolumeId backup, std::optional<std::string> notes,
                            std::optional<bool> is_protected);

  sys::Async<std::vector<ListedVolume>> list(std::string storage, ListFilter filter);
  // Of all storages that may hold them: what belongs to this guest.
  sys::Async<std::vector<ListedVolume>> volumes_of(GuestId guest);
  // The last known figures, at once.
  StorageStatus status(const std::string& storage) const;

  struct State;  // of state.h

 private:
  std::unique_ptr<State> state_;
};

}  // namespace posada::storage
