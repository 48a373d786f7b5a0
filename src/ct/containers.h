// The containers of this node: what the API calls. Virtual machines have the same shape in vm.
//
// Owns the containers' run folders, runtime records and live figures. A container outlives the
// daemon: liblxc's monitor (a process of posada-lxc) holds it, and at start() every running one is
// found again by its record; what has no monitor any more is released. Runs on the loop; never
// blocks it; liblxc is only ever called by executed helpers.
//
// Work that takes time is a task and answers its UPID at once; the rest answers itself and waits at
// most 4 s for a guest that somebody else works on. Privileges that depend on what a call does are
// checked here for `Caller::user`, whatever called.
//
// Crash safety: every step that changes the world is journalled before it, failpoints stand between
// the steps (names begin with "ct."), and release() is idempotent.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/ids.h"
#include "base/json.h"
#include "guest/claims.h"
#include "guest/config_text.h"
#include "guest/registry.h"
#include "storage/storage.h"
#include "store/mirror.h"
#include "sys/async.h"
#include "sys/clock.h"
#include "sys/fd.h"
#include "task/tasks.h"
#include "task/worker.h"

namespace posada::access {
class Permissions;
}

namespace posada::ct {

struct Settings {
  std::string node;
  std::string instance;    // marks control groups and the container's names for liblxc
  std::string run_folder;  // of ours alone (0700): orders, runtime records
  std::string program;     // path of posada-lxc
  // The host's ids of unprivileged containers: first_id is their root.
  unsigned first_id = 100000;
  unsigned id_count = 65536;
};

struct Parts {
  store::Mirror& mirror;
  guest::Registry& registry;
  guest::Claims& claims;
  task::Tasks& tasks;
  task::Workers& workers;
  storage::Storages& storages;
  access::Permissions& permissions;
  sys::Clock& clock;
  sys::Executor executor;
  // Where the bridges are: path of a network namespace; empty: the host's.
  std::function<std::string()> network_namespace;
};

struct Caller {
  Identity user;
  std::string request;  // id that goes through tasks and logs
};

// Keys and values as the API takes them: rootfs and mp may say `STORAGE:GiB`.
struct Creation {
  GuestId id;
  guest::Values values;
  std::optional<std::string> description;
  std::string os_template;      // volume id of a vztmpl
  std::string default_storage;  // where rootfs goes when it is not named
  std::string password, ssh_keys;
  std::string pool;          // rights there count as rights on the new guest
  store::Transaction extra;  // committed with the guest (pool membership)
  bool start = false;
};

struct ConfigChange {
  guest::Values set;
  std::vector<std::string> unset;   // the API's `delete`
  std::vector<std::string> revert;  // waiting changes to drop
  std::string digest;               // empty: not checked
};

struct Deletion {
  bool force = false;  // stop it first
  bool purge = false;
  bool unreferenced_disks = false;
};

struct StopOptions {
  bool skip_lock = false;
  std::chrono::seconds timeout{0};  // shutdown and reboot; 0: the config's, or 60 s
  bool force = false;               // shutdown: stop at the end of the time
};

class Containers {
 public:
  Containers(Settings settings, Parts parts);
  ~Containers();
  Containers(const Containers&) = delete;
  Containers& operator=(const Containers&) = delete;

  // Registers undo handlers; before Tasks::recover().
  void register_undo();
  // Finds what runs, releases what does not, begins to sample.
  sys::Async<void> start();
  // Leaves the containers running.
  sys::Async<void> stop();

  // Reading. Shapes are the API's.
  json::array list() const;  // every container; the caller filters by privilege
  sys::Async<json::object> status(GuestId id);
  json::object config(GuestId id, bool current, const std::string& snapshot = {}) const;
  json::array pending(GuestId id) const;
  json::array snapshots(GuestId id) const;
  json::object feature(GuestId id, const std::string& feature) const;
  sys::Async<json::array> interfaces(GuestId id);
  bool running(GuestId id) const;

  // Existence.
  task::Upid create(Caller caller, Creation creation);
  task::Upid destroy(Caller caller, GuestId id, Deletion deletion);

  // Configuration.
  sys::Async<void> set_config(Caller caller, GuestId id, ConfigChange change);

  // Power.
  task::Upid power_on(Caller caller, GuestId id, bool skip_lock);
  task::Upid power_off(Caller caller, GuestId id, bool skip_lock);  // at once
  task::Upid shut_down(Caller caller, GuestId id, StopOptions options);
  task::Upid reboot(Caller caller, GuestId id, std::chrono::seconds timeout);

  // The terminal that `cmode` names, as a pty that takes and gives bytes. A new viewer gets the
  // terminal of the one before.
  sys::Async<sys::Fd> console(GuestId id);
  // What a person would execute to run a program inside (`pct enter`, `pct exec`): standard
  // streams are the caller's. An empty command is root's shell.
  std::vector<std::string> attach_command(GuestId id,
                                          const std::vector<std::string>& command) const;

  // Any change of a container's state ("running", "stopped").
  using Listener = std::function<void(GuestId, const std::string& state)>;
  [[nodiscard]] std::shared_ptr<void> subscribe(Listener listener);

  // Idempotent: ends what is left of a run (processes, control groups, record).
  sys::Async<void> release(GuestId id);

  struct State;

 private:
  std::shared_ptr<State> state_;
};

}  // namespace posada::ct
