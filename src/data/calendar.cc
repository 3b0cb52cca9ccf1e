#include <array>
#include <cmath>

#include "data/frequency.h"

namespace elman {
namespace {

// Sine and cosine of a fraction of a full turn, by polynomials: the same bits under every C library.
std::array<float, 2> unit_circle(double turns) noexcept {
  struct Term {
    double sine, cosine;
  };
  static constexpr auto kTerms = [] {  // of the Taylor series, innermost first
    std::array<Term, 7> terms = {};
    for (int i = 0, k = 14; k >= 2; ++i, k -= 2)
      terms[static_cast<size_t>(i)] = {1.0 / (k * (k + 1)), 1.0 / (k * (k - 1))};
    return terms;
  }();
  const double quarter = std::floor(turns * 4.0 + 0.5);
  const double x = (turns - quarter * 0.25) * 6.283185307179586, xx = x * x;  // |x| <= pi/4
  double sine = 1.0, cosine = 1.0;
  for (const Term& term : kTerms) {
    sine = 1.0 - sine * (xx * term.sine);
    cosine = 1.0 - cosine * (xx * term.cosine);
  }
  sine *= x;
  switch (static_cast<int64_t>(quarter) & 3) {
    case 0: return {static_cast<float>(sine), static_cast<float>(cosine)};
    case 1: return {static_cast<float>(cosine), static_cast<float>(-sine)};
    case 2: return {static_cast<float>(-sine), static_cast<float>(-cosine)};
    default: return {static_cast<float>(-cosine), static_cast<float>(sine)};
  }
}

double ratio(int64_t part, int64_t whole) noexcept { return static_cast<double>(part) / static_cast<double>(whole); }

size_t month_of(Time time) noexcept { return static_cast<size_t>(to_civil(time).month - 1); }

size_t weekday_of(Time time) noexcept {
  const int64_t days = (time - to_civil(time).of_day) / kDay + 3;  // 1970-01-01 was a Thursday, weeks start on Monday
  return static_cast<size_t>((days % 7 + 7) % 7);
}

size_t hour_of(Time time) noexcept { return static_cast<size_t>(to_civil(time).of_day / kHour); }

// From the slowest on, so that a frequency has the first of them.
constexpr CalendarCycle kCycles[] = {{"month", 12, month_of}, {"weekday", 7, weekday_of}, {"hour", 24, hour_of}};

// How much of the feature's cycle has passed, in [0, 1).
double phase(Time time, const CivilTime& civil, CalendarFeature feature) noexcept {
  switch (feature) {
    case CalendarFeature::kMonthOfYear: return ratio(civil.month - 1, 12);
    case CalendarFeature::kDayOfYear: {
      const Time year = from_civil({civil.year, 1, 1, 0}), next = from_civil({civil.year + 1, 1, 1, 0});
      return ratio(time - year, next - year);
    }
    case CalendarFeature::kDayOfMonth: return ratio(civil.day - 1, days_in_month(civil.year, civil.month));
    case CalendarFeature::kDayOfWeek: return ratio(static_cast<int64_t>(weekday_of(time)), 7);
    case CalendarFeature::kHourOfDay: return ratio(civil.of_day, kDay);
    case CalendarFeature::kMinuteOfHour: return ratio(civil.of_day % kHour, kHour);
  }
  return 0;
}

}  // namespace

std::vector<CalendarFeature> calendar_features(const Frequency& frequency) {
  using enum CalendarFeature;
  const int64_t step = frequency.count;
  if (frequency.unit == Frequency::Unit::kSteps) return {};
  if (frequency.unit == Frequency::Unit::kMonths)
    return step % 12 == 0 ? std::vector<CalendarFeature>{} : std::vector{kMonthOfYear};
  std::vector<CalendarFeature> features;
  if (step <= 26 * kWeek) features.push_back(kDayOfYear);
  if (step >= kDay && step < kWeek) features.push_back(kDayOfMonth);
  if (step < kWeek) features.push_back(kDayOfWeek);
  if (step < kDay) features.push_back(kHourOfDay);
  if (step < kHour) features.push_back(kMinuteOfHour);
  return features;
}

void fill_calendar(Time time, std::span<const CalendarFeature> features, std::span<float> out) noexcept {
  const CivilTime civil = to_civil(time);
  for (size_t i = 0; i < features.size(); ++i) {
    const auto [sine, cosine] = unit_circle(phase(time, civil, features[i]));
    out[2 * i] = sine;
    out[2 * i + 1] = cosine;
  }
}

std::span<const CalendarCycle> calendar_cycles(const Frequency& frequency) noexcept {
  const std::span<const CalendarCycle> all = kCycles;
  switch (frequency.unit) {
    case Frequency::Unit::kSteps: return {};
    case Frequency::Unit::kMonths: return all.first(frequency.count % 12 == 0 ? 0 : 1);
    case Frequency::Unit::kMicroseconds: return all.first(frequency.count < kDay ? 3 : frequency.count < kWeek ? 2 : 1);
  }
  return {};
}

size_t calendar_places(const Frequency& frequency) noexcept {
  const auto cycles = calendar_cycles(frequency);
  return cycles.empty() ? 1 : cycles.back().places;
}

std::vector<size_t> calendar_places(const Frequency& frequency, Time start, size_t first, size_t count) {
  std::vector<size_t> places(count);
  const auto cycles = calendar_cycles(frequency);
  if (cycles.empty()) return places;
  for (size_t k = 0; k < count; ++k)
    places[k] = cycles.back().place(frequency.time_at(start, static_cast<int64_t>(first + k)));
  return places;
}

}  // namespace elman
