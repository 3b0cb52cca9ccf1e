#pragma once

#include <nlohmann/json_fwd.hpp>
#include <span>
#include <string>
#include <vector>

#include "tasks/calibration.h"
#include "tasks/forecast_config.h"
#include "tasks/path_dependence.h"
#include "train/record.h"

namespace elman {

// One of the settings that the held-out part of the data decides between.
struct Candidate {
  std::string base;
  size_t epochs = 0;
};

// What came of training it.
struct Trial {
  Candidate candidate;
  TrainRecord record;
  size_t windows = 0;  // that it was trained on
};

// What the held-out part decided for.
struct Decision {
  std::vector<size_t> chosen;  // trials, whose mean forecasts; none while nothing is decided
  double ridge_share = 0, skewness = 1, correction = 1, theta_share = 0;  // ForecastConfig's
  Calibration calibration;
  PathDependence dependence;
};

// Of losses in the order of preference, the index of the first that no other is clearly less than, by a larger share of
// it. A gain of 2 % is chance, as the held-out part is one stretch of time, whose shocks all series share. Alone, a
// loss may be NaN.
inline constexpr double kClearGain = 0.02;
size_t first_unbeaten(std::span<const double> losses, double clear_gain = kClearGain);

// The trial to prefer. REQUIRES: there is one.
size_t best_of(const std::vector<Trial>& trials);

// The trials with the best of each base, in the order in which bases were tried first.
std::vector<size_t> best_of_each_base(const std::vector<Trial>& trials);

// Settings with nothing left to decide: those that train one candidate.
ForecastConfig settled(ForecastConfig config, const Candidate& candidate);
// Those of the mean of the chosen trials, and of what is made of it.
ForecastConfig settled(ForecastConfig config, const std::vector<Trial>& trials, const Decision& decision);

std::string describe(const Candidate& candidate);
// Lines for people. `held_out`: whether anything was, to decide by.
std::vector<std::string> explain(const Decision& decision, const std::vector<Trial>& trials,
                                 const ForecastConfig& config, bool held_out);
// Of so many networks that train for `seconds` together, for people: how long, and what fewer would take. Empty where
// the wait is short or fewer do not go: there is one of each of `kinds` at least.
std::string explain_wait(size_t networks, size_t kinds, double seconds);

// As checkpoints carry them. Reading throws nlohmann::json::exception when a key is missing or of the wrong type.
nlohmann::json to_json(const Trial& trial);
nlohmann::json to_json(const Decision& decision);
Trial trial_from_json(const nlohmann::json& json);
Decision decision_from_json(const nlohmann::json& json);

}  // namespace elman
