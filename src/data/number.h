#pragma once

#include <string>
#include <string_view>

namespace elman {

// Reads `text` as a number into `value`: NaN if it is missing. Returns nullptr, or what was expected instead and what
// to do; infinities and numbers beyond a double are errors.
const char* parse_number(std::string_view text, double& value) noexcept;
// The same for a cell without a place in a file; throws kData.
double parse_number(std::string_view text);

// Without blanks and tabs at its ends.
std::string_view trim(std::string_view text) noexcept;

// Empty, NaN, NA, N/A, <NA>, null or None, in any case.
bool is_missing(std::string_view text) noexcept;

// "text" in quotes, shortened if long, for messages.
std::string in_quotes(std::string_view text);

}  // namespace elman
