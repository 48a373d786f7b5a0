// Who may work on which aspect of a guest. Long operations hold named claims from one table of
// compatibility (claims.cc); what conflicts waits in order. A stronger power operation or a cancel
// overtakes and ends a weaker one. Committing a config edit needs no claim (see registry.h): it is
// done in microseconds and never held across I/O.
#pragma once

#include <memory>
#include <set>
#include <string>
#include <vector>

#include "base/ids.h"
#include "sys/async.h"

namespace posada::guest {

// exist: create, destroy; power: start, stop, …; config: edits that touch volumes; disk and net
// carry a key ("scsi0").
enum class Aspect { exist, power, config, disk, net, snapshot, migrate, backup };

struct Wanted {
  Aspect aspect;
  std::string key;         // for disk and net; empty: all of them
  bool shared = false;     // readers of the aspect do not exclude each other
};

// Strength of power operations: a stronger one cancels a weaker one that holds or waits.
enum class Strength { normal = 0, shutdown = 1, reset = 2, stop = 3, destroy = 4 };

struct Holder {
  std::string upid;        // task, or empty for a synchronous call
  std::string operation;   // what the lock text names: "backup", "create", "shutdown"
  Strength strength = Strength::normal;
  std::optional<sys::CancelToken> cancel;  // how a stronger operation ends this one
  // Called when the wait begins (with the holder it waits for) and ends (with an empty text).
  std::function<void(std::string)> waits_for;
};

class Claims;

// Released when destroyed.
class Claim {
 public:
  Claim() = default;
  Claim(Claim&&) noexcept = default;
  Claim& operator=(Claim&&) noexcept;
  ~Claim();
  void release();
  explicit operator bool() const { return static_cast<bool>(held_); }

  struct Held;  // of claims.cc

 private:
  friend class Claims;
  std::shared_ptr<Held> held_;
};

class Claims {
 public:
  explicit Claims(sys::Executor executor);
  ~Claims();

  // A task waits without limit, until its cancel token fires (then throws Cancelled).
  sys::Async<Claim> acquire(GuestId guest, std::vector<Wanted> wanted, Holder holder);
  // A synchronous call waits at most `limit`, then Error::busy `VM is locked (OPERATION)` (or
  // `CT is locked (…)`) with the holder's UPID.
  sys::Async<Claim> acquire_within(GuestId guest, std::vector<Wanted> wanted, Holder holder,
                                   sys::Milliseconds limit = sys::Milliseconds(4000),
                                   std::string_view noun = "VM");

  struct Row {
    GuestId guest;
    std::string operation, upid;
    bool waiting = false;
  };
  std::vector<Row> rows() const;  // for the page: who holds, who waits

  // The table: may both be held at once? Pure, tested row by row.
  static bool compatible(const Wanted& a, const Wanted& b);

  struct State;  // of claims.cc

 private:
  std::shared_ptr<State> state_;
};

}  // namespace posada::guest
