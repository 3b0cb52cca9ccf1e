#pragma once

#include <vector>

#include "data/series.h"
#include "tasks/baseline.h"
#include "tasks/covariates.h"
#include "tasks/forecast_config.h"
#include "tensor/steps.h"
#include "tensor/tensor.h"

namespace elman {

// What a window's values were divided by: y = center + scale * normalised.
struct WindowScale {
  double center = 0.0, scale = 1.0;
};

// Turns the past of a series before an origin into the network's input, and the future into its target. A window sees
// nothing at or after its origin, so neither scaling nor features can leak.
//
// The look_back values before the origin and the horizon after it are cut into segments, a row each. First in a row
// stands what is known of past and future alike: the series' fixed features, the calendar position of the segment's
// last step, and the covariates known ahead; then, zeros in the future, those known of the past alone, the normalised
// values and a mask (1 where a value was observed, or will be as a forecast fed back). Before the series' start all is
// missing.
class Windows {
 public:
  // REQUIRES: covariates outlives it.
  Windows(const ForecastConfig& config, const Frequency& frequency, const Covariates& covariates);

  size_t past_steps() const noexcept { return look_back_ / segment_; }
  size_t future_steps() const noexcept { return written_ / segment_; }
  size_t steps() const noexcept { return past_steps() + future_steps(); }
  size_t features() const noexcept { return known_features() + segment_ * (covariates_.past_width() + 2); }
  // The column of the value, where a row holds one: segment 1.
  size_t value_column() const noexcept { return known_features() + segment_ * covariates_.past_width(); }
  size_t known_features() const noexcept {
    return covariates_.fixed_width() + 2 * calendar_.size() + segment_ * covariates_.future_width();
  }

  WindowScale measure(const Series& series, size_t origin) const;
  // Writes sequence `b` of x [steps * batch, features].
  WindowScale fill_input(const Series& series, size_t origin, View<float> x, size_t batch, size_t b) const;
  // Writes target [written_steps]: normalised future values less their base, NaN where missing or beyond the end or the
  // horizon.
  void fill_target(const Series& series, size_t origin, const WindowScale& scale, float* target) const;
  // What the network corrects at each of the written steps, in the series' own unit: the window's level, what a
  // baseline makes of the window's values, or the mean of some of these.
  std::vector<double> base_of(const Series& series, size_t origin, const WindowScale& scale) const;
  // What a baseline makes of the last `steps` values before the origin: written_steps, in the series' own unit.
  std::vector<double> forecast_of(const Baseline& baseline, const Series& series, size_t origin, size_t steps) const;

 private:
  // The segment that begins at step `begin` of the series.
  void fill_known(const Series& series, int64_t begin, size_t origin, float* row) const;
  void fill_past(const Series& series, int64_t begin, size_t origin, const WindowScale& scale, float* row) const;

  size_t look_back_, segment_, horizon_, written_, season_;
  size_t base_reads_;  // values; a base that forecasts without a network may read more than windows hold
  std::vector<const Baseline*> bases_;  // null: the level
  bool counts_;                         // HeadEntry::counts
  bool fed_back_;                       // ForecastFamily::closed_loop
  Frequency frequency_;
  std::vector<CalendarFeature> calendar_;
  const Covariates& covariates_;
};

}  // namespace elman
