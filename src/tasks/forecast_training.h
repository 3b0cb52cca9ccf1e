#pragma once

#include <memory>

#include "base/threads.h"
#include "model/network.h"
#include "tasks/calibration.h"
#include "tasks/covariates.h"
#include "tasks/forecast_config.h"
#include "tasks/path_dependence.h"
#include "tasks/train_run.h"

namespace elman {

// What training a forecaster leaves.
struct TrainedForecaster {
  ForecastConfig config;  // with the base that was chosen
  std::unique_ptr<Network<float>> network;
  TrainRecord record;  // of the training with a held-out part; the time is that of all
  Calibration calibration;
  PathDependence dependence;
};

// Trains with the end of every series held out, once for each base if it is left to choose, and keeps the best; then,
// unless config.refit is off, config.ensemble networks on all data for as long as that one was at its best, joined to
// one that writes their mean. A run that is stopped anywhere and resumed ends in the same bits. REQUIRES: resolve()d.
TrainedForecaster train_forecaster(const SeriesSet& data, const ForecastConfig& config, const Covariates& covariates,
                                   ThreadPool& pool, const TrainRun& run);

}  // namespace elman
