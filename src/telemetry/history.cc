#include "telemetry/history.h"

#include <algorithm>
#include <cmath>
#include <deque>
#include <map>

#include <fmt/format.h>

#include "base/text.h"
#include "sys/log.h"
#include "telemetry/history_worker.h"

namespace posada::telemetry {

namespace {

// Samples of one resource that wait while the worker is gone.
constexpr std::size_t most_samples = 60;
// Resources in one request, so that a fetch never waits behind a long one.
constexpr std::size_t most_items = 200;

using Key = std::pair<HistoryKind, std::string>;

struct Sample {
  std::int64_t time = 0;
  std::string values;  // "1:U:0.5"
};

std::string file_name(const std::string& name) {
  if (name.empty()) throw Error::failed("history.failed", "a resource of the history has no name");
  std::string encoded = encode_uri(name);
  // A leading dot would make it hidden, or "..".
  if (encoded.front() == '.') encoded.replace(0, 1, "%2E");
  return encoded;
}

std::string value_text(const Source& source, const json::value* value) {
  if (value == nullptr || !(value->is_number() || value->is_bool())) return "U";
  if (value->is_bool()) return value->get_bool() ? "1" : "0";
  const double number = value->to_number<double>();
  if (!std::isfinite(number)) return "U";
  // librrd takes counters as integers only.
  if (source.counter) {
    if (value->is_double()) return fmt::format("{:.0f}", std::floor(number));
    return json::serialize(*value);
  }
  return fmt::format("{:.12g}", number);
}

std::string sample_text(HistoryKind kind, const json::object& values) {
  std::string text;
  for (const Source& source : sources(kind)) {
    if (!text.empty()) text += ':';
    text += value_text(source, values.if_contains(source.name));
  }
  return text;
}

}  // namespace

struct History::State {
  State(sys::Executor executor, sys::Clock& injected, Options given)
      : clock(injected),
        options(std::move(given)),
        worker(executor, options.worker, options.folder),
        scope(executor),
        stopping(executor) {}

