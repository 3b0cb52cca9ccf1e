#include "apps/cli/values.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "base/error.h"
#include "data/number.h"

namespace elman::cli {
namespace {

// True if all of `text` is one number; what from_chars calls out of range counts as infinite.
bool read_real(std::string_view text, double& value) {
  const char* end = text.data() + text.size();
  if (text.starts_with('+')) text.remove_prefix(1);
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  if (error == std::errc::result_out_of_range) value = text.starts_with('-') ? -HUGE_VAL : HUGE_VAL;
  return stop == end && error != std::errc::invalid_argument;
}

[[noreturn]] void fail_value(std::string_view expected, std::string_view text) {
  std::string hint;
  if (std::string point(text); std::count(text.begin(), text.end(), ',') == 1) {
    std::replace(point.begin(), point.end(), ',', '.');
    if (double number; read_real(point, number)) hint = "; decimals are written with a point: " + point;
  }
  fail(ErrorCode::kUsage, "expected {}, got {}{}", expected, in_quotes(text), hint);
}

}  // namespace

bool Range::contains(double value) const noexcept {
  return (open_min ? value > min : value >= min) && (open_max ? value < max : value <= max);
}

std::string Range::describe() const {
  const bool bounded = max < kLargestCount;
  if (!bounded) return fmt::format("{} {}", open_min ? "above" : "of at least", min);
  if (open_min) return fmt::format("between {} and {}", min, max);
  return fmt::format("from {} to {}{}", min, open_max ? "below " : "", max);
}

void parse_value(std::string_view text, const Range& range, size_t& value) {
  size_t whole = 0;
  double real = 0;
  const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), whole);
  if (error == std::errc() && stop == text.data() + text.size()) {
    real = static_cast<double>(whole);
  } else if (!read_real(text, real) || real != std::floor(real)) {
    fail_value("a whole number " + range.describe(), text);
  } else if (real <= range.max) {
    whole = static_cast<size_t>(std::max(real, 0.0));
  }
  if (real > range.max) fail(ErrorCode::kLimit, "{} is beyond the largest possible, {:.0f}", text, range.max);
  if (!range.contains(real)) fail_value("a whole number " + range.describe(), text);
  value = whole;
}

void parse_value(std::string_view text, const Range& range, double& value) {
  double real = 0;
  if (!read_real(text, real) || !range.contains(real)) fail_value("a number " + range.describe(), text);
  value = real;
}

void parse_value(std::string_view text, bool& value) {
  if (text != "true" && text != "false" && text != "1" && text != "0") fail_value("true or false", text);
  value = text == "true" || text == "1";
}

void parse_value(std::string_view text, const Range& range, std::vector<double>& values) {
  const std::string expected = "numbers " + range.describe() + " in ascending order, such as 0.1,0.5,0.9";
  std::vector<double> read;
  for (size_t begin = 0; begin <= text.size();) {
    const size_t end = std::min(text.find(',', begin), text.size());
    double real = 0;
    if (!read_real(text.substr(begin, end - begin), real) || !range.contains(real)) fail_value(expected, text);
    if (!read.empty() && real <= read.back()) fail_value(expected, text);
    read.push_back(real);
    begin = end + 1;
  }
  values = std::move(read);
}

void parse_value(std::string_view text, std::vector<std::string>& values) {
  std::vector<std::string> read;
  for (size_t begin = 0; begin <= text.size();) {
    const size_t end = std::min(text.find(',', begin), text.size());
    if (end == begin) fail_value("names separated by commas, such as price,holiday", text);
    read.emplace_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  values = std::move(read);
}

std::string show_value(size_t value) { return fmt::format("{}", value); }
std::string show_value(double value) { return fmt::format("{}", value); }
std::string show_value(bool value) { return value ? "true" : "false"; }

std::string show_value(const std::string& value) {
  std::string text = "\"";
  for (const char c : value) {
    if (c == '"' || c == '\\') text += '\\';
    if (static_cast<unsigned char>(c) < 0x20) text += fmt::format("\\u{:04x}", static_cast<unsigned char>(c));
    else text += c;
  }
  return text + '"';
}

std::string show_value(const std::vector<std::string>& values) {
  std::vector<std::string> quoted;
  quoted.reserve(values.size());
  for (const std::string& value : values) quoted.push_back(show_value(value));
  return fmt::format("[{}]", fmt::join(quoted, ", "));
}

std::string show_value(const std::vector<double>& values) { return fmt::format("[{}]", fmt::join(values, ", ")); }

}  // namespace elman::cli
