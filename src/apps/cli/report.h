#pragma once

#include "apps/cli/common.h"
#include "apps/cli/console.h"
#include "tasks/backtest.h"

namespace elman::cli {

// Prints a backtest: a table of methods and metrics with the verdict, or with --json one object
// {"metrics": of the model, "naive": of the best baseline, "methods": of all, "by_step": of all, for each step of the
// horizon, …}. `output` is the table of errors that was written, "" for none.
void print_report(const BacktestReport& report, const Common& common, const std::string& output = "");

}  // namespace elman::cli
