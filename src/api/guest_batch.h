// The same power operation on many guests of this node, in their start order: what the node does
// with all of them at once. Runs inside a task; a guest that fails is a warning and stops no other.
#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <vector>

#include "api/call.h"
#include "base/ids.h"
#include "task/tasks.h"

namespace posada::api {

enum class BatchAction { start, shutdown, suspend };

struct Batch {
  BatchAction action = BatchAction::start;
  std::vector<GuestId> only;  // empty: all of the node
  bool force = false;  // start: those without `onboot` too; shutdown: stop at the end of time
  bool also_running = false;          // start: who runs already is listed all the same
  bool to_disk = false;               // suspend
  std::chrono::seconds timeout{180};  // of a shutdown, where the guest's config says no other
  std::size_t workers = 1;            // guests of one place in the order that are worked on at once
  std::chrono::seconds delay{0};      // before the first
  std::function<void(GuestId)> tried = {};  // told of each guest when its part has ended
  Identity user;
  std::string request;
};

struct BatchGuest {
  GuestId id;
  GuestKind kind = GuestKind::vm;
  std::int64_t order = 0;        // guests without one come last
  std::chrono::seconds up{0};    // to wait after its start
  std::chrono::seconds down{0};  // patience of its shutdown; 0: the batch's
};

// Who is concerned, in the order in which they are worked on: a shutdown goes the other way round.
std::vector<BatchGuest> guests_of(const Services& services, const Batch& batch);

sys::Async<void> run_batch(const Services& services, task::Context& context, Batch batch);

// The caller needs VM.PowerMgmt on every guest named, or on /vms when none is. Throws
// Error::parameter("vms", …) for a guest that does not exist.
void check_batch(const Call& call, const Batch& batch);

}  // namespace posada::api
