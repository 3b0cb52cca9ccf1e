#include <algorithm>
#include <cstdlib>
#include <utility>
#include <vector>

#include "data/time.h"
#include "data/time_scan.h"

namespace elman {
namespace {

// Whether a format reads what may as well be a plain integer: 1949, 194901, 19490131.
bool is_compact(const TimeFormat& format) noexcept {
  return format.pattern == "%Y" || format.pattern == "%Y%m" || format.pattern == "%Y%m%d";
}

// Every accepted way to write a time; where a reading is uncertain, the likelier comes first.
std::vector<std::string> make_patterns() {
  std::vector<std::string> patterns = {"%Y-%-m", "%Y/%-m", "%-m/%Y", "%Y-Q%q", "%Y Q%q", "%YQ%q", "%G-W%-V", "%G W%-V",
                                       "%GW%-V", "%Y %b",  "%Y-%b",  "%b %Y",  "%b-%Y",  "%Y%m",  "%Y",      "%i"};
  for (const char* date : {"%Y-%-m-%-d", "%Y/%-m/%-d", "%Y.%-m.%-d", "%-d/%-m/%Y", "%-m/%-d/%Y", "%-d.%-m.%Y",
                           "%-d-%-m-%Y", "%-m-%-d-%Y", "%-d %b %Y", "%-d-%b-%Y", "%b %-d %Y", "%b %-d, %Y", "%Y%m%d"}) {
    patterns.emplace_back(date);
    for (const char* separator : {" ", "T"}) {
      for (const char* clock : {"%-H:%M", "%-H:%M:%S%f"}) {
        for (const char* zone : {"", "Z", " UTC", "%:z", "%z", "%o"})
          patterns.push_back(std::string(date) + separator + clock + zone);
      }
    }
  }
  return patterns;
}

const std::vector<std::string>& all_patterns() {
  static const std::vector<std::string> patterns = make_patterns();
  return patterns;
}

std::vector<TimeFormat> formats_of(std::string_view text) {
  std::vector<TimeFormat> formats;
  for (const std::string& pattern : all_patterns()) {
    Fields fields;
    std::string seen;
    if (!scan(text, pattern, fields, &seen)) continue;
    const TimeFormat format = {std::move(seen), fields.fraction_digits, fields.offset_minutes.value_or(0)};
    const bool likely = fields.civil.year >= 1500 && fields.civil.year <= 2200;
    if (likely || !is_compact(format)) formats.push_back(format);
  }
  return formats;
}

// The pattern that covers both, or nothing if they differ in more than leading zeros and fractions.
std::optional<std::string> merge(std::string_view a, std::string_view b) {
  std::string merged;
  while (!a.empty() || !b.empty()) {
    const bool fraction_a = a.starts_with("%f"), fraction_b = b.starts_with("%f");
    if (fraction_a || fraction_b) {
      if (fraction_a) a.remove_prefix(2);
      if (fraction_b) b.remove_prefix(2);
      merged += "%f";
      continue;
    }
    if (a.empty() || b.empty()) return std::nullopt;
    Directive x = next_directive(a), y = next_directive(b);
    const bool short_number = x.letter != 0 && (x.flag == '-' || y.flag == '-');
    if (short_number) x.flag = y.flag = '-';
    if (x != y) return std::nullopt;
    append(merged, x);
  }
  return merged;
}

}  // namespace

bool TimeFormat::is_valid() const {
  const auto covers = [this](std::string_view known) { return merge(known, pattern).has_value(); };
  return fraction_digits >= 0 && fraction_digits <= 6 && std::abs(int64_t{offset_minutes}) < 24 * 60 &&
         std::any_of(all_patterns().begin(), all_patterns().end(), covers);
}

bool TimeFormatDetector::add(std::string_view text) {
  const auto fits = [&](const TimeFormat& format) {
    Fields fields;
    return scan(text, format.pattern, fields) && fields.fraction_digits <= format.fraction_digits;
  };
  if (!candidates_.empty() && std::all_of(candidates_.begin(), candidates_.end(), fits)) return true;

  std::vector<TimeFormat> formats = formats_of(text);
  if (candidates_.empty()) {
    candidates_ = std::move(formats);
    return !candidates_.empty();
  }
  std::vector<TimeFormat> kept;
  for (const TimeFormat& candidate : candidates_) {
    for (const TimeFormat& format : formats) {
      if (std::optional<std::string> pattern = merge(candidate.pattern, format.pattern))
        kept.push_back({std::move(*pattern), std::max(candidate.fraction_digits, format.fraction_digits),
                        candidate.offset_minutes});
    }
  }
  if (kept.empty()) return false;
  candidates_ = std::move(kept);
  return true;
}

std::optional<TimeFormat> TimeFormatDetector::finish(bool prefer_years) const {
  const auto is_integer = [](const TimeFormat& format) { return format.is_integer(); };
  const bool integers = std::any_of(candidates_.begin(), candidates_.end(), is_integer);
  if (!integers) return candidates_.size() == 1 ? std::optional(candidates_[0]) : std::nullopt;
  for (const TimeFormat& format : candidates_) {
    if (is_compact(format) && (format.pattern != "%Y" || prefer_years)) return format;
  }
  return TimeFormat{};
}

bool TimeFormatDetector::is_date(std::string_view text) {
  const std::vector<TimeFormat> formats = formats_of(text);
  return std::any_of(formats.begin(), formats.end(),
                     [](const TimeFormat& format) { return !format.is_integer() && !is_compact(format); });
}

}  // namespace elman
