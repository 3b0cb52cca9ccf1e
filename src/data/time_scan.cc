#include "data/time_scan.h"

#include <algorithm>
#include <charconv>

namespace elman {
namespace {

// Reads a cell from left to right.
class Scanner {
 public:
  explicit Scanner(std::string_view text) noexcept : rest_(text) {}
  bool at_end() const noexcept { return rest_.empty(); }

  bool literal(char c) noexcept {
    if (!rest_.starts_with(c)) return false;
    rest_.remove_prefix(1);
    return true;
  }

  // An unsigned number of `least` to `most` digits; returns how many, 0 if there are fewer.
  template <class Int>
  size_t number(size_t least, size_t most, Int& out) noexcept {
    size_t digits = 0;
    Int value = 0;
    while (digits < most && digits < rest_.size() && rest_[digits] >= '0' && rest_[digits] <= '9')
      value = value * 10 + static_cast<Int>(rest_[digits++] - '0');
    if (digits < least) return 0;
    rest_.remove_prefix(digits);
    out = value;
    return digits;
  }

  bool month_name(int32_t& month) noexcept {
    const auto found = std::find(kMonths.begin(), kMonths.end(), rest_.substr(0, 3));
    if (found == kMonths.end()) return false;
    month = static_cast<int32_t>(found - kMonths.begin()) + 1;
    rest_.remove_prefix(3);
    return true;
  }

  // A fraction of a second if there is one; digits beyond a microsecond must be zero.
  bool fraction(Fields& fields) noexcept {
    if (!rest_.starts_with('.')) return true;
    rest_.remove_prefix(1);
    int64_t value = 0;
    int32_t digits = 0;
    for (; !rest_.empty() && rest_[0] >= '0' && rest_[0] <= '9'; ++digits, rest_.remove_prefix(1)) {
      if (digits < 6) value = value * 10 + (rest_[0] - '0');
      else if (rest_[0] != '0' || digits >= 9) return false;
    }
    fields.fraction_digits = std::min(digits, 6);
    for (int32_t i = fields.fraction_digits; i < 6; ++i) value *= 10;
    fields.micro = value;
    return digits > 0;
  }

  bool offset(bool colon, bool minutes, std::optional<int32_t>& out) noexcept {
    const int32_t sign = literal('-') ? -1 : literal('+') ? 1 : 0;
    int32_t hours = 0, more = 0;
    if (sign == 0 || !number(2, 2, hours) || (colon && !literal(':'))) return false;
    if (minutes && !number(2, 2, more)) return false;
    out = sign * (hours * 60 + more);
    return hours < 24 && more < 60;
  }

  bool integer(std::optional<int64_t>& out) noexcept {
    constexpr int64_t kLargest = int64_t{1} << 61;  // differences must not overflow
    int64_t value = 0;
    const auto [end, error] = std::from_chars(rest_.data(), rest_.data() + rest_.size(), value);
    if (error != std::errc() || value > kLargest || value < -kLargest) return false;
    rest_.remove_prefix(static_cast<size_t>(end - rest_.data()));
    out = value;
    return true;
  }

 private:
  std::string_view rest_;
};

// Moves to the Monday of a week of the year that was read; false if it has no such week.
bool move_to_week(int32_t week, CivilTime& civil) noexcept {
  const std::optional<Time> monday = from_iso_week({civil.year, week});
  if (monday) civil = to_civil(*monday);
  return monday.has_value();
}

// Reads one directive; drops its flag in `directive` if a number that may be short was not.
bool scan_directive(Scanner& scanner, Directive& directive, Fields& fields) noexcept {
  const auto two_digits = [&](auto& out) {
    const size_t digits = scanner.number(directive.flag == '-' ? 1 : 2, 2, out);
    if (digits == 2) directive.flag = 0;
    return digits > 0;
  };
  switch (directive.letter) {
    case 0: return scanner.literal(directive.flag);
    case 'Y':
    case 'G': return scanner.number(4, 4, fields.civil.year) > 0;
    case 'm': return two_digits(fields.civil.month);
    case 'd': return two_digits(fields.civil.day);
    case 'H': return two_digits(fields.hour);
    case 'M': return two_digits(fields.minute);
    case 'S': return two_digits(fields.second);
    case 'b': return scanner.month_name(fields.civil.month);
    case 'q': {
      int32_t quarter = 0;
      if (!scanner.number(1, 1, quarter) || quarter < 1 || quarter > 4) return false;
      fields.civil.month = 3 * quarter - 2;
      return true;
    }
    case 'V': {
      int32_t week = 0;
      return two_digits(week) && move_to_week(week, fields.civil);
    }
    case 'f': return scanner.fraction(fields);
    case 'z': return scanner.offset(directive.flag == ':', true, fields.offset_minutes);
    case 'o': return scanner.offset(false, false, fields.offset_minutes);
    case 'i': return scanner.integer(fields.integer);
    default: return false;
  }
}

}  // namespace

Directive next_directive(std::string_view& pattern) noexcept {
  const auto take = [&pattern](size_t length, Directive directive) {
    pattern.remove_prefix(length);
    return directive;
  };
  const bool flagged = pattern.size() > 2 && (pattern[1] == '-' || pattern[1] == ':');
  if (pattern[0] != '%' || pattern.size() < 2) return take(1, {0, pattern[0]});
  return flagged ? take(3, {pattern[2], pattern[1]}) : take(2, {pattern[1], 0});
}

void append(std::string& pattern, Directive directive) {
  if (directive.letter) pattern += '%';
  if (directive.flag) pattern += directive.flag;
  if (directive.letter) pattern += directive.letter;
}

bool scan(std::string_view text, std::string_view pattern, Fields& fields, std::string* seen) {
  Scanner scanner(text);
  while (!pattern.empty()) {
    Directive directive = next_directive(pattern);
    if (!scan_directive(scanner, directive, fields)) return false;
    const bool no_fraction = directive.letter == 'f' && fields.fraction_digits == 0;
    if (seen && !no_fraction) append(*seen, directive);
  }
  const CivilTime& civil = fields.civil;
  return scanner.at_end() && civil.month >= 1 && civil.month <= 12 && civil.day >= 1 &&
         civil.day <= days_in_month(civil.year, civil.month) && fields.hour < 24 && fields.minute < 60 &&
         fields.second < 60;
}

}  // namespace elman
