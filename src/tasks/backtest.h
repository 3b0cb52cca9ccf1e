#pragma once

#include <map>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "tasks/forecast.h"

namespace elman {

// Figures over all windows and series. MASE is scaled by the seasonal naive's in-sample error before the first origin
// (Hyndman & Koehler 2006), averaged over series; sMAPE in percent as in M4; wql is the mean pinball loss; coverage[i]
// the share of actual values inside the central interval of levels (q, 1-q).
struct Metrics {
  double mase = 0, smape = 0, mae = 0, rmse = 0, mse = 0;
  double wql = 0;                     // NaN for methods without quantiles
  std::map<double, double> coverage;  // nominal share → observed share
  size_t points = 0;
};

struct BacktestOptions {
  size_t windows = 1;
  size_t stride = 0;   // steps between origins; 0: the horizon
  size_t horizon = 0;  // 0: the model's
};

struct MethodResult {
  std::string name;  // "elman" or a baseline's
  Metrics metrics;
};

struct BacktestReport {
  std::vector<MethodResult> methods;  // the model first
  std::string best_naive;
  size_t series = 0, windows = 0, skipped_series = 0;
  size_t overlapping = 0;  // windows that reach into the model's own training data
  // "elman beats seasonal_naive by 12.3 % (MASE 0.93 against 1.06)" or the naive's victory, said plainly.
  std::string verdict;
};

// Truncates every series to what was known before the first origin of a backtest: what a model may be trained on.
// Throws kData when no series has room for all windows.
SeriesSet before_first_origin(const SeriesSet& data, size_t horizon, const BacktestOptions& options);
// Rolling origins at the end of each series, the model beside every baseline.
BacktestReport backtest(const ForecastModel& model, const SeriesSet& data, const BacktestOptions& options,
                        ThreadPool& pool);

nlohmann::json to_json(const Metrics& metrics);

}  // namespace elman