  sys::Clock& clock;
  Options options;
  std::map<Key, std::deque<Sample>> waiting;
  HistoryWorker worker;
  sys::Scope scope;
  sys::Event stopping;
};

namespace {

using Shared = std::shared_ptr<History::State>;
using Waiting = std::map<Key, std::deque<Sample>>;

json::object item_of(const Key& key, const std::deque<Sample>& samples) {
  json::array pairs;
  for (const Sample& sample : samples) {
    pairs.push_back(json::array{sample.time, json::string(sample.values)});
  }
  return {{"kind", name_of(key.first)}, {"name", file_name(key.second)}, {"samples", pairs}};
}

// Samples that did not arrive wait again, before those that came meanwhile.
void restore(History::State& state, Waiting unsent) {
  for (auto& [key, samples] : unsent) {
    std::deque<Sample>& place = state.waiting[key];
    place.insert(place.begin(), samples.begin(), samples.end());
    while (place.size() > most_samples) place.pop_front();
  }
}

// Hands over what was taken; throws when the worker cannot be asked, and then keeps the samples.
sys::Async<void> send(Shared state, Waiting taken) {
  json::array items;
  for (const auto& [key, samples] : taken) items.push_back(item_of(key, samples));
  json::object request{{"do", "update"}, {"items", std::move(items)}};
  try {
    const json::object answer =
        co_await state->worker.ask(std::move(request), 5 * state->options.deadline);
    const json::value* failed = answer.if_contains("failed");
    if (failed != nullptr && failed->is_array() && !failed->get_array().empty()) {
      sys::log_warning("history: {} of {} updates failed: {}", failed->get_array().size(),
                       taken.size(), json::serialize(failed->get_array().front()));
    }
  } catch (const Error&) {
    restore(*state, std::move(taken));
    throw;
  }
}

sys::Async<void> flush_all(Shared state) {
  Waiting all = std::exchange(state->waiting, {});
  while (!all.empty()) {
    Waiting part;
    while (!all.empty() && part.size() < most_items) part.insert(all.extract(all.begin()));
    try {
      co_await send(state, std::move(part));
    } catch (const Error&) {
      restore(*state, std::move(all));
      throw;
    }
  }
}

sys::Async<void> flush_one(Shared state, Key key) {
  Waiting one;
  auto node = state->waiting.extract(key);
  if (node.empty()) co_return;
  one.insert(std::move(node));
  co_await send(state, std::move(one));
}

sys::Async<void> flush_regularly(Shared state) {
  while (!co_await state->stopping.wait_for(state->options.flush_every)) {
    try {
      co_await flush_all(state);
    } catch (const Error& failure) {
      sys::log_warning("history: {}", failure.wire());
    }
  }
}

// What a value reads like: counts of bytes come back from an average as they went in.
json::value rounded(double value) {
  constexpr double exact = 9007199254740992.0;  // 2^53
  if (value == std::floor(value) && std::abs(value) < exact) {
    return static_cast<std::int64_t>(value);
  }
  return value;
}

// One row for each step of the timeframe, with what the answer knows of it.
json::array rows_of(const Timeframe& timeframe, std::int64_t end, const json::object& answer) {
  const std::int64_t step = integer_member(answer, "step").value_or(0);
  const std::int64_t start = integer_member(answer, "start").value_or(0);
  const json::array& table = answer.at("rows").as_array();
  json::array rows;
  for (long i = 0; i < timeframe.rows; ++i) {
    const std::int64_t time = end - (timeframe.rows - 1 - i) * timeframe.step;
    json::object row{{"time", time}};
    const std::int64_t place = step > 0 ? (time - start) / step : -1;
    if (step == timeframe.step && time >= start &&
        place < static_cast<std::int64_t>(table.size())) {
      const json::array& values = table[static_cast<std::size_t>(place)].as_array();
      const json::array& names = answer.at("names").as_array();
      for (std::size_t column = 0; column < values.size() && column < names.size(); ++column) {
        if (!values[column].is_number()) continue;
        row[names[column].as_string()] = rounded(values[column].to_number<double>());
      }
    }
    rows.push_back(std::move(row));
  }
  return rows;
}

Error not_in(const std::string& parameter, const std::string& value, const std::string& known) {
  return Error::parameter(
      parameter, "value '" + value + "' does not have a value in the enumeration '" + known + "'");
}

sys::Async<json::array> fetch_rows(Shared state, HistoryKind kind, std::string name,
                                   std::string timeframe_name, std::string cf) {
  const Timeframe* timeframe = find_timeframe(kind, timeframe_name);
  if (timeframe == nullptr) {
    std::vector<std::string> known;
    for (const Timeframe& one : timeframes(kind)) known.push_back(one.name);
    throw not_in("timeframe", timeframe_name, join(known, ", "));
  }
  if (cf.empty()) cf = "AVERAGE";
  if (cf != "AVERAGE" && cf != "MAX") throw not_in("cf", cf, "AVERAGE, MAX");
  if (timeframe->step == base_step) cf = "AVERAGE";
  co_await flush_one(state, {kind, name});
  const std::int64_t now = state->clock.wall_seconds();
  const std::int64_t end = now - now % timeframe->step;
  json::object request{{"do", "fetch"},
                       {"kind", name_of(kind)},
                       {"name", file_name(name)},
                       {"cf", cf},
                       {"step", timeframe->step},
                       {"start", end - timeframe->rows * timeframe->step},
                       {"end", end}};
  const json::object answer =
      co_await state->worker.ask(std::move(request), state->options.deadline);
  co_return rows_of(*timeframe, end, answer);
}

sys::Async<void> remove_file(Shared state, HistoryKind kind, std::string name) {
  state->waiting.erase({kind, name});
  co_await state->worker.ask({{"do", "remove"}, {"kind", name_of(kind)}, {"name", file_name(name)}},
                             state->options.deadline);
}

sys::Async<void> rename_file(Shared state, HistoryKind kind, std::string name, std::string to) {
  co_await flush_one(state, {kind, name});
  co_await state->worker.ask(
      {{"do", "rename"}, {"kind", name_of(kind)}, {"name", file_name(name)}, {"to", file_name(to)}},
      state->options.deadline);
}

sys::Async<void> stop_history(Shared state) {
  state->stopping.set();
  co_await state->scope.join();
  try {
    co_await flush_all(state);
  } catch (const Error& failure) {
    sys::log_warning("history: the last minute is lost: {}", failure.wire());
  }
  co_await state->worker.stop();
}

}  // namespace

History::History(sys::Executor executor, sys::Clock& clock, Options options)
    : state_(std::make_shared<State>(std::move(executor), clock, std::move(options))) {}

History::~History() {
  state_->stopping.set();
  state_->scope.stop();
}

void History::start() {
  state_->worker.start();
  state_->scope.spawn("history", flush_regularly(state_));
}

sys::Async<void> History::stop() {
  return stop_history(state_);
}

void History::update(HistoryKind kind, const std::string& name, const json::object& values,
                     std::int64_t time) {
  std::deque<Sample>& samples = state_->waiting[{kind, name}];
  if (!samples.empty() && samples.back().time >= time) return;
  if (samples.size() == most_samples) samples.pop_front();
  samples.push_back({time, sample_text(kind, values)});
}

sys::Async<json::array> History::fetch(HistoryKind kind, std::string name, std::string timeframe,
                                       std::string cf) {
  return fetch_rows(state_, kind, std::move(name), std::move(timeframe), std::move(cf));
}
sys::Async<void> History::remove(HistoryKind kind, std::string name) {
  return remove_file(state_, kind, std::move(name));
}
sys::Async<void> History::rename(HistoryKind kind, std::string name, std::string to) {
  return rename_file(state_, kind, std::move(name), std::move(to));
}

}  // namespace posada::telemetry
