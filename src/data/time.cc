#include "data/time.h"

#include <fmt/format.h>

#include <chrono>
#include <cstdlib>

#include "data/time_scan.h"

namespace elman {

CivilTime to_civil(Time time) noexcept {
  using namespace std::chrono;
  const sys_days days = floor<std::chrono::days>(sys_time<microseconds>(microseconds(time)));
  const year_month_day date(days);
  return {static_cast<int>(date.year()), static_cast<int32_t>(static_cast<unsigned>(date.month())),
          static_cast<int32_t>(static_cast<unsigned>(date.day())), time - days.time_since_epoch().count() * kDay};
}

Time from_civil(const CivilTime& civil) noexcept {
  using namespace std::chrono;
  const sys_days days = year(civil.year) / static_cast<int>(civil.month) / static_cast<int>(civil.day);
  return days.time_since_epoch().count() * kDay + civil.of_day;
}

int32_t days_in_month(int32_t year, int32_t month) noexcept {
  constexpr int32_t kDays[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  return month == 2 && std::chrono::year(year).is_leap() ? 29 : kDays[month - 1];
}

IsoWeek to_iso_week(Time time) noexcept {
  using namespace std::chrono;
  const sys_days day = floor<std::chrono::days>(sys_time<microseconds>(microseconds(time)));
  const sys_days thursday = day + std::chrono::days(4 - static_cast<int>(weekday(day).iso_encoding()));
  const year of_thursday = year_month_day(thursday).year();
  const auto before = (thursday - sys_days(of_thursday / January / 1)).count();
  return {static_cast<int32_t>(static_cast<int>(of_thursday)), static_cast<int32_t>(before / 7) + 1};
}

std::optional<Time> from_iso_week(const IsoWeek& week) noexcept {
  using namespace std::chrono;
  const sys_days within_first = sys_days(year(week.year) / January / 4);
  const sys_days monday = within_first - (weekday(within_first) - Monday) + weeks(week.week - 1);
  const Time start = monday.time_since_epoch().count() * kDay;
  return to_iso_week(start).year == week.year ? std::optional(start) : std::nullopt;
}

std::optional<Time> parse_time(std::string_view text, const TimeFormat& format) noexcept {
  Fields fields;
  if (!scan(text, format.pattern, fields)) return std::nullopt;
  if (fields.integer) return *fields.integer;
  fields.civil.of_day = fields.hour * kHour + fields.minute * kMinute + fields.second * kSecond + fields.micro;
  const int32_t shift = format.offset_minutes - fields.offset_minutes.value_or(format.offset_minutes);
  return from_civil(fields.civil) + shift * kMinute;
}

std::string format_time(Time time, const TimeFormat& format) {
  if (format.is_integer()) return std::to_string(time);
  const CivilTime civil = to_civil(time);
  const int32_t offset = std::abs(format.offset_minutes);
  const char sign = format.offset_minutes < 0 ? '-' : '+';
  std::string text;
  const auto number = [&](int64_t value, char flag) { text += fmt::format("{:0{}}", value, flag == '-' ? 1 : 2); };
  for (std::string_view pattern = format.pattern; !pattern.empty();) {
    const Directive directive = next_directive(pattern);
    switch (directive.letter) {
      case 0: text += directive.flag; break;
      case 'Y': text += fmt::format("{:04}", civil.year); break;
      case 'm': number(civil.month, directive.flag); break;
      case 'd': number(civil.day, directive.flag); break;
      case 'H': number(civil.of_day / kHour, directive.flag); break;
      case 'M': number(civil.of_day / kMinute % 60, directive.flag); break;
      case 'S': number(civil.of_day / kSecond % 60, directive.flag); break;
      case 'b': text += kMonths[static_cast<size_t>(civil.month - 1)]; break;
      case 'q': text += std::to_string((civil.month + 2) / 3); break;
      case 'G': text += fmt::format("{:04}", to_iso_week(time).year); break;
      case 'V': number(to_iso_week(time).week, directive.flag); break;
      case 'f':
        if (format.fraction_digits > 0)
          text += '.' + fmt::format("{:06}", civil.of_day % kSecond).substr(0, format.fraction_digits);
        break;
      case 'z': text += fmt::format("{}{:02}{}{:02}", sign, offset / 60, directive.flag ? ":" : "", offset % 60); break;
      case 'o': text += fmt::format("{}{:02}", sign, offset / 60); break;
    }
  }
  return text;
}

}  // namespace elman
