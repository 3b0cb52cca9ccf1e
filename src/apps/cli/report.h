#pragma once

#include "apps/cli/common.h"
#include "apps/cli/console.h"
#include "tasks/backtest.h"

namespace elman::cli {

// Files that were written beside what is printed, "" for none.
struct WrittenFiles {
  std::string output, report;  // the table of errors, the page
};

// Prints a backtest: a table of methods and metrics with the verdict, or with --json the object of report_json().
void print_report(const BacktestReport& report, const Common& common, const WrittenFiles& files = {});

// {"metrics": of the model, "naive": of the best baseline, "methods": of all, "by_step": of all, for each step of the
// horizon, …}.
Json report_json(const BacktestReport& report);
// What makes the figures weaker than they look.
std::vector<std::string> warnings(const BacktestReport& report);

}  // namespace elman::cli
