#include "telemetry/board.h"

#include <algorithm>
#include <cstring>
#include <deque>
#include <map>
#include <set>
#include <unordered_set>

#include "base/text.h"
#include "sys/file.h"

namespace posada::telemetry {

namespace {

// 53 bits, so that it is an exact number to every reader.
std::uint64_t random_epoch() {
  std::uint64_t number = 0;
  std::memcpy(&number, sys::random_bytes(sizeof number).data(), sizeof number);
  return std::max<std::uint64_t>(number >> 11, 1);
}

std::size_t hash_of(std::string_view id) {
  return std::hash<std::string_view>{}(id);
}

}  // namespace

struct Board::State {
  State(sys::Executor loop, const sys::Clock& injected, std::size_t remembered)
      : clock(injected), executor(std::move(loop)), limit(remembered), epoch(random_epoch()) {}

  void changed(std::string id) {
    ++sequence;
    ring.emplace_back(sequence, std::move(id));
    if (ring.size() > limit) ring.pop_front();
    wake();
  }

  void wake() {
    for (const std::shared_ptr<sys::Event>& event : std::exchange(waiting, {})) event->set();
  }

  // The first number from which the ring can tell all that follows.
  std::uint64_t oldest() const { return ring.empty() ? sequence : ring.front().first - 1; }

  std::string event_id() const { return std::to_string(epoch) + ":" + std::to_string(sequence); }

