#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace elman::cli {

// What a number may be.
struct Range {
  double min, max;
  bool open_min = false, open_max = false;  // whether the bound itself is excluded

  bool contains(double value) const noexcept;  // NaN is in no range
  std::string describe() const;                // "of at least 1", "above 0", "from 0 to below 1"
};

// No count of anything is larger: what is beyond is a slip of the finger, or an attack.
inline constexpr double kLargestCount = 2147483648.0;

inline constexpr Range at_least(double min) noexcept { return {min, kLargestCount}; }
inline constexpr Range above(double min) noexcept { return {min, 1e300, true}; }
// Of a layer: beyond it, the network would refuse the size under a name that is not the flag's.
inline constexpr Range layer_size(double min) noexcept { return {min, 16777216.0}; }
inline constexpr Range kNotNegative{0, 1e300};
inline constexpr Range kFraction{0, 1, false, true};  // [0, 1)
inline constexpr Range kLevel{0, 1, true, true};      // (0, 1)
inline constexpr Range kThreads{0, 4096};
inline constexpr Range kSeed{0, 18446744073709551615.0};

// The values of flags, variables and configuration files, read from text. All throw kUsage saying what was expected and
// what was found, without the place, which only the caller knows. A whole number beyond its range's upper end is
// kLimit.
void parse_value(std::string_view text, const Range& range, size_t& value);
void parse_value(std::string_view text, const Range& range, double& value);
void parse_value(std::string_view text, bool& value);
// Comma-separated, ascending, each inside the range: "0.1,0.5,0.9".
void parse_value(std::string_view text, const Range& range, std::vector<double>& values);
// Comma-separated: "price,holiday".
void parse_value(std::string_view text, std::vector<std::string>& values);

// The same values as TOML writes them; numbers in the fewest digits that read back the same.
std::string show_value(size_t value);
std::string show_value(double value);
std::string show_value(bool value);
std::string show_value(const std::string& value);
std::string show_value(const std::vector<double>& values);
std::string show_value(const std::vector<std::string>& values);

}  // namespace elman::cli
