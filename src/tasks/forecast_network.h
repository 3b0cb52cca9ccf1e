#pragma once

#include <memory>
#include <vector>

#include "model/network.h"
#include "tasks/forecast_config.h"
#include "tasks/windows.h"

namespace elman {

// One forecaster: recurrence over the segments of the past, then one step for each segment of the future, all from the
// same state, that reads what is known of it (Lin et al. 2023); beside it a linear map of the whole look-back, and one
// of what is known of each segment, that start at zero. Without layers
// the linear maps stand alone. [windows.steps() * batch, windows.features()] → [batch,
// written_steps * outputs of the head].
NetworkConfig forecast_network(const ForecastConfig& config, const Windows& windows);

// One network that writes the mean of several of these, given their parameters: a sum of which each adds its share.
std::unique_ptr<Network<float>> join_networks(const ForecastConfig& config, const Windows& windows,
                                              const std::vector<Buffer<float>>& members);

}  // namespace elman
