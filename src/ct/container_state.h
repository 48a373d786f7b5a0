// The inside of Containers, shared by the files that implement it. Internal to the module.
//
// `running` is the truth about processes: an entry is made by the start or by adopting, and goes
// only when release() has cleaned up after it, so nobody starts a container while an earlier run of
// it is still being cleaned up. The run folder is described in lxc/order.h.
#pragma once

#include <map>
#include <memory>

#include "ct/config.h"
#include "ct/containers.h"
#include "ct/lxc_config.h"
#include "guest/guests.h"
#include "sys/cgroup_view.h"
#include "sys/process.h"

namespace posada::ct {

constexpr int kill_signal = 9;

// Sampled; ages with `sampled`.
struct Figures {
  sys::BootTime sampled{0};
  std::uint64_t cpu_nanoseconds = 0;
  double cpu = 0;  // part of its CPUs, 0 … 1
  std::uint64_t memory = 0, swap = 0;
  std::uint64_t disk_read = 0, disk_written = 0;
  std::uint64_t net_in = 0, net_out = 0;
  std::uint64_t disk_used = 0, disk_total = 0;
};

struct Running : guest::Run {
  using Run::Run;
  int init = 0;
  bool frozen = false;          // suspended
  std::int64_t started = 0;     // Unix time
  guest::ConfigSection config;  // that it was started with
  std::optional<sys::Child> monitor;
  sys::Fd terminal_reservation;  // of the last viewer
  Figures figures;
};

using guest::ParsedConfig;

struct Containers::State : guest::Guests {
  State(Settings settings, Parts parts);

  // What a container is to power.h and destroy.h of guest.
  std::shared_ptr<guest::Run> run_of(GuestId id) const override { return find(id); }
  sys::Async<void> launch_guest(task::Context& context, GuestId id) override;
  sys::Async<void> ask_to_end(task::Context& context, std::shared_ptr<guest::Run> run,
                              bool again) override;
  sys::Async<void> end_hard(std::shared_ptr<guest::Run> run, sys::Milliseconds patience) override;
  std::shared_ptr<State> shared() { return std::static_pointer_cast<State>(shared_from_this()); }

  Settings settings;
  task::Workers& workers;
  std::function<sys::Async<std::string>()> network_namespace;
  sys::CgroupView cgroups;
  sys::Pool files;
  sys::Scope scope;
  std::map<GuestId, std::shared_ptr<Running>> running;
  // One clean-up of a container at a time.
  std::map<GuestId, std::shared_ptr<sys::AsyncMutex>> releasing;

  // Rights.
  // Each key's own privilege on `path` (the guest's, or the pool's that it is made in).
  void check_keys(const Caller& caller, std::string_view path, const guest::Values& set,
                  const std::vector<std::string>& unset) const;
  void check_volume(const Caller& caller, GuestId id, const MountPoint& mount) const;

  // The host.
  HostFacts host() const;
  std::string folder(GuestId id) const { return settings.run_folder + "/" + id.text(); }
  std::string group(GuestId id) const { return "posada/" + settings.instance + "/ct-" + id.text(); }
  unsigned root_id(const guest::ConfigSection& config) const;

  // Runs (runtime.cc).
  std::shared_ptr<Running> find(GuestId id) const;
  std::shared_ptr<Running> require_running(GuestId id) const;
  static sys::Async<void> follow(std::shared_ptr<State> self, std::shared_ptr<Running> run);
  static sys::Async<void> adopt(std::shared_ptr<State> self, GuestId id);
  static sys::Async<void> release(std::shared_ptr<State> self, GuestId id);
  // The process that holds the container, found by what posada-lxc left; nothing: it does not run.
  static std::optional<sys::Child> monitor_of(std::shared_ptr<State> self, GuestId id);
  static sys::Async<void> sample_all(std::shared_ptr<State> self);
  static sys::Async<void> sample(std::shared_ptr<State> self, std::shared_ptr<Running> run);
  void apply_limits(GuestId id, const guest::ConfigSection& config) const;

  // Power (power.cc).
  static sys::Async<void> launch(std::shared_ptr<State> self, task::Context& context, GuestId id);
  static sys::Async<void> power_on(std::shared_ptr<State> self, task::Context& context, GuestId id,
                                   bool skip_lock);
  static sys::Async<void> freeze(std::shared_ptr<State> self, std::shared_ptr<Running> run,
                                 bool frozen);

  // Existence (create.cc).
  static sys::Async<void> create(std::shared_ptr<State> self, task::Context& context, Caller caller,
                                 Creation creation);
  // Volumes (volumes.cc). New ones are journalled; the caller adopts them.
  static sys::Async<storage::Volume> make_volume(std::shared_ptr<State> self,
                                                 task::Context& context, GuestId owner,
                                                 NewVolume wanted, unsigned root_id);
  // On `storage`, or where the original is when that is empty.
  static sys::Async<storage::Volume> copy_volume(std::shared_ptr<State> self,
                                                 task::Context& context, MountPoint mount,
                                                 GuestId owner, std::string storage,
                                                 unsigned root_id);
  // Makes the volumes that `values` asks for, journalled, and writes their names into it.
  static sys::Async<void> prepare_volumes(std::shared_ptr<State> self, task::Context& context,
                                          Caller caller, GuestId id, guest::Values& values,
                                          unsigned root_id, std::vector<storage::Volume>& made);

  // Changes (change.cc).
  static sys::Async<void> change(std::shared_ptr<State> self, task::Context& context, Caller caller,
                                 GuestId id, ConfigChange change);
};

// Undo of journalled steps, by kind; after a crash they run in a new process.
sys::Async<std::string> undo_run(std::shared_ptr<Containers::State> state, json::object details);
// A volume that has grown: the config says so, and its file system follows.
sys::Async<std::string> finish_resize(std::shared_ptr<Containers::State> state,
                                      json::object details);

}  // namespace posada::ct
