#pragma once

#include <cstddef>
#include <span>

namespace elman {

struct TrendLine {
  double centre = 0, mean = 0, slope = 0;  // mean + slope (t - centre)
  double at(double t) const noexcept { return mean + slope * (t - centre); }
};

// Least squares over the values observed, of steps 0, 1, …
TrendLine fit_line(std::span<const double> y) noexcept;

}  // namespace elman
