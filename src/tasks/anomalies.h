#pragma once

#include <vector>

#include "tasks/forecast.h"

namespace elman {

inline constexpr double kAnomalyLevel = 0.99;  // of the interval, unless said otherwise

// A value outside its predictive interval.
struct Anomaly {
  size_t series, index;  // in the set
  double y, y_hat, low, high;
  double score;  // how far outside the interval, in units of half its width: above 0, no upper end
};

struct AnomalyReport {
  double level = 0;                // share of values that the intervals promise to hold
  size_t rows = 0;                 // that were judged
  std::vector<Anomaly> anomalies;  // by series and time
};

// The widest central interval that a forecaster of these levels can draw: 0.8 for 0.1, 0.5, 0.9; 0 if there is none.
double widest_level(const std::vector<double>& levels);

// Judges every value of every series by the interval forecast one step ahead, from what came before it; values missing
// are skipped, and so are the first of a series, before which there is less than a season or half of it. In large
// batches, several times: a fault spoils the forecasts of the rows after it, so that every value that lay more than
// half an interval's width outside (a score above 1) is replaced, as a past, by what was expected in its place, until
// the same values lie there.
//
// `level` in (0, 1), or 0 for kAnomalyLevel, or as much of it as the model's levels allow. Throws kUsage when they hold
// no interval, or one narrower than the level asked for.
AnomalyReport find_anomalies(const ForecastModel& model, const SeriesSet& data, double level, ThreadPool& pool);

}  // namespace elman
