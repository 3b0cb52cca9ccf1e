#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "apps/cli/plot_content.h"
#include "tasks/backtest.h"

namespace elman::cli {

// One series as a report draws it: the end of its history, its forecast, and what was forecast before.
struct ReportSeries {
  struct Window {
    size_t at;            // where in `history` the first step forecast is
    Quantiles quantiles;  // at the model's levels
  };
  std::string id;
  std::vector<Time> times;      // [history + horizon]
  std::vector<double> history;  // NaN where missing
  Forecast forecast;
  std::vector<Window> windows;                         // oldest first
  std::vector<std::pair<std::string, double>> errors;  // of each method in all windows, as Metrics::judged()
};

// How often the model's quantiles held, in all windows of all series.
struct QuantileShares {
  std::vector<double> levels;
  std::vector<size_t> below;  // values at or below the forecast quantile of each level
  size_t points = 0;
};

// Everything that a report page shows.
struct ReportContent {
  std::string title;               // "Backtest of co2.csv"
  std::string headline;            // the result in one sentence
  std::vector<std::string> notes;  // what a reader has to know: warnings, and what was left out
  bool integer_axis = false;
  std::vector<double> levels;  // of the forecasts
  std::vector<ReportSeries> series;
  size_t shown = 0;                        // the one that is shown first
  std::optional<BacktestReport> backtest;  // with `shares`; nothing for a forecast alone
  QuantileShares shares;
  TrainRecord record;
  std::vector<std::pair<std::string, std::string>> settings, facts;  // names and values
  PlotContent picture;                                               // where scripts are off: of the series shown first
};

}  // namespace elman::cli
