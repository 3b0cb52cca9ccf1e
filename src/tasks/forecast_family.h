#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "elman/network.h"
#include "tasks/forecast_config.h"
#include "tasks/windows.h"

namespace elman {

// A kind of forecasting network: how it reads the past and writes the future. One entry a family; all else, training,
// heads, calibration and files, is the same for all.
struct ForecastFamily {
  std::string_view name, meaning;
  // Reads a row for each step and goes on from its own forecasts: Rollout. It takes them for values of its input, and
  // so corrects the level alone.
  bool closed_loop;
  std::string_view head;  // unless one is named
  // What is chosen where nothing is told, by season, horizon and the lengths of the series, ascending.
  size_t (*segment)(const ForecastConfig& config);
  size_t (*look_back)(const ForecastConfig& config, std::span<const size_t> lengths);
  // Of a closed loop, the steps back at which it reads values, ascending from 1; all lie in the look-back.
  std::vector<size_t> (*lags)(const ForecastConfig& config);
  // Names of parameters begin with `prefix`. REQUIRES: a resolved config.
  std::vector<LayerConfig> (*layers)(const ForecastConfig& config, const Windows& windows, const std::string& prefix);
};

// Every family, in the order of lists and tests.
std::span<const ForecastFamily> forecast_families();
// Throws kUsage on an unknown name, with the nearest one.
const ForecastFamily& find_family(std::string_view name);

}  // namespace elman
