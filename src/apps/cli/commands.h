#pragma once

#include "apps/cli/command_line.h"

namespace elman::cli {

// Each adds one verb, or a family of them, to the command line.
void add_train(CommandLine& line);
void add_forecast(CommandLine& line);
void add_backtest(CommandLine& line);
void add_evaluate(CommandLine& line);
void add_anomalies(CommandLine& line);
void add_sample(CommandLine& line);
void add_inspect(CommandLine& line);
void add_bench(CommandLine& line);
void add_config(CommandLine& line);

}  // namespace elman::cli
