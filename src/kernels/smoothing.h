#pragma once

#include <array>
#include <cstddef>
#include <span>

namespace elman {

// Simple exponential smoothing, l[t] = l[t-1] + alpha (y[t] - l[t-1]), for some alphas side by side, each with the
// start l[-1] that makes the sum of the squared one-step errors least.
inline constexpr size_t kAlphas = 16;
struct Smoothing {
  std::array<double, kAlphas> error = {};  // sums of squares
  std::array<double, kAlphas> level = {};  // the last ones, which are the forecasts
};

// What is missing (NaN) is left out. Serial; the same bits under every instruction set.
Smoothing smooth(std::span<const double> y, const std::array<double, kAlphas>& alpha) noexcept;

}  // namespace elman
