#pragma once

#include <vector>

#include "tasks/calibration.h"
#include "tasks/forecast_head.h"
#include "tasks/windows.h"

namespace elman {

// What is forecast for one step of one series, in the series' own units: a distribution, with its intervals widened as
// the calibration asks.
class Predictive {
 public:
  // From the raw outputs of a step that lies at `place` of the calendar. REQUIRES: the head outlives it.
  // `floor_at_zero`: no quantile lies below 0.
  Predictive(const ForecastHead& head, const float* raw, const WindowScale& scale, const Calibration& calibration,
             size_t step, size_t place, bool floor_at_zero);

  // The quantiles at the head's levels, never crossing.
  const std::vector<double>& at_levels() const noexcept { return calibrated_; }
  // The mean as the head draws it: intervals grow to either side of the median alike, whatever the calibration.
  double mean() const;
  // The quantile at any level in (0, 1). Between two of the head's levels it lies between their quantiles. Of a head
  // that knows all levels it is the distribution's, moved as its neighbours among the head's levels were by the
  // calibration, in proportion to the level; beyond the outermost it moves as that did. Of others: QuantileCurve.
  double quantile(double level) const;

 private:
  double in_own_units(double value, double level) const;
  double bounded(double value) const { return floor_at_zero_ && value <= 0 ? 0.0 : value; }

  const ForecastHead* head_;
  WindowScale scale_;
  bool floor_at_zero_;
  std::vector<float> raw_;
  std::vector<double> calibrated_, moved_;  // [levels]; moved_: what the calibration added
};

}  // namespace elman
