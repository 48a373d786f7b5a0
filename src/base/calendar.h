// Calendar events, as schedules of jobs are written: `[WEEKDAYS] [DATE] [TIME] [UTC]`.
//
//   */15            every quarter of an hour       mon..fri 22:00   on working days
//   2,8:30          at 2:30 and 8:30               *-1..6-1         first days of half a year
//   sat *-*-1..7    the first Saturday             daily, weekly, monthly …
//
// A list of numbers alone means minutes, a day alone midnight. Pure; local time comes from the
// caller.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>
#include <vector>

namespace posada {

class CalendarEvent {
 public:
  // Seconds that local time is ahead of UTC at that Unix time.
  using Offset = std::function<std::int64_t(std::int64_t)>;

  static std::optional<CalendarEvent> parse(std::string_view text);
  // Unix time of the next firing strictly after `after`; nothing when there is none (2021-02-29).
  // What falls into an hour that the clock skips fires when it has jumped; an hour that comes twice
  // counts once, but for events of every hour.
  std::optional<std::int64_t> next(std::int64_t after, const Offset& offset) const;

 private:
  struct Range {  // first, first + step … up to last
    int first = 0, last = 0, step = 1;
    bool holds(int value) const {
      return value >= first && value <= last && (value - first) % step == 0;
    }
  };
  using Set = std::vector<Range>;

  bool take_weekdays(std::string_view text);
  bool take_date(std::string_view text);
  bool take_time(std::string_view text);
  bool take_word(std::string_view text);
  static std::optional<Set> parse_set(std::string_view text, int lowest, int highest);
  static bool holds(const Set& set, int value);
  bool fits_day(std::int64_t day) const;
  // The next firing after local time `after`, on a clock that never jumps.
  std::optional<std::int64_t> next_local(std::int64_t after) const;

  Set years_, months_, days_, weekdays_;  // weekdays 0 (Monday) … 6
  Set hours_, minutes_, seconds_;
  bool every_hour_ = false;
  bool utc_ = false;
};

}  // namespace posada
