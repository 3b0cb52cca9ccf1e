#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "tasks/diebold_mariano.h"
#include "tasks/metrics.h"

namespace elman {

struct MethodResult {
  std::string name;                         // "elman" or a baseline's
  Metrics metrics;                          // over all windows and series
  std::vector<Metrics> by_step, by_window;  // [horizon], over all windows; [windows, oldest first], over all steps
  double skill = 0;  // 1 - error / error of seasonal_naive: 1 is perfect, below 0 worse; NaN if that makes no error
};

// The model's figures in each place of a cycle of the calendar, such as each hour of the day, over all windows and
// series; without a scale.
struct CalendarResult {
  std::string_view cycle;       // CalendarCycle::name
  std::vector<Metrics> places;  // without points where no forecast fell
};

// What a backtest found, and what follows from it. The error that is compared is Metrics::judged().
struct BacktestReport {
  std::vector<MethodResult> methods;        // the model first, then every baseline
  std::vector<CalendarResult> by_calendar;  // one for each of calendar_cycles()
  size_t series = 0, windows = 0, skipped_series = 0;
  size_t overlapping = 0;  // windows that reach into the model's own training data

  std::string best_naive;  // the baseline with the smallest error
  DieboldMariano test;     // of the model against that, by the errors of the windows, means over the series
  // "elman wins by 12.3 %: MASE 0.93 against theta's 1.06 (…, p = 0.012)", or the baseline's victory said as plainly;
  // a difference that may be chance is no victory.
  std::string verdict;

  // Fills in what follows from the methods' figures. `span`: how many windows apart two share no step.
  void conclude(size_t span);
  const MethodResult& method(std::string_view name) const;  // REQUIRES a method of that name
};

}  // namespace elman
