#pragma once

#include <functional>
#include <span>
#include <vector>

#include "tasks/backtest_report.h"
#include "tasks/forecast.h"
#include "tasks/rolling_origins.h"

namespace elman {

// Truncates every series to what was known before the first origin of a backtest: what a model may be trained on.
// Throws kData when no series has room for all windows.
SeriesSet before_first_origin(const SeriesSet& data, size_t horizon, const BacktestOptions& options);

// What a backtest found about one series.
struct BacktestedSeries {
  const Series& series;
  std::vector<size_t> origins;           // [windows], oldest first: the index of the first step forecast
  std::span<const Quantiles> forecasts;  // [windows], the model's, at its levels
  std::vector<MethodResult> methods;     // whose by_window stays empty
};
// Called in the order of the series.
using OnSeries = std::function<void(const BacktestedSeries&)>;

// Rolling origins at the end of each series, the model beside every baseline. All origins are forecast in one pass of
// large batches.
BacktestReport backtest(const ForecastModel& model, const SeriesSet& data, const BacktestOptions& options,
                        ThreadPool& pool, const OnSeries& on_series = {});

// The model of a window, counted from 0, trained on what was known before it.
using TrainForWindow = std::function<ForecastModel(const SeriesSet& known, size_t window)>;
// The same with a model trained anew before every window. REQUIRES a horizon in the options, and models of one
// configuration.
BacktestReport backtest(const TrainForWindow& train, const SeriesSet& data, const BacktestOptions& options,
                        ThreadPool& pool, const OnSeries& on_series = {});

}  // namespace elman
