#include "base/calendar.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <string>

#include "base/formats_table.h"
#include "base/text.h"

namespace posada {
namespace {

constexpr std::int64_t day_seconds = 86400;
constexpr int first_year = 1970, last_year = 2200;
constexpr std::int64_t most_days = 366LL * (last_year - first_year);

constexpr auto weekday_names = std::to_array<std::string_view>(
    {"monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"});

std::optional<int> weekday_of(std::string_view name) {
  const std::string text = lower(name);
  if (text.size() < 3) return std::nullopt;
  for (std::size_t i = 0; i < weekday_names.size(); ++i) {
    if (weekday_names[i].starts_with(text)) return static_cast<int>(i);
  }
  return std::nullopt;
}

std::optional<int> small_number(std::string_view text) {
  if (!is_digits(text) || text.size() > 5) return std::nullopt;
  return static_cast<int>(*to_integer(text));
}

std::int64_t floor_days(std::int64_t seconds) {
  return seconds >= 0 ? seconds / day_seconds : -((day_seconds - 1 - seconds) / day_seconds);
}

}  // namespace

std::optional<CalendarEvent::Set> CalendarEvent::parse_set(std::string_view text, int lowest,
                                                           int highest) {
  Set set;
  for (const std::string& piece : split(text, ',')) {
    Range range{lowest, highest, 1};
    const std::size_t slash = piece.find('/');
    const std::string span = piece.substr(0, slash);
    if (slash != std::string::npos) {
      const auto step = small_number(std::string_view(piece).substr(slash + 1));
      if (!step || *step < 1 || *step > highest) return std::nullopt;
      range.step = *step;
    }
    if (span != "*") {
      const std::size_t dots = span.find("..");
      const auto first = small_number(std::string_view(span).substr(0, dots));
      if (!first || *first > highest) return std::nullopt;
      range.first = *first;
      if (dots != std::string::npos) {
        const auto last = small_number(std::string_view(span).substr(dots + 2));
        if (!last || *last < *first || *last > highest) return std::nullopt;
        range.last = *last;
      } else if (slash == std::string::npos) {
        range.last = *first;
      }
      if (range.last < lowest) return std::nullopt;
    }
    set.push_back(range);
  }
  return set;
}

bool CalendarEvent::holds(const Set& set, int value) {
  return std::any_of(set.begin(), set.end(),
                     [value](const Range& range) { return range.holds(value); });
}

bool CalendarEvent::take_weekdays(std::string_view text) {
  for (const std::string& piece : split(text, ',')) {
    const std::size_t dots = piece.find("..");
    const auto first = weekday_of(std::string_view(piece).substr(0, dots));
    const auto last =
        dots == std::string::npos ? first : weekday_of(std::string_view(piece).substr(dots + 2));
    if (!first || !last) return false;
    if (*first <= *last) {
      weekdays_.push_back({*first, *last, 1});
    } else {  // over the weekend
      weekdays_.push_back({*first, 6, 1});
      weekdays_.push_back({0, *last, 1});
    }
  }
  return true;
}

bool CalendarEvent::take_date(std::string_view text) {
  std::vector<std::string> parts = split(text, '-');
  if (parts.size() == 2) parts.insert(parts.begin(), "*");
  if (parts.size() != 3) return false;
  const auto years = parse_set(parts[0], first_year, last_year);
  const auto months = parse_set(parts[1], 1, 12);
  const auto days = parse_set(parts[2], 1, 31);
  if (!years || !months || !days) return false;
  years_ = *years;
  months_ = *months;
  days_ = *days;
  return true;
}

bool CalendarEvent::take_time(std::string_view text) {
  std::vector<std::string> parts = split(text, ':');
  if (parts.size() == 1) parts.insert(parts.begin(), "*");  // minutes of every hour
  if (parts.size() == 2) parts.emplace_back("0");
  if (parts.size() != 3) return false;
  const auto hours = parse_set(parts[0], 0, 23);
  const auto minutes = parse_set(parts[1], 0, 59);
  const auto seconds = parse_set(parts[2], 0, 59);
  if (!hours || !minutes || !seconds) return false;
  every_hour_ = parts[0] == "*";
  hours_ = *hours;
  minutes_ = *minutes;
  seconds_ = *seconds;
  return true;
}

bool CalendarEvent::take_word(std::string_view text) {
  struct Word {
    std::string_view word, date, time;
  };
  static constexpr auto words = std::to_array<Word>({{"minutely", "", "*:*"},
                                                     {"hourly", "", "*:0"},
                                                     {"daily", "", "0:0"},
                                                     {"weekly", "mon", "0:0"},
                                                     {"monthly", "*-*-1", "0:0"},
                                                     {"quarterly", "*-1,4,7,10-1", "0:0"},
                                                     {"semiannually", "*-1,7-1", "0:0"},
                                                     {"semi-annually", "*-1,7-1", "0:0"},
                                                     {"yearly", "*-1-1", "0:0"},
                                                     {"annually", "*-1-1", "0:0"}});
  const auto found = std::find_if(words.begin(), words.end(),
                                  [text](const Word& one) { return one.word == text; });
  if (found == words.end()) return false;
  if (found->date == "mon") {
    take_weekdays("mon");
  } else if (!found->date.empty()) {
    take_date(found->date);
  }
  return take_time(found->time);
}

std::optional<CalendarEvent> CalendarEvent::parse(std::string_view text) {
  CalendarEvent event;
  std::vector<std::string> words = split_list(text, " \t\n");
  if (!words.empty() && lower(words.back()) == "utc") {
    event.utc_ = true;
    words.pop_back();
  }
  if (words.empty() || words.size() > 3) return std::nullopt;
  std::size_t next = 0;
  bool has_time = false;
  if (words.size() == 1 && event.take_word(words[0])) {
    has_time = true;
    ++next;
  } else if (formats_detail::is_letter(words[0][0])) {
    if (!event.take_weekdays(words[next++])) return std::nullopt;
  }
  if (next < words.size() && words[next].find('-') != std::string::npos) {
    if (!event.take_date(words[next++])) return std::nullopt;
  }
  if (next < words.size()) {
    if (has_time || !event.take_time(words[next++])) return std::nullopt;
    has_time = true;
  }
  if (next < words.size()) return std::nullopt;
  if (!has_time) event.take_time("0:0");
  return event;
}

bool CalendarEvent::fits_day(std::int64_t day) const {
  const std::chrono::sys_days date{std::chrono::days(day)};
  const std::chrono::year_month_day parts(date);
  const auto weekday = static_cast<int>(std::chrono::weekday(date).iso_encoding()) - 1;
  if (!weekdays_.empty() && !holds(weekdays_, weekday)) return false;
  if (years_.empty()) return true;
  return holds(years_, static_cast<int>(parts.year())) &&
         holds(months_, static_cast<int>(static_cast<unsigned>(parts.month()))) &&
         holds(days_, static_cast<int>(static_cast<unsigned>(parts.day())));
}

std::optional<std::int64_t> CalendarEvent::next_local(std::int64_t after) const {
  const std::int64_t begin = after + 1;
  const std::int64_t first_day = floor_days(begin);
  for (std::int64_t day = first_day; day < first_day + most_days; ++day) {
    if (!fits_day(day)) continue;
    const std::int64_t earliest = day == first_day ? begin - day * day_seconds : 0;
    for (int hour = static_cast<int>(earliest / 3600); hour < 24; ++hour) {
      if (!holds(hours_, hour)) continue;
      for (int minute = 0; minute < 60; ++minute) {
        const std::int64_t start = hour * 3600 + minute * 60;
        if (start + 59 < earliest || !holds(minutes_, minute)) continue;
        for (int second = 0; second < 60; ++second) {
          if (start + second >= earliest && holds(seconds_, second)) {
            return day * day_seconds + start + second;
          }
        }
      }
    }
  }
  return std::nullopt;
}

std::optional<std::int64_t> CalendarEvent::next(std::int64_t after, const Offset& offset) const {
  if (utc_) return next_local(after);
  const std::int64_t now = offset(after);
  const std::optional<std::int64_t> local = next_local(after + now);
  if (!local) return std::nullopt;
  const std::int64_t straight = *local - now;  // if the clock did not jump before
  const std::int64_t then = offset(straight);
  if (then == now) return straight;
  // The moment of the jump: the first second with another offset.
  std::int64_t before = after, jump = straight;
  while (jump - before > 1) {
    const std::int64_t middle = before + (jump - before) / 2;
    (offset(middle) == now ? before : jump) = middle;
  }
  const std::int64_t moved = offset(jump);
  if (moved < now && every_hour_) {
    const std::optional<std::int64_t> repeated = next_local(jump + moved - 1);
    return repeated ? std::optional(*repeated - moved) : std::nullopt;
  }
  const std::int64_t shifted = *local - then;
  return offset(shifted) == then ? shifted : jump;
}

}  // namespace posada
