#include "apps/cli/axis.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"

namespace elman::cli {
namespace {

// The round number (1, 2 or 5 times a power of ten) that is at least `step`.
double round_step(double step) {
  const double power = std::pow(10.0, std::floor(std::log10(step)));
  for (const double factor : {1.0, 2.0, 5.0})
    if (factor * power >= step * (1 - 1e-9)) return factor * power;
  return 10 * power;
}

// Steps between ticks, each naming the part of a time that changes from one to the next.
struct Step {
  enum Unit { kYears, kMonths, kTime } unit;
  int64_t count;  // of years, months or microseconds
};

constexpr Step kSteps[] = {
    {Step::kTime, kSecond},     {Step::kTime, 5 * kSecond},  {Step::kTime, 15 * kSecond}, {Step::kTime, kMinute},
    {Step::kTime, 5 * kMinute}, {Step::kTime, 15 * kMinute}, {Step::kTime, kHour},        {Step::kTime, 3 * kHour},
    {Step::kTime, 6 * kHour},   {Step::kTime, 12 * kHour},   {Step::kTime, kDay},         {Step::kTime, 2 * kDay},
    {Step::kTime, 7 * kDay},    {Step::kMonths, 1},          {Step::kMonths, 3},          {Step::kMonths, 6},
    {Step::kYears, 1},          {Step::kYears, 2},           {Step::kYears, 5},           {Step::kYears, 10},
    {Step::kYears, 20},         {Step::kYears, 50},          {Step::kYears, 100},         {Step::kYears, 500}};

Time length(const Step& step) {
  switch (step.unit) {
    case Step::kYears: return step.count * 365 * kDay;
    case Step::kMonths: return step.count * 30 * kDay;
    default: return step.count;
  }
}

// The last multiple of the step at or before `time`.
Time round_down(Time time, const Step& step) {
  if (step.unit == Step::kTime) return time - ((time % step.count) + step.count) % step.count;
  CivilTime civil = to_civil(time);
  civil.day = 1;
  civil.of_day = 0;
  if (step.unit == Step::kMonths) {
    civil.month -= static_cast<int32_t>((civil.month - 1) % step.count);
  } else {
    civil.month = 1;
    civil.year -= static_cast<int32_t>(civil.year % step.count);
  }
  return from_civil(civil);
}

Time next(Time time, const Step& step) {
  if (step.unit == Step::kTime) return time + step.count;
  CivilTime civil = to_civil(time);
  const int64_t months = civil.month - 1 + (step.unit == Step::kMonths ? step.count : 12 * step.count);
  civil.year += static_cast<int32_t>(months / 12);
  civil.month = static_cast<int32_t>(months % 12) + 1;
  return from_civil(civil);
}

TimeFormat label_format(const Step& step) {
  if (step.unit == Step::kYears) return {.pattern = "%Y"};
  if (step.unit == Step::kMonths) return {.pattern = "%Y-%m"};
  if (step.count >= kDay) return {.pattern = "%Y-%m-%d"};
  return {.pattern = step.count >= kMinute ? "%m-%d %H:%M" : "%H:%M:%S"};
}

std::vector<Tick> round_ticks(double low, double high, double step) {
  std::vector<Tick> ticks;
  const int digits = std::max(0, static_cast<int>(-std::floor(std::log10(step) + 1e-9)));
  const bool plain = digits <= 6 && std::max(std::fabs(low), std::fabs(high)) < 1e9;
  for (double k = std::ceil(low / step); k * step <= high; ++k) {
    const double value = k * step + 0.0;  // no -0
    ticks.push_back({value, plain ? fmt::format("{:.{}f}", value, digits) : fmt::format("{:.6g}", value)});
  }
  return ticks;
}

}  // namespace

std::vector<Tick> number_ticks(double low, double high, size_t count) {
  return round_ticks(low, high, round_step((high - low) / static_cast<double>(count)));
}

std::vector<Tick> time_ticks(Time first, Time last, bool integer_axis, size_t most) {
  const double wanted = static_cast<double>(last - first) / static_cast<double>(most);
  if (integer_axis)
    return round_ticks(static_cast<double>(first), static_cast<double>(last), std::max(1.0, round_step(wanted)));
  Step step = kSteps[std::size(kSteps) - 1];
  for (const Step& candidate : kSteps) {
    if (static_cast<double>(length(candidate)) < wanted) continue;
    step = candidate;
    break;
  }
  std::vector<Tick> ticks;
  for (Time t = round_down(first, step); t <= last; t = next(t, step))
    if (t >= first) ticks.push_back({static_cast<double>(t), format_time(t, label_format(step))});
  return ticks;
}

}  // namespace elman::cli
