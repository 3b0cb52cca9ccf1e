#pragma once

#include <span>
#include <vector>

namespace elman {

// The seasonal part of a series by classical decomposition: the mean distance of each place in the season from a
// centred moving average over one season. Factors (mean 1) where all values are positive, else summands (mean 0).
// Missing values (NaN) are left out of tests and means; the moving average alone bridges them, by straight lines.
class SeasonalAdjustment {
 public:
  // What is taken for a season.
  enum class Evidence {
    // The means, of a series that covers three seasons and whose autocorrelation at the season differs from 0 with 90 %
    // confidence (Bartlett's standard error), as in the M4 competition's benchmarks (Makridakis, Spiliotis &
    // Assimakopoulos 2020); else nothing.
    kTest,
    // Of two seasons or more, the means, with the average continued to either end by straight lines, drawn toward no
    // season by the share of noise in what they differ by (Miller & Williams 2003, after James & Stein).
    kShrink,
  };
  SeasonalAdjustment(std::span<const double> values, size_t season, Evidence evidence);

  // Takes the season from the value at step `t`, counted from the start of the series, or gives it back. `t` may lie
  // beyond the end.
  double remove(double value, size_t t) const noexcept;
  double restore(double value, size_t t) const noexcept;

  bool seasonal() const noexcept { return !index_.empty(); }
  bool multiplicative() const noexcept { return multiplicative_; }

 private:
  bool decompose(std::span<const double> values, size_t season, bool multiplicative, Evidence evidence);
  void shrink(const std::vector<std::vector<double>>& by_place);

  double neutral() const noexcept { return multiplicative_ ? 1.0 : 0.0; }

  std::vector<double> index_;  // [season], of step t at t % season; empty: not seasonal
  bool multiplicative_ = false;
};

}  // namespace elman
