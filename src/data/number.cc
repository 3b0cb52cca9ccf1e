#include "data/number.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <system_error>

#include "base/error.h"

namespace elman {
namespace {

bool equals_lower(std::string_view text, std::string_view lower) noexcept {
  return std::equal(text.begin(), text.end(), lower.begin(), lower.end(),
                    [](char a, char b) { return (a >= 'A' && a <= 'Z' ? a - 'A' + 'a' : a) == b; });
}

bool has_digit_and_comma(std::string_view text) noexcept {
  return text.find_first_not_of("0123456789+-.,eE ") == std::string_view::npos &&
         text.find(',') != std::string_view::npos && text.find_first_of("0123456789") != std::string_view::npos;
}

}  // namespace

std::string_view trim(std::string_view text) noexcept {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

bool is_missing(std::string_view text) noexcept {
  text = trim(text);
  if (text.size() > 4) return false;
  for (std::string_view word : {"", "nan", "na", "n/a", "<na>", "null", "none"}) {
    if (equals_lower(text, word)) return true;
  }
  return false;
}

const char* parse_number(std::string_view text, double& value) noexcept {
  text = trim(text);
  std::string_view digits = text;
  if (digits.starts_with('+') && !digits.starts_with("+-")) digits.remove_prefix(1);  // from_chars knows no plus sign
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  const bool whole = end == digits.data() + digits.size();
  if (error == std::errc() && whole && std::isfinite(value)) return nullptr;

  value = std::numeric_limits<double>::quiet_NaN();
  if (is_missing(text)) return nullptr;
  if (error == std::errc::result_out_of_range && whole)
    return "expected a number within a double's range (1e-308 to 1e308); correct it, or leave the cell empty";
  if (error == std::errc() && whole) return "expected a finite number; leave the cell empty if the value is missing";
  if (has_digit_and_comma(text))
    return "a decimal comma or thousands separator, expected a decimal point alone: write 3.5 for 3,5 and 1234 for "
           "1,234";
  return "expected a number; correct it, or leave the cell empty if the value is missing";
}

double parse_number(std::string_view text) {
  double value;
  if (const char* expected = parse_number(text, value))
    fail(ErrorCode::kData, "found {}, {}", in_quotes(text), expected);
  return value;
}

std::string in_quotes(std::string_view text) {
  constexpr size_t kShown = 60;
  if (text.size() <= kShown) return fmt::format("\"{}\"", text);
  size_t end = kShown;
  while (end > 0 && (text[end] & 0xC0) == 0x80) --end;  // not within a character
  return fmt::format("\"{}…\"", text.substr(0, end));
}

}  // namespace elman
