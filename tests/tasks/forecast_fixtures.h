#pragma once

#include <fmt/format.h>

#include <cmath>
#include <vector>

#include "base/random.h"
#include "tasks/forecast.h"

namespace elman {

// Monthly series from 2000-01: a trend, a yearly season of height 20, each with its own phase, and noise below 1.
inline SeriesSet make_series(size_t count, size_t length, double trend = 1) {
  SeriesSet set;
  set.path = "made.csv";
  set.time_format.pattern = "%Y-%m";
  set.frequency = {Frequency::Unit::kMonths, 1, 0};
  Random random(7, 0);
  for (size_t i = 0; i < count; ++i) {
    Series s;
    s.id = fmt::format("s{}", i);
    s.start = from_civil({.year = 2000});
    for (size_t t = 0; t < length; ++t) {
      const double season = std::sin(2 * M_PI * static_cast<double>(t + i) / 12.0);
      s.values.push_back(100 + trend * static_cast<double>(t) + 20 * season + random.uniform(-1, 1));
    }
    set.series.push_back(std::move(s));
  }
  return set;
}

inline ForecastConfig quick() {
  ForecastConfig config;
  config.horizon = 6;
  config.hidden_size = 16;
  config.epochs = 3;
  config.batches_per_epoch = 30;
  config.batch_size = 32;
  config.ensemble = 2;
  return config;
}

inline std::vector<float> weights(const ForecastModel& model) {
  const auto& values = model.network().parameters().values();
  return {values.begin(), values.end()};
}

}  // namespace elman
