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
#include "guest/requests.h"
#include "sys/fd.h"
#include "task/worker.h"

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

struct Parts : guest::Parts {
  task::Workers& workers;
  // Where the bridges are: path of a network namespace; empty: the host's.
  std::function<sys::Async<std::string>()> network_namespace;
};

using guest::Caller;
using guest::CloneOptions;
using guest::ConfigChange;
using guest::Deletion;
using guest::StopOptions;

struct Creation : guest::Creation {
  std::string os_template;  // volume id of a vztmpl
  std::string password, ssh_keys;
};

struct VolumeMove {
  std::string key;      // "rootfs", "mp0"
  std::string storage;  // where it goes
  std::string digest;   // empty: not checked
  bool remove_source = false;
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
  json::object summary(const guest::Record& record) const;  // its row in lists
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
  task::Upid clone(Caller caller, GuestId id, CloneOptions options);
  sys::Async<void> make_template(Caller caller, GuestId id);

  // Configuration.
  sys::Async<void> set_config(Caller caller, GuestId id, ConfigChange change);
  // `size`: bytes with unit, or +bytes.
  task::Upid resize(Caller caller, GuestId id, std::string key, std::string size,
                    std::string digest);
  task::Upid move_volume(Caller caller, GuestId id, VolumeMove move);

  // Power.
  task::Upid power_on(Caller caller, GuestId id, bool skip_lock);
  task::Upid power_off(Caller caller, GuestId id, StopOptions options);  // at once
  task::Upid shut_down(Caller caller, GuestId id, StopOptions options);
  task::Upid reboot(Caller caller, GuestId id, std::chrono::seconds timeout);
  task::Upid suspend(Caller caller, GuestId id);  // its processes stop where they are
  task::Upid resume(Caller caller, GuestId id);

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
