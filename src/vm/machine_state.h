// The inside of Machines, shared by the files that implement it. Internal to the module.
//
// `running` is the truth about processes: an entry is made by the start that spawns QEMU or by
// adopting one, and goes only when release() has cleaned up after it, so nobody starts a machine
// while an earlier run of it is still being cleaned up.
#pragma once

#include <map>
#include <memory>
#include <set>

#include "guest/guests.h"
#include "guest/resize.h"
#include "sys/cgroup.h"
#include "sys/process.h"
#include "vm/agent.h"
#include "vm/command_line.h"
#include "vm/machines.h"
#include "vm/qmp.h"
#include "vm/runtime_record.h"

namespace posada::vm {

// Sampled; ages with `sampled`.
struct Figures {
  sys::BootTime sampled{0};
  double cpu_seconds = 0;
  double cpu = 0;  // part of its CPUs, 0 … 1
  std::uint64_t memory = 0, host_memory = 0;
  std::uint64_t disk_read = 0, disk_written = 0;
  std::uint64_t net_in = 0, net_out = 0;
  std::map<std::string, NetCounters> nics;
  std::int64_t balloon = 0;  // bytes; 0: not known
  json::object block_stats, balloon_info;
};

struct Running : guest::Run {
  Running(GuestId id, const sys::Executor& executor) : Run(id, executor), unplugged(executor) {}
  RuntimeRecord record;
  std::optional<sys::Child> child;
  std::unique_ptr<Qmp> qmp;
  std::unique_ptr<Agent> agent;
  std::string state = "unknown";   // as QEMU says it: running, paused, prelaunch, …
  std::string last_words;          // what QEMU wrote before it ended
  bool told_agent = false;         // its agent has heard that it is to power off
  sys::Event unplugged;            // set when QEMU says that a device has gone
  std::set<std::string> released;  // names of those devices
  Figures figures;
  int ports_shared = 0;  // how often a serial port was given to a new process that shares it
};

using Parsed = guest::ParsedConfig;

struct Machines::State : guest::Guests {
  State(Settings settings, Parts parts);

  // What a machine is to power.h and destroy.h of guest.
  std::shared_ptr<guest::Run> run_of(GuestId id) const override { return find(id); }
  sys::Async<void> launch_guest(task::Context& context, GuestId id) override;
  sys::Async<void> ask_to_end(task::Context& context, std::shared_ptr<guest::Run> run,
                              bool again) override;
  sys::Async<void> end_hard(std::shared_ptr<guest::Run> run, sys::Milliseconds patience) override;

  Settings settings;
  Network network;
  sys::Cgroups cgroups;
  sys::Pool files;
  sys::Scope scope;
  std::map<GuestId, std::shared_ptr<Running>> running;
  std::set<unsigned> uids;
  std::optional<Version> qemu_version;
  sys::AsyncMutex probing;
  std::map<GuestId, std::shared_ptr<sys::AsyncMutex>> releasing;

  // The host.
  sys::Async<Version> version();
  sys::Async<HostFacts> host();
  bool accelerated() const;
  std::string folder(GuestId id) const;
  std::string mark(GuestId id) const;
  std::string group(GuestId id) const { return "vm-" + id.text(); }

  // Claims for a call.
  using guest::Guests::holder;
  guest::Holder holder(std::string operation) const;
  std::shared_ptr<State> shared();

  // Runs (runtime.cc).
  std::shared_ptr<Running> find(GuestId id) const;
  std::shared_ptr<Running> require_running(GuestId id) const;
  sys::Async<void> save(std::shared_ptr<Running> run);
  static sys::Async<void> attach(std::shared_ptr<State> self, std::shared_ptr<Running> run);
  static sys::Async<void> follow(std::shared_ptr<State> self, std::shared_ptr<Running> run);
  static sys::Async<void> adopt(std::shared_ptr<State> self, GuestId id);
  static sys::Async<void> release(std::shared_ptr<State> self, GuestId id);
  static sys::Async<void> release_alone(std::shared_ptr<State> self, GuestId id);
  static sys::Async<void> sample_all(std::shared_ptr<State> self);
  static sys::Async<void> sample(std::shared_ptr<State> self, std::shared_ptr<Running> run);
  void hear(GuestId id, const QmpEvent& event);
  static sys::Async<void> ask_state(std::shared_ptr<State> self, std::shared_ptr<Running> run);
  // After a reset by the guest: QEMU ends and is started anew where changes wait for that.
  void bring_changes_in(std::shared_ptr<Running> run);
  static void start_again(std::shared_ptr<State> self, GuestId id);
  // What an earlier daemon of this boot was starting anew when it ended.
  std::set<GuestId> interrupted_restarts;

