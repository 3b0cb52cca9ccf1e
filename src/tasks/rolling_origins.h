#pragma once

#include <cstddef>

#include "data/series.h"

namespace elman {

struct BacktestOptions {
  size_t windows = 1;
  size_t stride = 0;   // steps between origins; 0: the horizon
  size_t horizon = 0;  // 0: the model's
};

// The origins (index of the first step forecast) of a backtest: the last at one horizon before the end of each series,
// the others `stride` steps apart before it. Window 0 is the oldest.
class RollingOrigins {
 public:
  // Throws kUsage on a count of 0, kData when no series has room for all windows.
  RollingOrigins(const SeriesSet& data, size_t horizon, const BacktestOptions& options);

  size_t horizon() const noexcept { return horizon_; }
  size_t windows() const noexcept { return windows_; }
  // How many windows apart two must lie to share no step.
  size_t span() const noexcept { return (horizon_ + stride_ - 1) / stride_; }
  // Whether a series of that length has room for all windows.
  bool fit(size_t length) const noexcept { return windows_ <= most_windows(length); }
  // REQUIRES fit(length), window < windows().
  size_t origin(size_t length, size_t window) const noexcept {
    return length - horizon_ - (windows_ - 1 - window) * stride_;
  }
  // What was known before a window: what a model that forecasts it may be trained on. Series without room for the
  // windows stay whole, as nothing of them is forecast.
  SeriesSet known_before(const SeriesSet& data, size_t window) const;

 private:
  size_t most_windows(size_t length) const noexcept;

  size_t horizon_, stride_, windows_;
};

}  // namespace elman
