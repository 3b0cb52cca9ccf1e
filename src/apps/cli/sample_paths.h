#pragma once

#include <string>

#include "apps/cli/common.h"
#include "tasks/forecast.h"

namespace elman::cli {

struct SampleRequest {
  size_t count = 0, seed = 1;
  size_t horizon = 0;  // 0: as trained
  std::string model;   // its file, for --json
  std::string output;  // "": standard output
};

// Draws possible futures of every series, of `given` or, when null, of the training data. Writes the table
// unique_id,sample,ds,y, one row for each step, samples counted from 0, series by series as they are drawn; with --json
// one object {…, "forecasts": [{"unique_id", "ds" [horizon], "samples" [count][horizon]}, …]} to standard output,
// without "forecasts" when the table goes to a file.
void print_samples(const ForecastModel& model, const SeriesSet* given, const SampleRequest& request,
                   const Common& common, ThreadPool& pool);

}  // namespace elman::cli