  // Power (launch.cc, power.cc).
  static sys::Async<void> launch(std::shared_ptr<State> self, task::Context& context, GuestId id,
                                 StartOptions options);
  static sys::Async<void> power_on(std::shared_ptr<State> self, task::Context& context, GuestId id,
                                   StartOptions options);
  static sys::Async<void> kill(std::shared_ptr<Running> run, sys::Milliseconds patience);

  // Existence (create.cc, clone.cc).
  static sys::Async<void> create(std::shared_ptr<State> self, task::Context& context, Caller caller,
                                 Creation creation);
  static sys::Async<void> clone(std::shared_ptr<State> self, task::Context& context, GuestId id,
                                CloneOptions options);
  static sys::Async<void> make_template(std::shared_ptr<State> self, task::Context& context,
                                        GuestId id, std::string disk);

  // Changes (change.cc, plug.cc).
  // `patient`: waits for the guest without limit, as a task does.
  static sys::Async<void> change(std::shared_ptr<State> self, task::Context& context, Caller caller,
                                 GuestId id, ConfigChange change, bool patient);
  static sys::Async<void> resize(std::shared_ptr<State> self, task::Context& context, GuestId id,
                                 std::string disk, guest::WantedSize size, std::string digest);
  // Tries to bring a waiting change into the running machine; false: it waits for the next start.
  static sys::Async<bool> plug(std::shared_ptr<State> self, task::Context& context,
                               std::shared_ptr<Running> run, std::string key,
                               std::optional<std::string> value);

  // move_disk.cc
  static sys::Async<void> move_disk(std::shared_ptr<State> self, task::Context& context, GuestId id,
                                    MoveOptions options);

  // Cloud-init (cloudinit_drive.cc). Writes the machine's disc when what it says has changed or
  // `always`; a running machine gets it at once. The caller holds config or power.
  static sys::Async<void> write_cloudinit(std::shared_ptr<State> self, task::Context& context,
                                          guest::Record record, bool always);
  // A plain `cipassword` becomes a hash.
  static sys::Async<void> hash_password(std::shared_ptr<State> self, guest::Values& values);

  // Snapshots (snapshot.cc).
  static sys::Async<void> snapshot(std::shared_ptr<State> self, task::Context& context, GuestId id,
                                   SnapshotOptions options);
  static sys::Async<void> remove_snapshot(std::shared_ptr<State> self, task::Context& context,
                                          GuestId id, std::string name, bool force);
  static sys::Async<void> roll_back(std::shared_ptr<State> self, task::Context& context, GuestId id,
                                    std::string name, bool start);

  // Disks that a request names, made or checked; `values` gets what the config will say. What was
  // made is journalled, and added to `made`.
  static sys::Async<void> prepare_disks(std::shared_ptr<State> self, task::Context& context,
                                        Caller caller, GuestId id, guest::Values& values,
                                        std::string default_storage,
                                        std::vector<storage::Volume>& made);
  void check_volume(const Caller& caller, GuestId id, const Drive& disk) const;
  // Each key's own privilege on `path` (the guest's, or the pool's that it is made in).
  void check_keys(const Caller& caller, std::string_view path, const guest::Values& set,
                  const std::vector<std::string>& unset) const;
};

// Opens the volume and hands it to QEMU as a new set of descriptors (plug.cc).
sys::Async<DiskSource> hand_disk(std::shared_ptr<Machines::State> self,
                                 std::shared_ptr<Running> run, Drive disk);
// QEMU closes a set's files, so that a volume that is removed gives back its space.
sys::Async<void> take_set(std::shared_ptr<Running> run, std::optional<int> set);

// Undo of journalled steps, by kind; after a crash they run in a new process.
sys::Async<std::string> undo_run(std::shared_ptr<Machines::State> state, json::object details);
// What a crash left of a snapshot: half made is taken back, half removed or half gone back to is
// finished.
sys::Async<std::string> undo_snapshot(std::shared_ptr<Machines::State> state, json::object details);
sys::Async<std::string> finish_snapshot_work(std::shared_ptr<Machines::State> state,
                                             json::object details);

// What the config says about the host's CPUs: weight and limit go to the control group; "0,5,8-11".
void share_cpu(Machines::State& state, GuestId id, const guest::ConfigSection& config);
std::set<unsigned> processors_of(std::string_view text);

// The last lines that QEMU wrote, for the user.
std::string last_words(const std::string& log);

}  // namespace posada::vm
