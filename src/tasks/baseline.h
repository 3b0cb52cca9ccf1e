#pragma once

#include <span>
#include <string_view>
#include <vector>

namespace elman {

// A forecasting method without training to speak of, which a model has to beat to be worth its while.
struct Baseline {
  std::string_view name;
  // What follows `past` [steps, oldest first], `horizon` values. Missing values (NaN) are stepped over; of
  // nothing but these come zeros. Forecasts are finite, unless values come near the largest double. REQUIRES
  // season >= 1.
  std::vector<double> (*forecast)(std::span<const double> past, size_t season, size_t horizon);
};

// Every baseline. The one that skill scores refer to is seasonal_naive.
std::span<const Baseline* const> baselines();
inline constexpr std::string_view kDriftName = "drift", kSeasonalNaiveName = "seasonal_naive",
                                  kShrunkenThetaName = "shrunken_theta";

// The newest value that was observed, 0 when there is none: what baselines do when they can do nothing else.
double last_observed(std::span<const double> past) noexcept;

}  // namespace elman
