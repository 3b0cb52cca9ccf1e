#pragma once

#include <functional>
#include <string>
#include <vector>

#include "tasks/forecast.h"
#include "tasks/metrics.h"
#include "tasks/rolling_origins.h"

namespace elman {

struct MethodResult {
  std::string name;  // "elman" or a baseline's
  Metrics metrics;   // over all windows and series
};

struct BacktestReport {
  std::vector<MethodResult> methods;  // the model first
  std::string best_naive;             // the baseline with the smallest error
  size_t series = 0, windows = 0, skipped_series = 0;
  size_t overlapping = 0;  // windows that reach into the model's own training data
  // "elman beats seasonal_naive by 12.3 % (MASE 0.93 against 1.06)" or the naive's victory, said plainly.
  std::string verdict;
};

// Truncates every series to what was known before the first origin of a backtest: what a model may be trained on.
// Throws kData when no series has room for all windows.
SeriesSet before_first_origin(const SeriesSet& data, size_t horizon, const BacktestOptions& options);

// Rolling origins at the end of each series, the model beside every baseline. All origins are forecast in one pass of
// large batches.
BacktestReport backtest(const ForecastModel& model, const SeriesSet& data, const BacktestOptions& options,
                        ThreadPool& pool);

// The model of a window, counted from 0, trained on what was known before it.
using TrainForWindow = std::function<ForecastModel(const SeriesSet& known, size_t window)>;
// The same with a model trained anew before every window. REQUIRES a horizon in the options, and models of one
// configuration.
BacktestReport backtest(const TrainForWindow& train, const SeriesSet& data, const BacktestOptions& options,
                        ThreadPool& pool);

}  // namespace elman
