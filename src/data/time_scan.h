#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "data/time.h"

namespace elman {

// The machinery below TimeFormat: patterns letter by letter, for the files that parse, write and detect times.

inline constexpr std::array<std::string_view, 12> kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                             "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

// A letter of a pattern with its flag: {'m', '-'} for %-m; {0, c} for a literal c.
struct Directive {
  char letter = 0, flag = 0;
  bool operator==(const Directive&) const = default;
};

// Takes the first directive off `pattern`. REQUIRES a pattern that is not empty.
Directive next_directive(std::string_view& pattern) noexcept;
void append(std::string& pattern, Directive directive);

// What a pattern's letters stand for in one cell.
struct Fields {
  CivilTime civil;
  int64_t hour = 0, minute = 0, second = 0, micro = 0;
  int32_t fraction_digits = 0;
  std::optional<int32_t> offset_minutes;
  std::optional<int64_t> integer;
};

// Matches all of `text`; false too if it is no real date. `seen`, if asked for, becomes the strictest pattern the text
// fits.
bool scan(std::string_view text, std::string_view pattern, Fields& fields, std::string* seen = nullptr);

}  // namespace elman