  const sys::Clock& clock;
  sys::Executor executor;
  std::size_t limit;
  std::uint64_t epoch;
  std::uint64_t sequence = 0;
  std::map<std::string, Row, std::less<>> rows;
  std::deque<std::pair<std::uint64_t, std::string>> ring;
  std::vector<std::shared_ptr<sys::Event>> waiting;
};

struct Board::Subscriber::State {
  std::shared_ptr<Board::State> board;
  Board::Filter filter;
  std::optional<std::uint64_t> seen;  // nothing: a snapshot is due
  bool first = true;
  // What the reader has, by hash: so that it hears of the end of what it may not see any more, and
  // of nothing else.
  std::unordered_set<std::size_t> shown;
  bool resumed = false;  // `shown` is not known from the start
  bool interrupted = false;
  std::shared_ptr<sys::Event> waits;
};

namespace {

using Reader = Board::Subscriber::State;

Update snapshot_of(Reader& reader) {
  Update update{reader.board->event_id(), true, {}, {}};
  reader.shown.clear();
  reader.resumed = false;
  for (const auto& [id, row] : reader.board->rows) {
    if (!reader.filter(id)) continue;
    update.rows.push_back(&row);
    reader.shown.insert(hash_of(id));
  }
  reader.seen = reader.board->sequence;
  return update;
}

// What changed since `seen`; nothing when only a snapshot can tell.
std::optional<Update> changes_of(Reader& reader) {
  Update update{reader.board->event_id(), false, {}, {}};
  const auto& ring = reader.board->ring;
  auto change =
      std::upper_bound(ring.begin(), ring.end(), *reader.seen,
                       [](std::uint64_t seen, const auto& entry) { return seen < entry.first; });
  std::set<std::string_view> ids;
  for (; change != ring.end(); ++change) ids.insert(change->second);
  for (const std::string_view id : ids) {
    const auto row = reader.board->rows.find(id);
    const bool allowed = reader.filter(id);
    const std::size_t hash = hash_of(id);
    if (row != reader.board->rows.end() && allowed) {
      update.rows.push_back(&row->second);
      reader.shown.insert(hash);
    } else if (reader.shown.erase(hash) != 0) {
      update.gone.emplace_back(id);
    } else if (reader.resumed) {
      // Did it have this row before it was cut off? When it may know of it, it is told; when not,
      // only a snapshot says neither too little nor too much.
      if (!allowed) return std::nullopt;
      update.gone.emplace_back(id);
    }
  }
  reader.seen = reader.board->sequence;
  return update;
}

std::optional<Update> update_now(Reader& reader) {
  const bool first = std::exchange(reader.first, false);
  if (!reader.seen || *reader.seen < reader.board->oldest()) return snapshot_of(reader);
  if (*reader.seen == reader.board->sequence && !first) return std::nullopt;
  std::optional<Update> update = changes_of(reader);
  if (!update) return snapshot_of(reader);
  // What changed may all be hidden from this reader; a first update is due all the same.
  if (!first && update->rows.empty() && update->gone.empty()) return std::nullopt;
  return update;
}

sys::Async<std::optional<Update>> next_update(std::shared_ptr<Reader> reader,
                                              sys::Milliseconds patience) {
  const sys::BootTime until = reader->board->clock.boot_time() + patience;
  while (true) {
    std::optional<Update> update = update_now(*reader);
    if (update) co_return update;
    const auto left =
        std::chrono::duration_cast<sys::Milliseconds>(until - reader->board->clock.boot_time());
    if (std::exchange(reader->interrupted, false) || left.count() <= 0) co_return std::nullopt;
    auto event = std::make_shared<sys::Event>(reader->board->executor);
    reader->board->waiting.push_back(event);
    reader->waits = event;
    co_await event->wait_for(left);
    reader->waits.reset();
    std::erase(reader->board->waiting, event);
  }
}

}  // namespace

Board::Board(sys::Executor executor, const sys::Clock& clock, std::size_t remembered)
    : state_(std::make_shared<State>(std::move(executor), clock, remembered)) {}
Board::~Board() = default;

void Board::publish(std::string_view source, std::string_view id, json::object values) {
  const auto found = state_->rows.find(id);
  if (found == state_->rows.end()) {
    std::string text = json::serialize(values);
    Row row{std::string(id),  std::string(source),   std::move(values),
            std::move(text),  state_->sequence + 1,  state_->clock.boot_time()};
    state_->rows.emplace(row.id, std::move(row));
  } else {
    Row& row = found->second;
    row.updated = state_->clock.boot_time();
    row.source = source;
    if (row.values == values) return;
    row.values = std::move(values);
    row.text = json::serialize(row.values);
    row.sequence = state_->sequence + 1;
  }
  state_->changed(std::string(id));
}

void Board::withdraw(std::string_view id) {
  const auto found = state_->rows.find(id);
  if (found == state_->rows.end()) return;
  std::string gone = found->first;
  state_->rows.erase(found);
  state_->changed(std::move(gone));
}

void Board::withdraw_source(std::string_view source) {
  std::vector<std::string> ids;
  for (const auto& [id, row] : state_->rows) {
    if (row.source == source) ids.push_back(id);
  }
  for (const std::string& id : ids) withdraw(id);
}

void Board::refresh_source(std::string_view source) {
  const sys::BootTime now = state_->clock.boot_time();
  for (auto& [id, row] : state_->rows) {
    if (row.source == source) row.updated = now;
  }
}

const Row* Board::find(std::string_view id) const {
  const auto found = state_->rows.find(id);
  return found == state_->rows.end() ? nullptr : &found->second;
}

void Board::each(std::string_view prefix, const std::function<void(const Row&)>& visit) const {
  for (auto row = state_->rows.lower_bound(prefix);
       row != state_->rows.end() && row->first.starts_with(prefix); ++row) {
    visit(row->second);
  }
}

sys::Milliseconds Board::age(const Row& row) const {
  return std::chrono::duration_cast<sys::Milliseconds>(state_->clock.boot_time() - row.updated);
}

std::uint64_t Board::sequence() const {
  return state_->sequence;
}
std::string Board::event_id() const {
  return state_->event_id();
}

Board::Subscriber Board::subscribe(Filter filter, std::string_view last_event_id) {
  auto reader = std::make_shared<Subscriber::State>();
  reader->board = state_;
  reader->filter = std::move(filter);
  const std::size_t colon = last_event_id.find(':');
  if (colon != std::string_view::npos) {
    const std::optional<std::int64_t> epoch = to_integer(last_event_id.substr(0, colon));
    const std::optional<std::int64_t> number = to_integer(last_event_id.substr(colon + 1));
    if (epoch && number && static_cast<std::uint64_t>(*epoch) == state_->epoch && *number >= 0 &&
        static_cast<std::uint64_t>(*number) <= state_->sequence) {
      reader->seen = static_cast<std::uint64_t>(*number);
      reader->resumed = true;
    }
  }
  return Subscriber(std::move(reader));
}

sys::Async<std::optional<Update>> Board::Subscriber::next(sys::Milliseconds patience) {
  return next_update(state_, patience);
}

void Board::Subscriber::interrupt() {
  state_->interrupted = true;
  if (state_->waits) state_->waits->set();
}

void Board::Subscriber::resynchronize() {
  state_->seen.reset();
  state_->board->wake();  // whoever waits in vain goes on waiting
}

}  // namespace posada::telemetry
