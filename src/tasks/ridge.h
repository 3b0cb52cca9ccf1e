#pragma once

#include <vector>

#include "base/threads.h"
#include "tasks/forecast_config.h"
#include "tasks/windows.h"

namespace elman {

// Ridge regression (Hoerl & Kennard 1970): every value of the horizon as a linear map of those of the look-back, in
// units of the window's scale, by least squares over many windows at once and with a penalty on the weights. Solved,
// not trained, it cannot stop too early or too late; it errs unlike a network, and at far horizons often less. Around
// it lie the quantiles of its errors at each step.

// Whether it may err less: four seasons ahead or more, where a network of few series knows little more than how values
// hang together. It needs a head of quantiles, and a look-back that is not too long to solve for.
bool suits_ridge(const ForecastConfig& config);

// As a branch beside networks of the same windows; parameters "ridge.weight" and "ridge.bias".
std::vector<LayerConfig> ridge_layers(const ForecastConfig& config, const Windows& windows);

// The parameters of these layers. A missing value of the past counts as the level, one of the horizon not at all.
// `hold_out`: the end of each series is left out, as split_of() says. The same bits for any number of threads.
// REQUIRES: suits_ridge(); the level is corrected.
Buffer<float> fit_ridge(const SeriesSet& data, const ForecastConfig& config, const Windows& windows, bool hold_out,
                        ThreadPool& pool);

}  // namespace elman
