#pragma once

#include <vector>

#include "data/series.h"
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
// The look_back values before the origin are cut into segments; each recurrent step reads one: its normalised values, a
// mask (1 where a value was observed) and the calendar position of its last value. Values before the series' start have
// mask 0.
class Windows {
 public:
  Windows(const ForecastConfig& config, const Frequency& frequency);

  size_t steps() const noexcept { return look_back_ / segment_; }
  size_t features() const noexcept { return 2 * segment_ + 2 * calendar_.size(); }

  // Writes sequence `b` of x [steps * batch, features].
  WindowScale fill_input(const Series& series, size_t origin, View<float> x, size_t batch, size_t b) const;
  // Writes target [written_steps]: normalised future values, NaN where missing or beyond the end or the horizon.
  void fill_target(const Series& series, size_t origin, const WindowScale& scale, float* target) const;

 private:
  WindowScale measure(const Series& series, size_t origin) const;

  size_t look_back_, segment_, horizon_, written_, season_;
  bool counts_;  // HeadEntry::counts
  Frequency frequency_;
  std::vector<CalendarFeature> calendar_;
};

}  // namespace elman
