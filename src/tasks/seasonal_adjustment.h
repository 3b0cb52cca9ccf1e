#pragma once

#include <span>
#include <vector>

namespace elman {

// The seasonal part of a series by classical decomposition: the mean distance of each place in the season from a
// centred moving average over one season. Factors (mean 1) where all values are positive, else summands (mean 0).
//
// A series has one when it covers three seasons and its autocorrelation at the season differs from 0 with 90 %
// confidence (Bartlett's standard error), as in the M4 competition's benchmarks (Makridakis, Spiliotis & Assimakopoulos
// 2020); otherwise nothing is adjusted. Missing values (NaN) are left out of the test and of the means; the moving
// average alone bridges them, by straight lines.
class SeasonalAdjustment {
 public:
  SeasonalAdjustment(std::span<const double> values, size_t season);

  // Takes the season from the value at step `t`, counted from the start of the series, or gives it back. `t` may lie
  // beyond the end.
  double remove(double value, size_t t) const noexcept;
  double restore(double value, size_t t) const noexcept;

  bool seasonal() const noexcept { return !index_.empty(); }
  bool multiplicative() const noexcept { return multiplicative_; }

 private:
  bool decompose(std::span<const double> values, size_t season, bool multiplicative);

  std::vector<double> index_;  // [season], of step t at t % season; empty: not seasonal
  bool multiplicative_ = false;
};

}  // namespace elman
