// The virtual machines of this node: what the API calls. Containers have the same shape in ct.
//
// Owns the QEMU processes, their monitors, runtime records and live figures. A machine outlives
// the daemon: at start() every running one is found again by its record, and what has no process
// any more is released. Runs on the loop; never blocks it, never moves bulk data.
//
// Work that takes time is a task and answers its UPID at once; the rest answers itself and waits at
// most 4 s for a guest that somebody else works on. Privileges that depend on what a call does
// (which keys, which storage, which bridge) are checked here for `Caller::user`, whatever called.
//
// Crash safety: every step that changes the world is journalled before it, failpoints stand between
// the steps (names begin with "vm."), and release() is idempotent.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/ids.h"
#include "base/json.h"
#include "guest/properties.h"
#include "guest/requests.h"
#include "sys/fd.h"

namespace posada::vm {

enum class Acceleration { automatic, kvm, tcg };

struct Settings {
  std::string node;
  std::string instance;    // marks processes and cgroups of this node
  std::string run_folder;  // of ours alone (0700): sockets, runtime records
  std::string qemu = "qemu-system-x86_64";
  std::string worker;  // the program that shares serial ports
  Acceleration acceleration = Acceleration::automatic;
  unsigned first_uid = 0;  // a user for each running machine; 0: QEMU runs as we do
  unsigned uid_count = 0;
  std::string firmware_folder = "/usr/share/OVMF";
};

// A card's place on a bridge. What lives on the host (the interface) is named by guest and card.
struct NetPort {
  std::vector<sys::Fd> taps;    // none: user mode
  std::vector<sys::Fd> vhosts;  // as many as taps, or none
  std::string interface;
};

struct NetCounters {
  std::uint64_t in = 0;  // received by the guest
  std::uint64_t out = 0;
};

// What the network gives; empty functions: user mode only.
struct Network {
  std::function<sys::Async<NetPort>(GuestId, std::string key, guest::Properties card)> plug;
  std::function<sys::Async<void>(GuestId, std::string key)> unplug;  // absent is no error
  std::function<unsigned(std::string_view bridge)> bridge_mtu;
  std::function<std::optional<NetCounters>(const std::string& interface)> counters;
};

struct Parts : guest::Parts {
  Network network;
};

using guest::Caller;
using guest::CloneOptions;
using guest::ConfigChange;
using guest::Creation;
using guest::Deletion;
using guest::StopOptions;

struct StartOptions {
  bool skip_lock = false;
  std::string machine;  // instead of the config's
  std::string cpu;
  std::chrono::seconds timeout{0};  // 0: by memory
  bool paused = false;
};

struct MoveOptions {
  std::string disk;
  std::string storage;
  std::string format;  // empty: as it is
  std::string digest;
  bool remove = false;
  std::int64_t kib_per_second = 0;  // of a running machine; 0: no limit
};

struct SnapshotOptions {
  std::string name, description;
  bool memory = false;
};

class Machines {
 public:
  Machines(Settings settings, Parts parts);
  ~Machines();
  Machines(const Machines&) = delete;
  Machines& operator=(const Machines&) = delete;

  // Registers undo handlers; before Tasks::recover().
  void register_undo();
  // Finds what runs, releases what does not, begins to sample.
  sys::Async<void> start();
  // Leaves the machines running.
  sys::Async<void> stop();

  // Reading. Shapes are the API's: status, config, waiting changes.
  json::object summary(const guest::Record& record) const;  // its row in lists
  sys::Async<json::object> status(GuestId id);
  json::object config(GuestId id, bool current, const std::string& snapshot = {}) const;
  json::array pending(GuestId id) const;
  json::array snapshots(GuestId id) const;
  json::object feature(GuestId id, const std::string& feature, const std::string& snapshot) const;
  // The command as a person would type it: with paths instead of descriptors.
  std::string command_text(GuestId id, bool one_line, const std::string& snapshot = {}) const;
  bool running(GuestId id) const;

  // Existence.
  task::Upid create(Caller caller, Creation creation);
  task::Upid destroy(Caller caller, GuestId id, Deletion deletion);
  task::Upid clone(Caller caller, GuestId id, CloneOptions options);
  task::Upid make_template(Caller caller, GuestId id, const std::string& disk);

  // Configuration.
  sys::Async<void> set_config(Caller caller, GuestId id, ConfigChange change);
  task::Upid set_config_task(Caller caller, GuestId id, ConfigChange change);
  sys::Async<void> unlink(Caller caller, GuestId id, std::vector<std::string> disks, bool force);
  // `size`: bytes with unit, or +bytes.
  task::Upid resize(Caller caller, GuestId id, std::string disk, std::string size,
                    std::string digest, bool skip_lock);

  // To another storage or format, also while the machine runs. The old volume stays as unusedN
  // unless `remove`.
  task::Upid move_disk(Caller caller, GuestId id, MoveOptions options);

  // Cloud-init: what the drive says beside what it would say now; one of its files ("user",
  // "network", "meta"); writes the drive and changes it in the running machine.
  json::array cloudinit(GuestId id) const;
  std::string cloudinit_dump(GuestId id, const std::string& type) const;
  sys::Async<void> update_cloudinit(Caller caller, GuestId id);

  // Snapshots of the disks (qcow2), also while the machine runs.
  task::Upid snapshot(Caller caller, GuestId id, SnapshotOptions options);
  task::Upid remove_snapshot(Caller caller, GuestId id, std::string name, bool force);
  // Stops the machine first; `start`: starts it afterwards.
  task::Upid roll_back(Caller caller, GuestId id, std::string name, bool start);
  sys::Async<void> describe_snapshot(Caller caller, GuestId id, std::string name,
                                     std::string description);

  // Power.
  task::Upid power_on(Caller caller, GuestId id, StartOptions options);
  task::Upid power_off(Caller caller, GuestId id, StopOptions options);  // at once
  task::Upid shut_down(Caller caller, GuestId id, StopOptions options);  // asks the guest
  task::Upid reset(Caller caller, GuestId id, bool skip_lock);
  task::Upid reboot(Caller caller, GuestId id, std::chrono::seconds timeout);
  task::Upid suspend(Caller caller, GuestId id, bool to_disk, bool skip_lock);
  task::Upid resume(Caller caller, GuestId id, bool skip_lock, bool no_check);

  // A running machine.
  sys::Async<std::string> monitor(GuestId id, std::string command);
  sys::Async<void> send_key(GuestId id, std::string key);
  // Throws `QEMU guest agent is not running`, `No QEMU guest agent configured`, `VM 100 is not
  // running`.
  sys::Async<json::value> agent(GuestId id, std::string command, json::object arguments = {});
  // A new VNC connection with this one-time password (8 characters); the end for the client.
  sys::Async<sys::Fd> vnc(GuestId id, std::string password);
  // The serial port's bytes. A new viewer takes the place of the one before.
  sys::Async<sys::Fd> serial(GuestId id, int port);

  // Any change of a machine's state ("running", "stopped", "paused").
  using Listener = std::function<void(GuestId, const std::string& state)>;
  [[nodiscard]] std::shared_ptr<void> subscribe(Listener listener);

  // Idempotent: ends what is left of a run (process, interfaces, sockets, record).
  sys::Async<void> release(GuestId id);

  struct State;

 private:
  std::shared_ptr<State> state_;
};

}  // namespace posada::vm
