// The live status board: the newest figures of every resource of this cluster, each with its age,
// and the stream of their changes. Nothing here enters the store or outlives the process.
//
// Sources (this node's guests and storages, other nodes' streams) publish whole rows under an id
// ("qemu/100", "node/n1", "task/UPID…"). Every change gets the next sequence number; a subscriber
// pulls what changed since the last one it saw, several changes of a row in one, so a slow reader
// costs nothing and gets newer figures less often. One thread: all on the loop.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "sys/async.h"
#include "sys/clock.h"

namespace posada::telemetry {

struct Row {
  std::string id;
  std::string source;
  json::object values;
  std::string text;             // the values as JSON, printed once for all readers
  std::uint64_t sequence = 0;  // of its last change
  sys::BootTime updated{};     // when its source last spoke of it
};

// What a subscriber is told at once.
struct Update {
  std::string event_id;           // "EPOCH:SEQUENCE": resumes after this update
  bool snapshot = false;          // all rows that may be seen, instead of changes
  std::vector<const Row*> rows;   // good until the next suspension
  std::vector<std::string> gone;  // ids
};

class Board {
 public:
  // Which resources a subscriber may see.
  using Filter = std::function<bool(std::string_view id)>;

  // Changes of the last `remembered` numbers can be resumed; older ones become a snapshot.
  Board(sys::Executor executor, const sys::Clock& clock, std::size_t remembered = 50'000);
  ~Board();

  // The whole row. Equal values only make it young again.
  void publish(std::string_view source, std::string_view id, json::object values);
  void withdraw(std::string_view id);
  // All rows of a source that went for good.
  void withdraw_source(std::string_view source);
  // The source still stands by all that it published.
  void refresh_source(std::string_view source);

  const Row* find(std::string_view id) const;
  void each(std::string_view prefix, const std::function<void(const Row&)>& visit) const;
  sys::Milliseconds age(const Row& row) const;
  std::uint64_t sequence() const;
  std::string event_id() const;

  class Subscriber {
   public:
    // The first call answers at once: a snapshot, or what changed since `last_event_id`. Later ones
    // wait; nothing when the time passes without a change.
    sys::Async<std::optional<Update>> next(sys::Milliseconds patience);
    // A call that waits, or else the next one, ends with what there is: for whoever has other
    // news to tell.
    void interrupt();
    // The next update is a snapshot: for whoever's permissions changed.
    void resynchronize();

    struct State;
    explicit Subscriber(std::shared_ptr<State> state) : state_(std::move(state)) {}

   private:
    std::shared_ptr<State> state_;
  };
  // `last_event_id` of another epoch, unreadable, too old or empty: begins with a snapshot.
  // The subscriber may outlive the board and then waits for nothing.
  Subscriber subscribe(Filter filter, std::string_view last_event_id = {});

  struct State;

 private:
  std::shared_ptr<State> state_;
};

}  // namespace posada::telemetry
