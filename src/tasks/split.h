#pragma once

#include "tasks/forecast_config.h"

namespace elman {

// The origins of one series: those that train, and the later ones that validate, whose horizons no training target
// reaches into. None when the series is too short for them.
struct Split {
  size_t first = 0;       // origin to train from
  size_t training = 0;    // origins
  size_t validation = 0;  // origins, from first_validation() on
  size_t held = 0;        // values at the end that only validate

  size_t first_validation(size_t length) const noexcept { return length - held; }
};

// How a series of `length` is split. Without `hold_out` all origins train. REQUIRES: horizon and season are resolved.
Split split_of(size_t length, const ForecastConfig& config, bool hold_out);
// The same of a series: nothing is held out where nothing was observed to judge by.
Split split_of(const Series& series, const ForecastConfig& config, bool hold_out);
// The horizons that are held out, of all series together.
double held_horizons(const SeriesSet& data, const ForecastConfig& config);
// Windows of a backtest, `most` at most, before which the longest series has something to train on.
size_t windows_with_room(const SeriesSet& data, const ForecastConfig& config, size_t most);

}  // namespace elman
