#pragma once

#include <algorithm>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "data/series.h"
#include "tasks/baseline.h"
#include "tasks/covariates.h"
#include "train/trainer.h"

namespace elman {

// What a forecaster corrects: the level of its window, or what a baseline (tasks/baseline.h) makes of the window.
inline constexpr const char* kLevelBase = "level";
const Baseline* find_base(std::string_view name);  // null: the level. Throws kUsage if it is none of them
std::vector<std::string_view> base_names();

struct HeadEntry;

// How a forecaster is built. Zeros are chosen from the data by resolve(); what was chosen is stored in the model.
struct ForecastConfig {
  size_t horizon = 0;             // steps ahead, all written at once
  std::string model = "segment";  // what kind of network it is: ForecastFamily
  std::vector<double> quantiles = {0.1, 0.5, 0.9};
  std::string head = {};  // what is written for each step: ForecastHead; empty: the model's usual one
  std::string cell = "gru";
  size_t hidden_size = 0;
  size_t num_layers = 1;
  double dropout = 0.1;
  size_t season = 0;                    // steps of the season; 0: by frequency, or detected on integer axes
  size_t segment = 0;                   // values read at each recurrent step; 0: by the model
  size_t look_back = 0;                 // values read before each origin, a multiple of segment
  std::vector<std::string> bases = {};  // what the network corrects: the mean of these; empty: chosen…
  bool choose_base = false;             // …of these by the held-out part: the best, or the mean of all
  double skewness = 1;                  // of the quantiles' skewness, the share that is believed
  double correction = 1;                // of what the network says about the base, the share that is believed
  bool blend = true;                    // where bases are chosen, a share of the forecast is Theta's…
  double theta_share = 0;               // …which the held-out part decides
  size_t theta_look_back = 0;           // values that Theta reads for it, or without a network, if more than look_back
  bool ridge = true;                    // of few long series a share is a ridge regression's…
  double ridge_share = 0;               // …which the held-out part decides
  CovariateColumns covariates = {};
  size_t epochs = 0;             // once resolved, 0: no network is trained, as nothing could show what it learned
  size_t short_epochs = 0;       // tried as well, for data that more teach by heart; 0: not
  size_t batches_per_epoch = 0;  // between two validations; 0: by the number of windows
  size_t batch_size = 0;
  double learning_rate = 0;
  double weight_decay = 1e-4;
  double clip_norm = 1.0;
  size_t patience = 10;         // validations without a new best; 0: never stop early
  bool refit = true;            // after validation, train again on all data, for about as many steps as were best
  size_t ensemble = 0;          // networks trained again, from different seeds, whose mean forecasts; 0: by the data
  bool conformal = true;        // widen intervals by what judges the forecasts; off where nothing does
  double validation_share = 0;  // of each series, held out first, and a horizon for each tenth; 0: by the series
  bool past_can_judge = false;  // hold out nothing rather than fewer than two horizons: the whole past judges then
  uint64_t seed = 1;

  // The values before an origin that a forecast depends on.
  size_t values_read() const noexcept { return std::max(look_back, theta_look_back); }
  // The horizon in whole segments: what the network writes.
  size_t written_steps() const noexcept { return (horizon + segment - 1) / segment * segment; }
};

// The head that is named, or the model's usual one.
const HeadEntry& head_of(const ForecastConfig& config);
// Whether so many series teach each other: a panel.
bool is_panel(size_t series) noexcept;

// Whether what the network corrects forecasts by itself: not with a head of counts, whose level is 0, nor in a closed
// loop, which reads what it wrote.
bool corrects_forecasts(const ForecastConfig& config);
// Fills in every zero from frequency, number and lengths of the series. Throws kUsage on settings that contradict each
// other, kData when no series is long enough for one training window.
ForecastConfig resolve(ForecastConfig config, const SeriesSet& data);
// One line for each choice and its reason, for `inspect` and the log.
std::vector<std::string> explain(const ForecastConfig& config, const SeriesSet& data);

nlohmann::json to_json(const ForecastConfig& config);
ForecastConfig forecast_config_from_json(const nlohmann::json& json);

}  // namespace elman
