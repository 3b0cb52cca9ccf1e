#include "data/frequency.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

namespace elman {
namespace {

constexpr int32_t kMonthEnd = 31;

int64_t month_index(const CivilTime& civil) noexcept { return int64_t{civil.year} * 12 + civil.month - 1; }

// start + steps * count; an absurd product wraps around rather than being undefined.
int64_t advance(int64_t start, int64_t steps, int64_t count) noexcept {
  return static_cast<int64_t>(static_cast<uint64_t>(start) +
                              static_cast<uint64_t>(steps) * static_cast<uint64_t>(count));
}

// The step that explains a histogram of differences, or nothing.
std::optional<int64_t> step_of(const std::map<int64_t, size_t>& differences) {
  size_t pairs = 0, most = 0;
  int64_t common = 1, divisor = 0;
  double span = 0;
  for (const auto& [difference, times] : differences) {
    pairs += times;
    span += static_cast<double>(difference) * static_cast<double>(times);
    divisor = std::gcd(divisor, difference);
    if (times > most) std::tie(most, common) = std::pair(times, difference);
  }
  size_t strays = 0;  // pairs that the most common difference does not explain
  for (const auto& [difference, times] : differences) strays += difference % common == 0 ? 0 : times;
  if (strays * 20 <= pairs) return common;
  const bool mostly_filled = span / static_cast<double>(divisor) <= 10.0 * static_cast<double>(pairs);
  return mostly_filled ? std::optional(divisor) : std::nullopt;
}

}  // namespace

std::string Frequency::describe() const {
  if (unit == Unit::kSteps) return fmt::format("step {}", count);
  struct Name {
    int64_t units;
    const char *once, *plural;
  };
  static constexpr Name kMonthNames[] = {{12, "yearly", "years"}, {3, "quarterly", nullptr}, {1, "monthly", "months"}};
  static constexpr Name kClockNames[] = {{kWeek, "weekly", "weeks"},
                                         {kDay, "daily", "days"},
                                         {kHour, "hourly", "hours"},
                                         {kMinute, "every minute", "minutes"},
                                         {kSecond, "every second", "seconds"},
                                         {1000 * kMicrosecond, "every millisecond", "milliseconds"},
                                         {kMicrosecond, "every microsecond", "microseconds"}};
  const std::span<const Name> names = unit == Unit::kMonths ? std::span<const Name>(kMonthNames) : kClockNames;
  for (const auto& [units, once, plural] : names) {
    if (count == units) return once;
    if (plural && count % units == 0) return fmt::format("every {} {}", count / units, plural);
  }
  return {};
}

size_t Frequency::season_length() const noexcept {
  int64_t season = 0;
  switch (unit) {
    case Unit::kSteps: return 1;
    case Unit::kMonths: season = 12; break;
    case Unit::kMicroseconds:
      if (count % kWeek == 0) season = 52 * kWeek;
      else if (count >= kDay) season = kWeek;
      else if (count >= kMinute) season = kDay;
      else if (count >= kSecond) season = kHour;
      else season = kMinute;
  }
  return season % count == 0 ? static_cast<size_t>(season / count) : 1;
}

Time Frequency::time_at(Time start, int64_t steps) const noexcept {
  if (unit != Unit::kMonths) return advance(start, steps, count);
  CivilTime civil = to_civil(start);
  const int64_t month = advance(month_index(civil), steps, count);
  const int64_t year = month >= 0 ? month / 12 : (month - 11) / 12;
  civil.year = static_cast<int32_t>(year);
  civil.month = static_cast<int32_t>(month - year * 12) + 1;
  civil.day = std::min(day ? day : civil.day, days_in_month(civil.year, civil.month));
  return from_civil(civil);
}

int64_t Frequency::steps_between(Time start, Time time) const noexcept {
  const int64_t units =
      unit == Unit::kMonths ? month_index(to_civil(time)) - month_index(to_civil(start)) : time - start;
  return units / count;
}

std::optional<int64_t> Frequency::index_of(Time start, Time time) const noexcept {
  const int64_t steps = steps_between(start, time);
  return time_at(start, steps) == time ? std::optional(steps) : std::nullopt;
}

bool Frequency::is_valid() const noexcept {
  const int64_t most = unit == Unit::kMonths ? 12 * 10'000 : int64_t{1} << 62;
  return unit >= Unit::kSteps && unit <= Unit::kMonths && count >= 1 && count <= most && day >= 0 && day <= kMonthEnd;
}

void FrequencyFinder::add(Time previous, Time next) {
  constexpr size_t kMostDifferences = size_t{1} << 16;  // a regular axis has a few
  if (!regular_) return;
  ++differences_[next - previous];
  regular_ = differences_.size() <= kMostDifferences;
  if (!integer_axis_ && monthly_) add_months(previous, next);
}

void FrequencyFinder::add_months(Time previous, Time next) {
  const CivilTime from = to_civil(previous), to = to_civil(next);
  note_day(from);
  note_day(to);
  same_day_ = same_day_ && from.day == to.day;
  monthly_ = from.of_day == to.of_day && next - previous >= 28 * kDay && (same_day_ || month_day() > 0);
  ++months_[month_index(to) - month_index(from)];
}

void FrequencyFinder::note_day(const CivilTime& civil) noexcept {
  if (civil.day == days_in_month(civil.year, civil.month)) {
    end_day_ = std::max(end_day_, civil.day);
  } else {
    month_ends_ = false;
    other_day_ = other_day_ == 0 || other_day_ == civil.day ? civil.day : -1;
  }
}

// The day of Frequency::day that all times fall on, or -1.
int32_t FrequencyFinder::month_day() const noexcept {
  if (month_ends_) return kMonthEnd;
  if (same_day_) return 0;
  return end_day_ <= other_day_ ? other_day_ : -1;
}

std::optional<Frequency> FrequencyFinder::find() const {
  if (differences_.empty() || !regular_) return std::nullopt;
  const bool months = !integer_axis_ && monthly_;
  const std::optional<int64_t> step = step_of(months ? months_ : differences_);
  if (!step) return std::nullopt;
  if (months) return Frequency{Frequency::Unit::kMonths, *step, month_day()};
  return Frequency{integer_axis_ ? Frequency::Unit::kSteps : Frequency::Unit::kMicroseconds, *step};
}

}  // namespace elman
