#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace elman {

// A point on a time axis: microseconds since 1970-01-01T00:00 on the clock the file uses, or, where the axis is made of
// integers, the integer itself.
using Time = int64_t;

inline constexpr Time kMicrosecond = 1, kSecond = 1'000'000, kMinute = 60 * kSecond, kHour = 60 * kMinute,
                      kDay = 24 * kHour, kWeek = 7 * kDay;

// A moment's fields in the proleptic Gregorian calendar.
struct CivilTime {
  int32_t year = 1970;
  int32_t month = 1, day = 1;  // from 1
  int64_t of_day = 0;          // microseconds since midnight
};
CivilTime to_civil(Time time) noexcept;
Time from_civil(const CivilTime& civil) noexcept;
int32_t days_in_month(int32_t year, int32_t month) noexcept;

// A week of ISO 8601: it starts on a Monday and belongs to the year of its Thursday, so that week 1 has January 4.
struct IsoWeek {
  int32_t year = 1970, week = 1;  // from 1
};
IsoWeek to_iso_week(Time time) noexcept;
// Midnight of its Monday, or nothing if the year has no such week.
std::optional<Time> from_iso_week(const IsoWeek& week) noexcept;

// How a column writes its times, in the letters of strftime: %Y %m %d %H %M %S, %b (Jan), %q (quarter), %G %V (year
// and week of ISO 8601), %z (+0100), %:z (+01:00), and three of our own: %f (".5", an optional fraction of a second),
// %o (+01), %i (a plain integer). A minus as in %-m means no leading zero. Everything else stands for itself. A model
// keeps the format of its data, so that forecasts are written as the input was.
struct TimeFormat {
  std::string pattern = "%i";
  int32_t fraction_digits = 0;  // that %f writes
  int32_t offset_minutes = 0;   // from UTC: the clock that times are on where the pattern has %z, %:z or %o

  bool is_integer() const noexcept { return pattern == "%i"; }
  // Whether this is a format that TimeFormatDetector may find; check one that comes from a file.
  bool is_valid() const;
  bool operator==(const TimeFormat&) const = default;
};

// The time `text` stands for, or nothing if it is not written in this format or is no real date. Any offset from UTC is
// understood and the time moved to the format's clock.
std::optional<Time> parse_time(std::string_view text, const TimeFormat& format) noexcept;
std::string format_time(Time time, const TimeFormat& format);

// Finds the one format that a whole column is written in, cell by cell.
class TimeFormatDetector {
 public:
  // Takes the next cell. False if it is no time, or not written like those before it; it then does not count.
  bool add(std::string_view text);
  // The format, or nothing if every cell could be read both day first and month first (03/04/2020). `prefer_years`:
  // take four-digit integers for years. REQUIRES a successful add.
  std::optional<TimeFormat> finish(bool prefer_years = false) const;

  // Whether `text` is written as a time in some accepted format; plain integers are none here.
  static bool is_date(std::string_view text);

 private:
  std::vector<TimeFormat> candidates_;  // all that fit every cell so far
};

}  // namespace elman
