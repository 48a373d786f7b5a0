// The guests of one kind on this node, as far as machines and containers are the same: their
// parsed configs, the checks before an operation, claims, listeners, and what `guest/power.h` and
// `guest/destroy.h` need to know of a kind.
//
// The states of vm and ct derive from it. A coroutine that works on guests holds a shared pointer
// to it. Runs on the loop; has no lock and makes no system call.
#pragma once

#include <functional>
#include <list>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "access/privileges.h"
#include "base/error.h"
#include "guest/requests.h"

namespace posada::guest {

// The names and texts in which the kinds differ on the wire.
struct Words {
  GuestKind kind = GuestKind::vm;
  std::string noun;               // "VM": in messages and lock texts
  std::string code;               // "vm": begins error codes, failpoints, kinds of journal entries
  std::string task;               // "qm": begins the types of tasks
  std::string long_name;          // "machine": in logs
  std::string template_refusal;   // a template is not started
  std::string shutdown_failed;    // the guest did not react in time
  std::string stops_now;          // and is stopped instead
  std::string changed_meanwhile;  // the digest is not the config's
  std::string never_shrinks;      // a volume
};

// From a guest's start until nothing is left of it.
struct Run {
  Run(GuestId guest_, const sys::Executor& executor)
      : guest(guest_), ended(executor), script(executor) {}
  virtual ~Run() = default;
  Run(const Run&) = delete;
  Run& operator=(const Run&) = delete;

  const GuestId guest;
  sys::Event ended;
  bool end_wanted = false;  // a task waits for its end, and decides what comes after
  bool gone = false;        // nothing of it is left but its hook script
  sys::CancelToken script;  // ends the hook script post-stop
};

// A guest that is about to run: from the reading of its config until the start is done, and over
// the gap between the two runs of a restart. Until then it counts as running, so that nobody
// changes or removes what it is being started with.
class Guests;
class Starting {
 public:
  Starting(std::shared_ptr<Guests> guests, GuestId id);
  ~Starting();
  Starting(const Starting&) = delete;
  Starting& operator=(const Starting&) = delete;

 private:
  const std::shared_ptr<Guests> guests_;
  const GuestId id_;
};

struct ParsedConfig {
  std::uint64_t revision = 0;
  std::string digest;
  GuestConfig config;
};

class Guests : public std::enable_shared_from_this<Guests> {
 public:
  Guests(Words words, const Grammar& grammar, Parts parts);
  virtual ~Guests();
  Guests(const Guests&) = delete;
  Guests& operator=(const Guests&) = delete;

  // The run of a guest that is not off, whatever state it is in.
  virtual std::shared_ptr<Run> run_of(GuestId id) const = 0;
  // Starts the guest as its config says. The caller holds power.
  virtual sys::Async<void> launch_guest(task::Context& context, GuestId id) = 0;
  // Tells the guest to power off; whether it does shows in `ended`. `again`: it was told before,
  // and may have been too early in its boot to hear it.
  virtual sys::Async<void> ask_to_end(task::Context& context, std::shared_ptr<Run> run,
                                      bool again) = 0;
  // Ends the run whatever the guest does; a clean way out has `patience`.
  virtual sys::Async<void> end_hard(std::shared_ptr<Run> run, sys::Milliseconds patience) = 0;

  bool counts_as_running(GuestId id) const { return starting.contains(id) || run_of(id); }

  // Configs.
  Record require(GuestId id) const;
  const ParsedConfig& config(const Record& record);
  using Edit = std::function<void(GuestConfig&)>;
  std::string changed_text(const std::string& text, GuestId id, const Edit& change) const;
  // Volumes of the guest's own that any section names.
  std::vector<std::string> own_volumes(const GuestConfig& config, GuestId id) const;

  // Refusals. Each throws the wire's text.
  void check_lock(const GuestConfig& config, bool skip) const;
  void check(const Caller& caller, GuestId id, access::Privilege privilege) const;
  // Where the caller may make a guest of this number: the guest's path or its pool's.
  std::string check_may_create(const Caller& caller, GuestId id, const std::string& pool) const;
  void check_free(GuestId id) const;
  Error not_running(GuestId id) const;

  Holder holder(task::Context& context, std::string operation,
                Strength strength = Strength::normal) const;
  // A task about a guest; its type is the kind's prefix and `operation`.
  task::Upid start_task(const Caller& caller, GuestId id, std::string_view operation,
                        task::Work work);

  // Any change of a guest's state.
  using Listener = std::function<void(GuestId, const std::string& state)>;
  [[nodiscard]] std::shared_ptr<void> subscribe(Listener listener);
  void tell(GuestId id, const std::string& state);

  const Words words;
  const Grammar& config_grammar;
  Parts parts;
  std::map<GuestId, ParsedConfig> parsed;
  std::multiset<GuestId> starting;

 private:
  std::list<std::weak_ptr<Listener>> listeners_;
};

// In the details of a journal entry.
GuestId journalled_guest(const json::object& details);

}  // namespace posada::guest
