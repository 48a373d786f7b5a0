#include "guest/claims.h"

#include <deque>
#include <list>
#include <map>

#include <boost/asio/this_coro.hpp>

namespace posada::guest {

struct Claim::Held {
  GuestId guest;
  std::vector<Wanted> wanted;
  Holder holder;
  std::weak_ptr<Claims::State> owner;
};

// One who waits: `turn` is set when the claim is granted or must be asked for again.
struct Waiter {
  explicit Waiter(const sys::Executor& executor) : turn(executor) {}
  std::shared_ptr<Claim::Held> held;
  sys::Event turn;
  bool granted = false;
  std::string blocker;  // operation and UPID it waits for, as told to the user
};

struct Queue {
  std::list<std::shared_ptr<Claim::Held>> holding;
  std::list<std::shared_ptr<Waiter>> waiting;  // in order of arrival, stronger power first
};

struct Claims::State : std::enable_shared_from_this<Claims::State> {
  explicit State(sys::Executor executor) : executor(std::move(executor)) {}
  sys::Executor executor;
  std::map<GuestId, Queue> queues;

  void grant(GuestId guest);
  void release(const std::shared_ptr<Claim::Held>& held);
  void drop(GuestId guest, const std::shared_ptr<Waiter>& waiter);
};

namespace {

bool same_key(const Wanted& a, const Wanted& b) {
  return a.key.empty() || b.key.empty() || a.key == b.key;
}

// The table. Rows and columns in the order of Aspect; `*` everything excludes, `k` excludes when
// the keys meet, unless both are shared, `s` excludes unless both are shared, `.` both may be held.
//                       exist power config disk net snap migr backup
constexpr std::string_view table[] = {
    /* exist    */ "s*******",
    /* power    */ "*s....*.",
    /* config   */ "*.s..**.",
    /* disk     */ "*..k.***",
    /* net      */ "*...k.*.",
    /* snapshot */ "*.**.s**",
    /* migrate  */ "*******s",
    /* backup   */ "*..*.*ss",
};

// A stronger power operation ends a weaker one that holds power or waits for it.
bool overtakes(const Claim::Held& newer, const Claim::Held& older) {
  return newer.holder.strength > older.holder.strength &&
         older.holder.strength >= Strength::shutdown && older.holder.cancel.has_value();
}

bool all_compatible(const std::vector<Wanted>& a, const std::vector<Wanted>& b) {
  for (const Wanted& one : a) {
    for (const Wanted& other : b) {
      if (!Claims::compatible(one, other)) return false;
    }
  }
  return true;
}

const Claim::Held* blocker_of(const Queue& queue, const Waiter& waiter) {
  for (const auto& held : queue.holding) {
    if (!all_compatible(held->wanted, waiter.held->wanted)) return held.get();
  }
  for (const auto& earlier : queue.waiting) {
    if (earlier.get() == &waiter) return nullptr;
    if (!all_compatible(earlier->held->wanted, waiter.held->wanted)) return earlier->held.get();
  }
  return nullptr;
}

}  // namespace

bool Claims::compatible(const Wanted& a, const Wanted& b) {
  switch (table[static_cast<std::size_t>(a.aspect)][static_cast<std::size_t>(b.aspect)]) {
    case '.':
      return true;
    case 's':
      return a.shared && b.shared;
    case 'k':
      return !same_key(a, b) || (a.shared && b.shared);
    default:
      return false;
  }
}

void Claims::State::grant(GuestId guest) {
  const auto found = queues.find(guest);
  if (found == queues.end()) return;
  Queue& queue = found->second;
  for (auto at = queue.waiting.begin(); at != queue.waiting.end();) {
    const std::shared_ptr<Waiter> waiter = *at;
    if (blocker_of(queue, *waiter)) {
      ++at;
      continue;
    }
    at = queue.waiting.erase(at);
    queue.holding.push_back(waiter->held);
    waiter->granted = true;
    waiter->turn.set();
  }
  if (queue.holding.empty() && queue.waiting.empty()) queues.erase(found);
}

void Claims::State::release(const std::shared_ptr<Claim::Held>& held) {
  const auto found = queues.find(held->guest);
  if (found == queues.end()) return;
  found->second.holding.remove(held);
  grant(held->guest);
}

void Claims::State::drop(GuestId guest, const std::shared_ptr<Waiter>& waiter) {
  const auto found = queues.find(guest);
  if (found == queues.end()) return;
  found->second.waiting.remove(waiter);
  grant(guest);
}

Claim& Claim::operator=(Claim&& other) noexcept {
  if (this != &other) {
    release();
    held_ = std::move(other.held_);
  }
  return *this;
}

Claim::~Claim() {
  release();
}

void Claim::release() {
  const std::shared_ptr<Held> held = std::move(held_);
  held_ = nullptr;
  if (!held) return;
  if (const auto owner = held->owner.lock()) owner->release(held);
}

Claims::Claims(sys::Executor executor) : state_(std::make_shared<State>(std::move(executor))) {}
Claims::~Claims() = default;

namespace {

std::string waits_text(const Claim::Held& blocker) {
  std::string text = "waiting for '" + blocker.holder.operation + "'";
  if (!blocker.holder.upid.empty()) text += " (" + blocker.holder.upid + ")";
  return text;
}

// Puts the waiter in its place: before weaker power operations, which it ends.
void enqueue(Queue& queue, const std::shared_ptr<Waiter>& waiter) {
  const std::string reason = "overtaken by '" + waiter->held->holder.operation + "'";
  for (const auto& held : queue.holding) {
    if (overtakes(*waiter->held, *held) && !all_compatible(held->wanted, waiter->held->wanted)) {
      held->holder.cancel->cancel(reason);
    }
  }
  auto place = queue.waiting.end();
  for (auto at = queue.waiting.begin(); at != queue.waiting.end(); ++at) {
    if (!overtakes(*waiter->held, *(*at)->held)) continue;
    (*at)->held->holder.cancel->cancel(reason);
    (*at)->turn.set();
    if (place == queue.waiting.end()) place = at;
  }
  queue.waiting.insert(place, waiter);
}

}  // namespace

sys::Async<Claim> Claims::acquire(GuestId guest, std::vector<Wanted> wanted, Holder holder) {
  co_return co_await acquire_within(guest, std::move(wanted), std::move(holder),
                                    sys::Milliseconds::max());
}

sys::Async<Claim> Claims::acquire_within(GuestId guest, std::vector<Wanted> wanted, Holder holder,
                                         sys::Milliseconds limit, std::string_view noun) {
  const std::shared_ptr<State> state = state_;
  const std::string name(noun);
  auto held = std::make_shared<Claim::Held>();
  held->guest = guest;
  held->wanted = std::move(wanted);
  held->holder = std::move(holder);
  held->owner = state;
  auto waiter = std::make_shared<Waiter>(state->executor);
  waiter->held = held;
  enqueue(state->queues[guest], waiter);
  state->grant(guest);

  // Ends the wait when the coroutine goes for any other reason than being granted.
  struct Leave {
    State& state;
    const std::shared_ptr<Waiter>& waiter;
    bool active = true;
    ~Leave() {
      if (!active) return;
      if (waiter->granted) {
        state.release(waiter->held);
      } else {
        state.drop(waiter->held->guest, waiter);
      }
    }
  } leave{*state, waiter};

  if (!waiter->granted) {
    const Claim::Held* blocker = blocker_of(state->queues[guest], *waiter);
    const std::string operation = blocker ? blocker->holder.operation : "";
    const std::string upid = blocker ? blocker->holder.upid : "";
    if (held->holder.waits_for && blocker) held->holder.waits_for(waits_text(*blocker));
    sys::Scope watcher(state->executor);
    if (held->holder.cancel) {
      watcher.spawn(
          "claim", [](sys::CancelToken token, std::shared_ptr<Waiter> waiting) -> sys::Async<void> {
            co_await token.wait();
            waiting->turn.set();
          }(*held->holder.cancel, waiter));
    }
    const bool woken = co_await waiter->turn.wait_for(limit);
    watcher.stop();
    if (!waiter->granted) {
      if (held->holder.cancel) held->holder.cancel->check();
      if (!woken) throw Error::busy(name + " is locked (" + operation + ")", upid);
      throw Cancelled{"overtaken"};
    }
    if (held->holder.waits_for) held->holder.waits_for("");
  }
  leave.active = false;
  Claim claim;
  claim.held_ = held;
  co_return claim;
}

std::vector<Claims::Row> Claims::rows() const {
  std::vector<Row> rows;
  for (const auto& [guest, queue] : state_->queues) {
    for (const auto& held : queue.holding) {
      rows.push_back({guest, held->holder.operation, held->holder.upid, false});
    }
    for (const auto& waiter : queue.waiting) {
      rows.push_back({guest, waiter->held->holder.operation, waiter->held->holder.upid, true});
    }
  }
  return rows;
}

}  // namespace posada::guest
