#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "data/time.h"

namespace elman {

// The step of a regular time axis.
struct Frequency {
  enum class Unit { kSteps, kMicroseconds, kMonths };
  Unit unit = Unit::kSteps;
  int64_t count = 1;  // units a step
  // Months only: the day each step falls on, clamped to the month's length (31: month ends); 0: the day of the start.
  int32_t day = 0;

  // "hourly", "monthly", "every 30 minutes", "step 1"…
  std::string describe() const;
  // Steps in the season that data of this frequency usually has: monthly 12, quarterly 4, weekly 52, daily 7, hourly
  // 24, minutes 1440; 1 where there is none (yearly, integers).
  size_t season_length() const noexcept;
  // The time `steps` after `start` (before it if negative).
  Time time_at(Time start, int64_t steps) const noexcept;
  // Whole steps from `start` to `time`. REQUIRES start <= time.
  int64_t steps_between(Time start, Time time) const noexcept;
  // The number of steps from `start` to `time`, or nothing if `time` is not on the grid.
  std::optional<int64_t> index_of(Time start, Time time) const noexcept;

  // Whether the fields are in range; check one that comes from a file.
  bool is_valid() const noexcept;
  bool operator==(const Frequency&) const = default;
};

// Infers a frequency from pairs of neighbouring times, any number of series mixed. Gaps do no harm: the step is the
// most common difference, or the greatest common divisor where several differences are common (Monday, Wednesday,
// Friday).
class FrequencyFinder {
 public:
  explicit FrequencyFinder(bool integer_axis) noexcept : integer_axis_(integer_axis) {}
  // REQUIRES previous < next.
  void add(Time previous, Time next);
  // Nothing if no step explains the differences, or none was added.
  std::optional<Frequency> find() const;

 private:
  using Histogram = std::map<int64_t, size_t>;  // how often each difference occurred
  void add_months(Time previous, Time next);
  void note_day(const CivilTime& civil) noexcept;
  int32_t month_day() const noexcept;

  bool integer_axis_;
  Histogram differences_, months_;
  bool regular_ = true;   // few enough different differences
  bool monthly_ = true;   // no pair contradicts whole months
  bool same_day_ = true;  // each pair falls on one day of the month
  bool month_ends_ = true;
  int32_t end_day_ = 0;    // largest day that is a month's last
  int32_t other_day_ = 0;  // the one day that is not a month's last; -1 if there are several
};

// The season length among `candidates` (ascending) that the data shows, or 1: autocorrelation of the differenced
// series, NaN skipped. A season must be a local peak and clearly positive; the shortest that is nearly as strong as the
// strongest wins.
inline constexpr size_t kSeasonCandidates[] = {4, 7, 12, 24, 48, 52, 168};
size_t detect_season(std::span<const std::span<const double>> series,
                     std::span<const size_t> candidates = kSeasonCandidates);

// A position in a calendar cycle, fed to a model as the sine and cosine of its angle.
enum class CalendarFeature { kMonthOfYear, kDayOfYear, kDayOfMonth, kDayOfWeek, kHourOfDay, kMinuteOfHour };

// Those that vary from step to step at this frequency, slowest first; none for integer axes and yearly data.
std::vector<CalendarFeature> calendar_features(const Frequency& frequency);
// Writes sin, cos for each feature. REQUIRES out.size() == 2 * features.size().
void fill_calendar(Time time, std::span<const CalendarFeature> features, std::span<float> out) noexcept;

// A cycle of the calendar in whose places forecasts may be better or worse.
struct CalendarCycle {
  std::string_view name;  // "hour"
  size_t places;          // 24
  size_t (*place)(Time time) noexcept;
};
// Those that steps of this frequency run through: the months of a year, the days of a week from Monday on, the hours of
// a day; none for integer axes and yearly data.
std::span<const CalendarCycle> calendar_cycles(const Frequency& frequency) noexcept;
// How many places the fastest of them has, 1 where there is none, and in which `count` steps of a series lie that
// starts at `start`, from its step `first` on.
size_t calendar_places(const Frequency& frequency) noexcept;
std::vector<size_t> calendar_places(const Frequency& frequency, Time start, size_t first, size_t count);

}  // namespace elman
