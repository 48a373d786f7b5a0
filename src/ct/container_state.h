// The inside of Containers, shared by the files that implement it. Internal to the module.
//
// `running` is the truth about processes: an entry is made by the start or by adopting, and goes
// only when release() has cleaned up after it, so nobody starts a container while an earlier run of
// it is still being cleaned up. The run folder is described in lxc/order.h.
#pragma once

#include <list>
#include <map>
#include <memory>

#include "ct/config.h"
#include "ct/containers.h"
#include "ct/lxc_config.h"
#include "sys/cgroup_view.h"
#include "sys/process.h"

namespace posada::ct {

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

struct Running {
  explicit Running(const sys::Executor& executor) : ended(executor) {}
  GuestId guest;
  int init = 0;
  int monitor_pid = 0;
  std::int64_t started = 0;     // Unix time
  guest::ConfigSection config;  // that it was started with
  std::optional<sys::Child> monitor;
  sys::Event ended;              // set when nothing is left of the run
  sys::Fd terminal_reservation;  // of the last viewer
  Figures figures;
};

struct ParsedConfig {
  std::uint64_t revision = 0;
  std::string digest;
  guest::GuestConfig config;
};

struct Containers::State : std::enable_shared_from_this<Containers::State> {
  State(Settings settings, Parts parts);

  Settings settings;
  Parts parts;
  sys::CgroupView cgroups;
  sys::Pool files;
  sys::Scope scope;
  std::map<GuestId, std::shared_ptr<Running>> running;
  std::map<GuestId, ParsedConfig> parsed;
  // One clean-up of a container at a time.
  std::map<GuestId, std::shared_ptr<sys::AsyncMutex>> releasing;
  std::list<std::weak_ptr<Listener>> listeners;

  // Configs.
  guest::Record require(GuestId id) const;
  const ParsedConfig& config(const guest::Record& record);
  static std::string changed_text(const std::string& text, GuestId id,
                                  const std::function<void(guest::GuestConfig&)>& change);
  void check_lock(const guest::GuestConfig& config, bool skip) const;
  void check(const Caller& caller, GuestId id, access::Privilege privilege) const;
  // Each key's own privilege on `path` (the guest's, or the pool's that it is made in).
  void check_keys(const Caller& caller, std::string_view path, const guest::Values& set,
                  const std::vector<std::string>& unset) const;
  void check_volume(const Caller& caller, GuestId id, const MountPoint& mount) const;

  // The host.
  HostFacts host() const;
  std::string folder(GuestId id) const { return settings.run_folder + "/" + id.text(); }
  std::string group(GuestId id) const { return "posada/" + settings.instance + "/ct-" + id.text(); }
  unsigned root_id(const guest::ConfigSection& config) const;

  guest::Holder holder(task::Context& context, std::string operation,
                       guest::Strength strength = guest::Strength::normal) const;

  // Runs (runtime.cc).
  std::shared_ptr<Running> find(GuestId id) const;
  std::shared_ptr<Running> require_running(GuestId id) const;
  void tell(GuestId id, const std::string& state);
  static sys::Async<void> follow(std::shared_ptr<State> self, std::shared_ptr<Running> run);
  static sys::Async<void> adopt(std::shared_ptr<State> self, GuestId id);
  static sys::Async<void> release(std::shared_ptr<State> self, GuestId id);
  static sys::Async<void> sample_all(std::shared_ptr<State> self);
  static sys::Async<void> sample(std::shared_ptr<State> self, std::shared_ptr<Running> run);
  void apply_limits(GuestId id, const guest::ConfigSection& config) const;

  // Power (power.cc).
  static sys::Async<void> launch(std::shared_ptr<State> self, task::Context& context, GuestId id);
  static sys::Async<void> power_on(std::shared_ptr<State> self, task::Context& context, GuestId id,
                                   bool skip_lock);
  static sys::Async<void> kill(std::shared_ptr<State> self, std::shared_ptr<Running> run);
  // What waits takes effect: only while the container does not run.
  static sys::Async<void> apply_pending(std::shared_ptr<State> self, task::Context& context,
                                        guest::Record record);

  // Existence (create.cc, destroy.cc).
  static sys::Async<void> create(std::shared_ptr<State> self, task::Context& context, Caller caller,
                                 Creation creation);
  static sys::Async<void> destroy(std::shared_ptr<State> self, task::Context& context,
                                  guest::Record record, Deletion deletion);
  // Makes the volumes that `values` asks for, journalled, and writes their names into it.
  static sys::Async<void> prepare_volumes(std::shared_ptr<State> self, task::Context& context,
                                          Caller caller, GuestId id, guest::Values& values,
                                          unsigned root_id, std::vector<storage::Volume>& made);

  // Changes (change.cc).
  static sys::Async<void> change(std::shared_ptr<State> self, task::Context& context, Caller caller,
                                 GuestId id, ConfigChange change);
  static sys::Async<void> drop_volumes(std::shared_ptr<State> self, task::Context& context,
                                       const guest::Record& record, std::vector<std::string> list);
};

// Undo of journalled steps, by kind; after a crash they run in a new process.
sys::Async<std::string> undo_run(std::shared_ptr<Containers::State> state, json::object details);
sys::Async<std::string> undo_volume(std::shared_ptr<Containers::State> state, json::object details);
sys::Async<std::string> finish_destroy(std::shared_ptr<Containers::State> state,
                                       json::object details);

Error already_exists(const guest::Record& record);
Error not_running(GuestId id);
// Whether the volume is a disk of this guest.
bool is_own_volume(std::string_view volume, GuestId id);

}  // namespace posada::ct
