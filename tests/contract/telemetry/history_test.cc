// The history through the real worker and real round-robin files.
#include "telemetry/history.h"

#include <cmath>
#include <csignal>
#include <cstdlib>
#include <functional>
#include <stdexcept>

#include <sys/stat.h>

#include <dirent.h>
#include <gtest/gtest.h>

#include "sys/file.h"
#include "sys/host.h"
#include "sys/loop.h"

namespace posada::telemetry {

namespace {

constexpr std::int64_t start_time = 1'800'000'000;  // a multiple of 60

class TestClock final : public sys::Clock {
 public:
  std::int64_t now = start_time;
  std::int64_t wall_seconds() const override { return now; }
  std::int64_t wall_microseconds() const override { return now * 1'000'000; }
  sys::BootTime boot_time() const override { return std::chrono::seconds(now); }
  sys::Async<void> sleep(sys::Milliseconds) override { co_return; }
};

class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string pattern = "/tmp/posada-history-XXXXXX";
    if (mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("mkdtemp failed");
    path = pattern;
  }
  ~TemporaryFolder() { sys::remove_tree(path); }
  std::string path;
};

struct Context {
  History& history;
  TestClock& clock;
  std::string folder;
  sys::Executor executor;
};
using Body = sys::Async<void> (*)(Context);

std::string worker() {
  return sys::own_program_folder() + "/posada-worker";
}

sys::Async<void> run_in(Body body, Context context) {
  context.history.start();
  co_await body(context);
  co_await context.history.stop();
}

void run(Body body) {
  const TemporaryFolder folder;
  TestClock clock;
  sys::Loop loop;
  History::Options options;
  options.worker = worker();
  options.folder = folder.path + "/rrd";
  options.flush_every = sys::Milliseconds(3'600'000);
  History history(loop.executor(), clock, options);
  loop.run(run_in(body, Context{history, clock, options.folder, loop.executor()}));
}

constexpr HistoryKind guest = HistoryKind::guest;

// One sample a minute; the counter grows by 1000 bytes a second.
void feed(Context& context, const std::string& name, int minutes,
          const std::function<double(int)>& cpu) {
  for (int i = 0; i < minutes; ++i) {
    context.history.update(guest, name,
                           {{"cpu", cpu(i)},
                            {"maxcpu", 4},
                            {"mem", 512'000'000},
                            {"netin", (context.clock.now - start_time) * 1000}},
                           context.clock.now);
    context.clock.now += 60;
  }
}

double number(const json::value& row, std::string_view name) {
  const json::value* value = row.as_object().if_contains(name);
  return value == nullptr ? std::nan("") : value->to_number<double>();
}

sys::Async<void> hour(Context context) {
  feed(context, "100", 30, [](int i) { return i / 100.0; });
  const json::array rows = co_await context.history.fetch(guest, "100", "hour", "");
  EXPECT_EQ(rows.size(), 60U);
  int known = 0;
  std::int64_t last = 0;
  for (const json::value& row : rows) {
    const auto time = static_cast<std::int64_t>(number(row, "time"));
    EXPECT_EQ(time % 60, 0);
    if (last != 0) {
      EXPECT_EQ(time, last + 60);
    }
    last = time;
    if (std::isnan(number(row, "cpu"))) {
      EXPECT_EQ(row.as_object().size(), 1U) << "unknown values are left out";
      continue;
    }
    ++known;
    const double minute = static_cast<double>(time - start_time) / 60;
    EXPECT_NEAR(number(row, "cpu"), minute / 100, 0.011);
    EXPECT_EQ(number(row, "mem"), 512'000'000);
    EXPECT_EQ(number(row, "maxcpu"), 4);
    if (!std::isnan(number(row, "netin"))) {
      EXPECT_NEAR(number(row, "netin"), 1000, 1);
    }
    EXPECT_TRUE(std::isnan(number(row, "disk"))) << "never told";
  }
  EXPECT_EQ(last, context.clock.now);
  EXPECT_GE(known, 28);
}

sys::Async<void> longer(Context context) {
  // Three hours flat with one peak of a minute.
  for (int hours = 0; hours < 3; ++hours) {
    feed(
        context, "100", 60,
        hours == 1 ? [](int i) { return i == 40 ? 1.0 : 0.1; } : [](int) { return 0.1; });
    co_await context.history.fetch(guest, "100", "hour", "");
  }
  double average = 0;
  double largest = 0;
  for (const json::value& row : co_await context.history.fetch(guest, "100", "day", "AVERAGE")) {
    average = std::fmax(average, number(row, "cpu"));
  }
  for (const json::value& row : co_await context.history.fetch(guest, "100", "day", "MAX")) {
    largest = std::fmax(largest, number(row, "cpu"));
  }
  EXPECT_NEAR(average, 0.16, 0.03) << "the peak is spread over its quarter of an hour";
  EXPECT_NEAR(largest, 1.0, 0.01);
  for (const HistoryKind kind : {HistoryKind::node, guest, HistoryKind::storage}) {
    for (const Timeframe& timeframe : timeframes(kind)) {
      const json::array rows = co_await context.history.fetch(kind, "x", timeframe.name, "MAX");
      EXPECT_EQ(rows.size(), static_cast<std::size_t>(timeframe.rows)) << timeframe.name;
      EXPECT_EQ(number(rows.back(), "time"),
                context.clock.now - context.clock.now % timeframe.step);
      EXPECT_EQ(rows.front().as_object().size(), 1U);
    }
  }
}

sys::Async<std::string> fetch_error(Context& context, std::string timeframe, std::string cf) {
  try {
    co_await context.history.fetch(guest, "100", timeframe, cf);
  } catch (const Error& error) {
    co_return error.parameters().begin()->first + ": " + error.parameters().begin()->second;
  }
  co_return std::string();
}

sys::Async<void> bad_parameters(Context context) {
  EXPECT_EQ(co_await fetch_error(context, "decade", ""),
            "timeframe: value 'decade' does not have a value in the enumeration 'hour, day, week, "
            "month, year'");
  EXPECT_EQ(co_await fetch_error(context, "hour", "LAST"),
            "cf: value 'LAST' does not have a value in the enumeration 'AVERAGE, MAX'");
}

sys::Async<int> known_rows(Context& context, std::string name) {
  int known = 0;
  for (const json::value& row : co_await context.history.fetch(guest, name, "hour", "")) {
    if (!std::isnan(number(row, "cpu"))) ++known;
  }
  co_return known;
}

sys::Async<void> remove_and_rename(Context context) {
  feed(context, "100", 10, [](int) { return 0.5; });
  EXPECT_GE(co_await known_rows(context, "100"), 8);
  co_await context.history.rename(guest, "100", "200");
  EXPECT_EQ(co_await known_rows(context, "100"), 0);
  EXPECT_GE(co_await known_rows(context, "200"), 8);
  co_await context.history.remove(guest, "200");
  EXPECT_EQ(co_await known_rows(context, "200"), 0);
  co_await context.history.remove(guest, "never");
  co_await context.history.rename(guest, "never", "was");
}

sys::Async<void> odd_names(Context context) {
  for (const std::string name : {"n1/local", "..", ".", "../../x", "a b", "\xc3\xa9%", "a\nb"}) {
    context.clock.now = start_time;
    feed(context, name, 10, [](int) { return 0.5; });
    EXPECT_GE(co_await known_rows(context, name), 8) << name;
  }
  EXPECT_EQ(sys::list_directory(context.folder),
            (std::vector<std::string>{"guest", "node", "storage"}));
  EXPECT_EQ(sys::list_directory(context.folder + "/guest").size(), 7U);
}

std::int64_t largest_file(const std::string& folder) {
  std::int64_t largest = 0;
  for (const std::string& name : sys::list_directory(folder)) {
    struct stat status{};
    if (stat((folder + "/" + name).c_str(), &status) == 0) {
      largest = std::max<std::int64_t>(largest, status.st_size);
    }
  }
  return largest;
}

sys::Async<void> small_files(Context context) {
  feed(context, "100", 2, [](int) { return 0.5; });
  co_await known_rows(context, "100");
  const std::int64_t size = largest_file(context.folder + "/guest");
  EXPECT_GT(size, 0);
  EXPECT_LE(size, 150'000);
  std::printf("a guest's file has %lld bytes\n", static_cast<long long>(size));
}

// The pid of the worker that keeps this folder.
int worker_of(const std::string& folder) {
  for (const std::string& name : sys::list_directory("/proc")) {
    if (name.find_first_not_of("0123456789") != std::string::npos) continue;
    const auto line = sys::read_file_if_exists("/proc/" + name + "/cmdline");
    if (line && line->find("rrd") != std::string::npos && line->find(folder) != std::string::npos) {
      return std::stoi(name);
    }
  }
  return 0;
}

sys::Async<void> worker_dies(Context context) {
  feed(context, "100", 10, [](int) { return 0.5; });
  EXPECT_GE(co_await known_rows(context, "100"), 8);
  for (int round = 0; round < 3; ++round) {
    const int pid = worker_of(context.folder);
    if (pid == 0) throw std::runtime_error("the worker is not there");
    feed(context, "100", 5, [](int) { return 0.5; });
    kill(pid, SIGKILL);
    int known = -1;
    for (int attempt = 0; attempt < 5 && known < 0; ++attempt) {
      try {
        known = co_await known_rows(context, "100");
      } catch (const Error& error) {
        EXPECT_EQ(error.code(), "history.unavailable");
      }
    }
    EXPECT_GE(known, 8 + 5 * (round + 1)) << "what waited is not lost with the worker";
  }
}

sys::Async<void> damaged_file(Context context) {
  feed(context, "100", 10, [](int) { return 0.5; });
  EXPECT_GE(co_await known_rows(context, "100"), 8);
  sys::write_file(context.folder + "/guest/100.rrd", "this is no round-robin file");
  feed(context, "100", 10, [](int) { return 0.5; });
  EXPECT_GE(co_await known_rows(context, "100"), 8) << "made anew";
  EXPECT_EQ(sys::read_file(context.folder + "/guest/100.rrd.damaged"),
            "this is no round-robin file");
}

sys::Async<void> missing_worker(History& history, TestClock& clock) {
  history.start();
  history.update(guest, "100", {{"cpu", 0.5}}, clock.now);
  std::string code;
  try {
    co_await history.fetch(guest, "100", "hour", "");
  } catch (const Error& error) {
    code = error.code();
  }
  EXPECT_EQ(code, "history.unavailable");
  co_await history.stop();
}

}  // namespace

TEST(History, an_hour_has_sixty_rows_with_what_is_known) {
  run(hour);
}
TEST(History, longer_timeframes_have_averages_and_largest_values) {
  run(longer);
}
TEST(History, unknown_timeframes_and_functions_are_refused_by_name) {
  run(bad_parameters);
}
TEST(History, a_resource_can_be_renamed_and_removed) {
  run(remove_and_rename);
}
TEST(History, no_name_leads_out_of_the_folder) {
  run(odd_names);
}
TEST(History, a_guest_takes_at_most_150_kilobytes) {
  run(small_files);
}
TEST(History, a_worker_that_dies_is_started_again_and_nothing_is_lost) {
  run(worker_dies);
}
TEST(History, a_damaged_file_is_set_aside) {
  run(damaged_file);
}

TEST(History, without_a_worker_a_fetch_says_so_in_time) {
  const TemporaryFolder folder;
  TestClock clock;
  sys::Loop loop;
  History::Options options;
  options.worker = "/nonexistent/posada-worker";
  options.folder = folder.path;
  options.deadline = sys::Milliseconds(200);
  History history(loop.executor(), clock, options);
  loop.run(missing_worker(history, clock));
}

}  // namespace posada::telemetry
