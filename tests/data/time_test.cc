#include "data/time.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "base/random.h"

namespace elman {
namespace {

Time at(int32_t year, int32_t month, int32_t day, int64_t hour = 0, int64_t minute = 0, int64_t second = 0) {
  return from_civil({year, month, day, hour * kHour + minute * kMinute + second * kSecond});
}

TimeFormat detect(const std::vector<std::string>& cells, bool prefer_years = false) {
  TimeFormatDetector detector;
  for (const std::string& cell : cells) EXPECT_TRUE(detector.add(cell)) << cell;
  const std::optional<TimeFormat> format = detector.finish(prefer_years);
  EXPECT_TRUE(format.has_value());
  return format.value_or(TimeFormat{"none"});
}

TEST(Civil, KnownDates) {
  EXPECT_EQ(at(1970, 1, 1), 0);
  EXPECT_EQ(at(2000, 3, 1), 11017 * kDay);
  EXPECT_EQ(at(1969, 12, 31, 23, 59, 59), -kSecond);
  const CivilTime civil = to_civil(-1);
  EXPECT_EQ(civil.year, 1969);
  EXPECT_EQ(civil.month, 12);
  EXPECT_EQ(civil.day, 31);
  EXPECT_EQ(civil.of_day, kDay - 1);
  EXPECT_EQ(days_in_month(2024, 2), 29);
  EXPECT_EQ(days_in_month(1900, 2), 28);
  EXPECT_EQ(days_in_month(2000, 2), 29);
}

TEST(Civil, EveryDayOfFourCenturiesGoesThereAndBack) {
  for (Time day = at(1700, 1, 1); day < at(2100, 1, 1); day += kDay) {
    const CivilTime civil = to_civil(day + kHour);
    ASSERT_EQ(from_civil(civil), day + kHour);
    ASSERT_LE(civil.day, days_in_month(civil.year, civil.month));
  }
}

struct Example {
  const char* text;
  const char* pattern;
  Time time;
};

class TimeFormats : public testing::TestWithParam<Example> {};

TEST_P(TimeFormats, IsDetectedReadAndWritten) {
  const auto [text, pattern, time] = GetParam();
  const TimeFormat format = detect({text});
  EXPECT_EQ(format.pattern, pattern);
  EXPECT_TRUE(format.is_valid());
  EXPECT_EQ(parse_time(text, format), time);
  EXPECT_EQ(format_time(time, format), text);
}

INSTANTIATE_TEST_SUITE_P(
    All, TimeFormats,
    testing::Values(
        Example{"2024-01-31", "%Y-%m-%d", at(2024, 1, 31)}, Example{"2024/01/31", "%Y/%m/%d", at(2024, 1, 31)},
        Example{"2024.01.31", "%Y.%m.%d", at(2024, 1, 31)}, Example{"20240131", "%Y%m%d", at(2024, 1, 31)},
        Example{"31/01/2024", "%d/%m/%Y", at(2024, 1, 31)}, Example{"01/31/2024", "%m/%d/%Y", at(2024, 1, 31)},
        Example{"31.01.2024", "%d.%m.%Y", at(2024, 1, 31)}, Example{"31-01-2024", "%d-%m-%Y", at(2024, 1, 31)},
        Example{"1/31/2024", "%-m/%d/%Y", at(2024, 1, 31)}, Example{"31 Jan 2024", "%d %b %Y", at(2024, 1, 31)},
        Example{"Jan 31 2024", "%b %d %Y", at(2024, 1, 31)}, Example{"Jan 9, 2024", "%b %-d, %Y", at(2024, 1, 9)},
        Example{"1991 W06", "%G W%V", at(1991, 2, 4)}, Example{"2021-W01", "%G-W%V", at(2021, 1, 4)},
        Example{"2020W53", "%GW%V", at(2020, 12, 28)}, Example{"2025-W1", "%G-W%-V", at(2024, 12, 30)},
        Example{"1949-01", "%Y-%m", at(1949, 1, 1)}, Example{"1949/12", "%Y/%m", at(1949, 12, 1)},
        Example{"12/1949", "%m/%Y", at(1949, 12, 1)}, Example{"194912", "%Y%m", at(1949, 12, 1)},
        Example{"1956 Q3", "%Y Q%q", at(1956, 7, 1)}, Example{"1956-Q4", "%Y-Q%q", at(1956, 10, 1)},
        Example{"1956Q1", "%YQ%q", at(1956, 1, 1)}, Example{"1949 Jan", "%Y %b", at(1949, 1, 1)},
        Example{"Dec 1949", "%b %Y", at(1949, 12, 1)}, Example{"-7", "%i", -7}, Example{"701", "%i", 701},
        Example{"2024-01-31 09:05", "%Y-%m-%d %H:%M", at(2024, 1, 31, 9, 5)},
        Example{"2024-01-31T09:05", "%Y-%m-%dT%H:%M", at(2024, 1, 31, 9, 5)},
        Example{"2024-01-31 9:05", "%Y-%m-%d %-H:%M", at(2024, 1, 31, 9, 5)},
        Example{"2024-01-31 23:59:58", "%Y-%m-%d %H:%M:%S", at(2024, 1, 31, 23, 59, 58)},
        Example{"2024-01-31T23:59:58Z", "%Y-%m-%dT%H:%M:%SZ", at(2024, 1, 31, 23, 59, 58)},
        Example{"2024-01-31 23:59:58 UTC", "%Y-%m-%d %H:%M:%S UTC", at(2024, 1, 31, 23, 59, 58)},
        Example{"2024-01-31 23:59:58.250", "%Y-%m-%d %H:%M:%S%f", at(2024, 1, 31, 23, 59, 58) + 250'000},
        Example{"2024-01-31T08:00:00+01:00", "%Y-%m-%dT%H:%M:%S%:z", at(2024, 1, 31, 8)},
        Example{"2024-01-31T08:00:00-0330", "%Y-%m-%dT%H:%M:%S%z", at(2024, 1, 31, 8)},
        Example{"2024-01-31 08:00:00+00", "%Y-%m-%d %H:%M:%S%o", at(2024, 1, 31, 8)},
        Example{"31/01/2024 08:00", "%d/%m/%Y %H:%M", at(2024, 1, 31, 8)}));

TEST(TimeFormat, NoTimes) {
  for (const char* text : {"",
                           "abc",
                           "2024-13-01",
                           "2024-02-30",
                           "2023-02-29",
                           "2024-00-10",
                           "2024-01-31 24:00:00",
                           "2024-01-31 10:60",
                           "2024-01-31 10:00:60",
                           "2024-01-31 ",
                           "2024-01-31x",
                           "31/31/2024",
                           "1/2/95",
                           "2024-Q5",
                           "2021-W53",
                           "2021-W00",
                           "2024 Jam",
                           "3.5",
                           "1e3",
                           "2024-01-31T10:00:00.1234567",
                           "2024-01-31T10:00:00.",
                           "2024-01-31T10:00:00+99:00",
                           "99999999999999999999",
                           "%Y"}) {
    TimeFormatDetector detector;
    EXPECT_FALSE(detector.add(text)) << text;
    EXPECT_FALSE(TimeFormatDetector::is_date(text)) << text;
  }
}

TEST(TimeFormat, IsDateTellsDatesFromIntegers) {
  EXPECT_TRUE(TimeFormatDetector::is_date("1949-01"));
  EXPECT_TRUE(TimeFormatDetector::is_date("2024-01-31 10:00"));
  for (const char* text : {"1949", "194901", "19490131", "17"}) EXPECT_FALSE(TimeFormatDetector::is_date(text)) << text;
}

TEST(TimeFormat, OneCellDecidesForAllWhereDayAndMonthStand) {
  EXPECT_EQ(detect({"03/04/2020", "04/04/2020", "13/04/2020"}).pattern, "%d/%m/%Y");
  EXPECT_EQ(detect({"03/04/2020", "03/13/2020"}).pattern, "%m/%d/%Y");
  EXPECT_EQ(detect({"3/4/2020 8:00", "3/13/2020 12:00"}).pattern, "%-m/%-d/%Y %-H:%M");
  for (const char* text : {"03/04/2020", "3-4-2020 10:00", "05/05/2020"}) {
    TimeFormatDetector detector;
    EXPECT_TRUE(detector.add(text));
    EXPECT_EQ(detector.finish(), std::nullopt) << text;
  }
  TimeFormatDetector contradiction;
  EXPECT_TRUE(contradiction.add("13/04/2020"));
  EXPECT_FALSE(contradiction.add("04/13/2020"));
}

TEST(TimeFormat, LeadingZerosAreWrittenOnlyIfTheInputDoes) {
  const TimeFormat format = detect({"2020-10-10", "2020-1-10", "2020-11-2"});
  EXPECT_EQ(format.pattern, "%Y-%-m-%-d");
  EXPECT_EQ(format_time(at(2021, 3, 4), format), "2021-3-4");
  EXPECT_EQ(format_time(at(2021, 3, 4), detect({"2020-10-10", "2020-01-10"})), "2021-03-04");
}

TEST(TimeFormat, FractionsMayComeAndGo) {
  const TimeFormat format = detect({"2020-01-01 00:00:00", "2020-01-01 00:00:00.5", "2020-01-01 00:00:01.25"});
  EXPECT_EQ(parse_time("2020-01-01 00:00:01", format), at(2020, 1, 1, 0, 0, 1));
  EXPECT_EQ(format_time(at(2020, 1, 1) + 750'000, format), "2020-01-01 00:00:00.75");
  const TimeFormat nanoseconds = detect({"2020-01-01 00:00:00.123456000"});
  EXPECT_EQ(format_time(at(2020, 1, 1) + 123'456, nanoseconds), "2020-01-01 00:00:00.123456");
}

TEST(TimeFormat, OffsetsMoveToTheFirstOnesClock) {
  const TimeFormat format = detect({"2024-03-31T01:30:00+01:00", "2024-03-31T03:00:00+02:00"});
  EXPECT_EQ(format.offset_minutes, 60);
  EXPECT_EQ(parse_time("2024-03-31T03:00:00+02:00", format), at(2024, 3, 31, 2));
  EXPECT_EQ(format_time(at(2024, 3, 31, 2, 30), format), "2024-03-31T02:30:00+01:00");
}

TEST(TimeFormat, MixedFormatsAreRefused) {
  for (const char* other : {"2020/01/02", "2020-01", "2020-01-02 00:00", "2020", "02.01.2020", "7"}) {
    TimeFormatDetector detector;
    EXPECT_TRUE(detector.add("2020-01-01"));
    EXPECT_FALSE(detector.add(other)) << other;
    EXPECT_TRUE(detector.add("2020-01-02"));  // a refused cell leaves no trace
  }
}

TEST(TimeFormat, YearsAndDatesWithoutSeparators) {
  EXPECT_EQ(detect({"1949", "1950"}, true).pattern, "%Y");
  EXPECT_EQ(detect({"1949", "1950"}, false).pattern, "%i");
  EXPECT_EQ(detect({"1949", "1950", "17"}, true).pattern, "%i");
  EXPECT_EQ(detect({"20200131", "20200201"}).pattern, "%Y%m%d");
  EXPECT_EQ(detect({"20200131", "20200132"}).pattern, "%i");
  EXPECT_EQ(detect({"99991231"}).pattern, "%i");
}

TEST(TimeFormat, KnowsAValidOne) {
  for (const char* pattern : {"", "%", "%Y-%", "%-", "%Q", "%Y-%m-%d extra", "%s%s%n", "%Y%Y"})
    EXPECT_FALSE((TimeFormat{pattern}).is_valid()) << pattern;
  EXPECT_FALSE((TimeFormat{"%i", 7}).is_valid());
  EXPECT_FALSE((TimeFormat{"%i", 0, 1440}).is_valid());
  EXPECT_FALSE((TimeFormat{"%i", 0, INT32_MIN}).is_valid());
  EXPECT_EQ(parse_time("x", TimeFormat{"%"}), std::nullopt);  // harmless all the same
  EXPECT_EQ(format_time(0, TimeFormat{"%Y %-"}), "1970 ");
}

TEST(TimeFormatProperty, AColumnOfAnyFormatIsReadBack) {
  const char* patterns[] = {"%Y-%m-%d",
                            "%-d/%-m/%Y %-H:%M",
                            "%Y-%m-%dT%H:%M:%SZ",
                            "%Y-%m-%d %H:%M:%S%f",
                            "%Y-%m-%dT%H:%M:%S%:z",
                            "%Y-%m",
                            "%Y Q%q",
                            "%G W%V",
                            "%b %Y",
                            "%m/%d/%Y",
                            "%i"};
  for (const char* pattern : patterns) {
    for (uint64_t seed = 0; seed < 50; ++seed) {
      Random random(seed, 7);
      const bool fraction = std::string_view(pattern).ends_with("%f"),
                 offset = std::string_view(pattern).ends_with("%:z");
      const TimeFormat format = {pattern, fraction ? 3 : 0,
                                 offset ? static_cast<int32_t>(random.below(1400)) - 700 : 0};
      TimeFormatDetector detector;
      std::vector<std::string> cells;
      for (int i = 0; i < 60; ++i) {
        const Time time =
            at(1600, 1, 1) + static_cast<Time>(random.below(500 * 366 * 24 * 3600ull)) * kSecond + 123'000;
        cells.push_back(format_time(time, format));
        ASSERT_TRUE(detector.add(cells.back())) << cells.back();
      }
      const std::optional<TimeFormat> found = detector.finish();
      ASSERT_TRUE(found) << pattern;
      EXPECT_EQ(*found, format);
      for (const std::string& cell : cells) EXPECT_EQ(format_time(parse_time(cell, *found).value(), *found), cell);
    }
  }
}

}  // namespace
}  // namespace elman
