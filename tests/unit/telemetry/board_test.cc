// The live status board and its stream of changes.
#include "telemetry/board.h"

#include <algorithm>
#include <stdexcept>

#include <gtest/gtest.h>

#include "sys/loop.h"

namespace posada::telemetry {

namespace {

class TestClock final : public sys::Clock {
 public:
  sys::BootTime now{std::chrono::hours(1)};
  std::int64_t wall_seconds() const override { return 0; }
  std::int64_t wall_microseconds() const override { return 0; }
  sys::BootTime boot_time() const override { return now; }
  sys::Async<void> sleep(sys::Milliseconds time) override {
    now += time;
    co_return;
  }
};

constexpr sys::Milliseconds no_time{0};
constexpr sys::Milliseconds long_time{10'000};

bool everything(std::string_view) {
  return true;
}

json::object figures(double cpu) {
  return {{"cpu", cpu}, {"status", "running"}};
}

std::vector<std::string> ids(const std::optional<Update>& update) {
  std::vector<std::string> result;
  if (!update) return {"nothing"};
  for (const Row* row : update->rows) result.push_back(row->id);
  for (const std::string& id : update->gone) result.push_back("-" + id);
  return result;
}

using Ids = std::vector<std::string>;
using Body = sys::Async<void> (*)(Board&, TestClock&, sys::Executor);

void run(Body body, std::size_t remembered = 1000) {
  TestClock clock;
  sys::Loop loop;
  Board board(loop.executor(), clock, remembered);
  loop.run(body(board, clock, loop.executor()));
}

sys::Async<void> snapshot_then_changes(Board& board, TestClock&, sys::Executor) {
  board.publish("n1", "qemu/100", figures(0.1));
  board.publish("n1", "qemu/101", figures(0.2));
  Board::Subscriber reader = board.subscribe(everything);
  std::optional<Update> update = co_await reader.next(no_time);
  EXPECT_TRUE(update->snapshot);
  EXPECT_EQ(ids(update), (Ids{"qemu/100", "qemu/101"}));
  EXPECT_FALSE((co_await reader.next(no_time)).has_value());
  board.publish("n1", "qemu/101", figures(0.3));
  board.publish("n1", "qemu/101", figures(0.4));
  board.publish("n1", "qemu/102", figures(0));
  board.withdraw("qemu/100");
  board.withdraw("qemu/never");
  update = co_await reader.next(no_time);
  EXPECT_FALSE(update->snapshot);
  EXPECT_EQ(ids(update), (Ids{"qemu/101", "qemu/102", "-qemu/100"}));
  EXPECT_EQ(update->rows[0]->values.at("cpu"), 0.4) << "changes of a row come together";
  EXPECT_EQ(update->event_id, board.event_id());
  board.publish("n1", "qemu/103", figures(0));
  board.withdraw("qemu/103");
  EXPECT_FALSE((co_await reader.next(no_time)).has_value())
      << "what came and went in between was never there";
}

sys::Async<void> ages(Board& board, TestClock& clock, sys::Executor) {
  board.publish("n1", "qemu/100", figures(0.1));
  board.publish("n2", "qemu/200", figures(0.1));
  const std::uint64_t sequence = board.sequence();
  clock.now += std::chrono::seconds(10);
  board.publish("n1", "qemu/100", figures(0.1));
  EXPECT_EQ(board.sequence(), sequence) << "equal figures are no change";
  EXPECT_EQ(board.age(*board.find("qemu/100")).count(), 0);
  EXPECT_EQ(board.age(*board.find("qemu/200")).count(), 10'000);
  board.withdraw_source("n2");
  EXPECT_EQ(board.find("qemu/200"), nullptr);
  int count = 0;
  board.each("qemu/", [&count](const Row&) { ++count; });
  EXPECT_EQ(count, 1);
  co_return;
}

sys::Async<void> publish_later(Board& board) {
  co_await sys::yield_to_loop();
  board.publish("n1", "qemu/100", figures(0.5));
}

sys::Async<void> waiting(Board& board, TestClock&, sys::Executor executor) {
  Board::Subscriber reader = board.subscribe(everything);
  EXPECT_TRUE((co_await reader.next(long_time))->snapshot) << "empty, but said at once";
  sys::Scope scope(executor);
  scope.spawn("publisher", publish_later(board));
  EXPECT_EQ(ids(co_await reader.next(long_time)), (Ids{"qemu/100"}));
  co_await scope.join();
}

sys::Async<void> interrupt_later(Board::Subscriber& reader) {
  co_await sys::yield_to_loop();
  reader.interrupt();
}

sys::Async<void> interrupted(Board& board, TestClock&, sys::Executor executor) {
  Board::Subscriber reader = board.subscribe(everything);
  co_await reader.next(no_time);
  sys::Scope scope(executor);
  scope.spawn("interrupter", interrupt_later(reader));
  EXPECT_FALSE((co_await reader.next(long_time)).has_value()) << "while it waits";
  co_await scope.join();
  reader.interrupt();
  EXPECT_FALSE((co_await reader.next(long_time)).has_value()) << "before it waits";
  board.publish("n1", "qemu/100", figures(0.1));
  reader.interrupt();
  EXPECT_EQ(ids(co_await reader.next(long_time)), (Ids{"qemu/100"})) << "news come first";
}

sys::Async<void> resume(Board& board, TestClock& clock, sys::Executor executor) {
  board.publish("n1", "qemu/100", figures(0.1));
  board.publish("n1", "qemu/101", figures(0.1));
  const std::string last = board.event_id();
  board.publish("n1", "qemu/101", figures(0.2));
  board.withdraw("qemu/100");
  Board::Subscriber reader = board.subscribe(everything, last);
  std::optional<Update> update = co_await reader.next(no_time);
  EXPECT_FALSE(update->snapshot);
  EXPECT_EQ(ids(update), (Ids{"qemu/101", "-qemu/100"}));
  Board::Subscriber current = board.subscribe(everything, board.event_id());
  update = co_await current.next(no_time);
  EXPECT_FALSE(update->snapshot);
  EXPECT_EQ(ids(update), Ids{}) << "nothing new, but the reader knows that it is heard";
  const Board other(executor, clock);
  const std::string ahead = last.substr(0, last.find(':')) + ":999";
  for (const std::string& id : {other.event_id(), ahead, std::string("x"), std::string("1:"),
                                std::string(":1"), std::string("-1:-1"), std::string()}) {
    Board::Subscriber anew = board.subscribe(everything, id);
    EXPECT_TRUE((co_await anew.next(no_time))->snapshot) << id;
  }
}

sys::Async<void> too_old(Board& board, TestClock&, sys::Executor) {
  Board::Subscriber slow = board.subscribe(everything);
  co_await slow.next(no_time);
  const std::string last = board.event_id();
  for (int i = 0; i < 10; ++i) board.publish("n1", "qemu/100", figures(i));
  EXPECT_FALSE((co_await slow.next(no_time))->snapshot) << "ten changes are remembered";
  for (int i = 0; i < 11; ++i) board.publish("n1", "qemu/100", figures(100 + i));
  EXPECT_TRUE((co_await slow.next(no_time))->snapshot) << "eleven are not";
  Board::Subscriber old = board.subscribe(everything, last);
  EXPECT_TRUE((co_await old.next(no_time))->snapshot);
}

sys::Async<void> permissions(Board& board, TestClock&, sys::Executor) {
  bool may_see_101 = false;
  const Board::Filter filter = [&may_see_101](std::string_view id) {
    return id == "qemu/100" || (id == "qemu/101" && may_see_101);
  };
  for (const char* id : {"qemu/100", "qemu/101", "qemu/102"}) {
    board.publish("n1", id, figures(0.1));
  }
  const std::string start = board.event_id();
  Board::Subscriber reader = board.subscribe(filter);
  EXPECT_EQ(ids(co_await reader.next(no_time)), (Ids{"qemu/100"}));
  board.publish("n1", "qemu/102", figures(0.2));
  board.withdraw("qemu/102");
  EXPECT_FALSE((co_await reader.next(no_time)).has_value()) << "not even its end is told";
  may_see_101 = true;
  reader.resynchronize();
  std::optional<Update> update = co_await reader.next(no_time);
  EXPECT_TRUE(update->snapshot);
  EXPECT_EQ(ids(update), (Ids{"qemu/100", "qemu/101"}));
  may_see_101 = false;
  board.publish("n1", "qemu/101", figures(0.3));
  EXPECT_EQ(ids(co_await reader.next(no_time)), (Ids{"-qemu/101"}))
      << "what may not be seen any more goes";
  board.publish("n1", "qemu/101", figures(0.4));
  EXPECT_FALSE((co_await reader.next(no_time)).has_value());
  Board::Subscriber resumed = board.subscribe(filter, start);
  EXPECT_TRUE((co_await resumed.next(no_time))->snapshot)
      << "a hidden end can only be told by a snapshot";
}

sys::Async<void> many(Board& board, TestClock&, sys::Executor) {
  for (int i = 0; i < 20'000; ++i) {
    board.publish("n1", "qemu/" + std::to_string(100 + i), figures(0.1));
  }
  Board::Subscriber reader = board.subscribe(everything);
  EXPECT_EQ((co_await reader.next(no_time))->rows.size(), 20'000U);
  for (int round = 0; round < 3; ++round) {
    for (int i = 0; i < 20'000; ++i) {
      board.publish("n1", "qemu/" + std::to_string(100 + i), figures(round));
    }
  }
  EXPECT_EQ((co_await reader.next(no_time))->rows.size(), 20'000U);
}

}  // namespace

TEST(Board, a_subscriber_gets_a_snapshot_and_then_changes) {
  run(snapshot_then_changes);
}
TEST(Board, each_row_has_its_age_and_equal_figures_are_no_change) {
  run(ages);
}
TEST(Board, a_subscriber_with_other_news_ends_its_wait) {
  run(interrupted);
}
TEST(Board, a_subscriber_waits_for_the_next_change) {
  run(waiting);
}
TEST(Board, a_stream_resumes_from_its_last_event) {
  run(resume);
}
TEST(Board, what_is_not_remembered_comes_as_a_snapshot) {
  run(too_old, 10);
}
TEST(Board, a_subscriber_hears_only_of_what_it_may_see) {
  run(permissions);
}
TEST(Board, twenty_thousand_guests_fit) {
  run(many, 50'000);
}

}  // namespace posada::telemetry
