#pragma once

#include <memory>
#include <vector>

#include "model/network.h"
#include "tasks/forecast_config.h"
#include "tasks/windows.h"

namespace elman {

// One forecaster of config.model's family: [windows.steps() * batch, windows.features()] → [batch, written_steps *
// outputs of the head].
NetworkConfig forecast_network(const ForecastConfig& config, const Windows& windows);

// One network that writes the mean of several of these, given their parameters; config.ridge_share of what it writes is
// the ridge regression's, given its own (tasks/ridge.h).
std::unique_ptr<Network<float>> join_networks(const ForecastConfig& config, const Windows& windows,
                                              const std::vector<Buffer<float>>& members, const Buffer<float>& ridge);

}  // namespace elman
