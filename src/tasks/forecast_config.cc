#include "tasks/forecast_config.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <numeric>
#include <utility>

#include "base/error.h"
#include "base/fields.h"
#include "base/suggest.h"
#include "tasks/calibration.h"
#include "tasks/forecast_family.h"
#include "tasks/forecast_head.h"
#include "tasks/ridge.h"
#include "tasks/split.h"

namespace elman {
namespace {

constexpr auto kFields = std::tuple{std::pair{"horizon", &ForecastConfig::horizon},
                                    std::pair{"model", &ForecastConfig::model},
                                    std::pair{"quantiles", &ForecastConfig::quantiles},
                                    std::pair{"head", &ForecastConfig::head},
                                    std::pair{"cell", &ForecastConfig::cell},
                                    std::pair{"hidden_size", &ForecastConfig::hidden_size},
                                    std::pair{"num_layers", &ForecastConfig::num_layers},
                                    std::pair{"dropout", &ForecastConfig::dropout},
                                    std::pair{"season", &ForecastConfig::season},
                                    std::pair{"segment", &ForecastConfig::segment},
                                    std::pair{"look_back", &ForecastConfig::look_back},
                                    std::pair{"bases", &ForecastConfig::bases},
                                    std::pair{"choose_base", &ForecastConfig::choose_base},
                                    std::pair{"skewness", &ForecastConfig::skewness},
                                    std::pair{"correction", &ForecastConfig::correction},
                                    std::pair{"blend", &ForecastConfig::blend},
                                    std::pair{"theta_share", &ForecastConfig::theta_share},
                                    std::pair{"theta_look_back", &ForecastConfig::theta_look_back},
                                    std::pair{"ridge", &ForecastConfig::ridge},
                                    std::pair{"ridge_share", &ForecastConfig::ridge_share},
                                    std::pair{"epochs", &ForecastConfig::epochs},
                                    std::pair{"short_epochs", &ForecastConfig::short_epochs},
                                    std::pair{"batches_per_epoch", &ForecastConfig::batches_per_epoch},
                                    std::pair{"batch_size", &ForecastConfig::batch_size},
                                    std::pair{"learning_rate", &ForecastConfig::learning_rate},
                                    std::pair{"weight_decay", &ForecastConfig::weight_decay},
                                    std::pair{"clip_norm", &ForecastConfig::clip_norm},
                                    std::pair{"patience", &ForecastConfig::patience},
                                    std::pair{"refit", &ForecastConfig::refit},
                                    std::pair{"ensemble", &ForecastConfig::ensemble},
                                    std::pair{"conformal", &ForecastConfig::conformal},
                                    std::pair{"validation_share", &ForecastConfig::validation_share},
                                    std::pair{"past_can_judge", &ForecastConfig::past_can_judge},
                                    std::pair{"seed", &ForecastConfig::seed}};

constexpr auto kCovariateFields =
    std::tuple{std::pair{"past", &CovariateColumns::past}, std::pair{"future", &CovariateColumns::future},
               std::pair{"static", &CovariateColumns::fixed}};

constexpr const char* kIntermittentHead = "negative_binomial";
constexpr size_t kManySeries = 20;      // from here on a panel: series teach each other, and overfitting is rarer
constexpr size_t kSeriesThatJudge = 3;  // of which a horizon each says enough of a network
constexpr size_t kLongValues = 5000;    // from here on a few series are long enough for larger batches and fewer steps
constexpr size_t kFewWindows = 300;     // with fewer, a wide layer learns them by heart
constexpr size_t kLargestBatch = 128;   // chosen; a short series fills it with windows drawn more than once
constexpr size_t kFewestBatches = 25, kMostBatches = 100;  // of an epoch, that is, between two validations

std::vector<size_t> sorted_lengths(const SeriesSet& data) {
  std::vector<size_t> lengths;
  for (const Series& s : data.series) lengths.push_back(s.values.size());
  std::sort(lengths.begin(), lengths.end());
  return lengths;
}

// Small counts with many zeros: more than 1.32 steps from one demand to the next (Syntetos, Boylan & Croston 2005). Of
// large ones, such as the sun's power with its nights, whole numbers say little.
bool is_intermittent(const SeriesSet& data) {
  constexpr double kInterval = 1.32, kSmall = 100;
  std::vector<double> demands;
  size_t values = 0;
  for (const Series& s : data.series)
    for (const double v : s.values) {
      if (std::isnan(v)) continue;
      if (!is_count(v)) return false;
      ++values;
      if (v > 0) demands.push_back(v);
    }
  if (demands.empty() || static_cast<double>(values) <= kInterval * static_cast<double>(demands.size())) return false;
  const auto median = demands.begin() + static_cast<ptrdiff_t>(demands.size() / 2);
  std::nth_element(demands.begin(), median, demands.end());
  return *median <= kSmall;
}

// Values that Theta reads at least, of few series, of days, or where it forecasts alone: ten seasons, of days two
// years. Months err more by a longer past, hours as much, and of 67 series of days (NN5) ten weeks 9 % more than two
// years.
constexpr size_t kDaysOfWeek = 7;
size_t theta_look_back(size_t season) { return (season == kDaysOfWeek ? 104 : 10) * season; }

size_t divide_up(size_t value, size_t by) { return (value + by - 1) / by; }
size_t round_up(size_t value, size_t multiple) { return divide_up(value, multiple) * multiple; }

void check(const ForecastConfig& c) {
  const bool closed_loop = find_family(c.model).closed_loop;
  for (const std::string& base : c.bases) {
    if (!find_base(base)) continue;
    if (closed_loop)
      fail(ErrorCode::kUsage,
           "--base {} does not go with --model {}, which reads its own forecasts as values of the past; use --base {}",
           base, c.model, kLevelBase);
    if (head_of(c).counts)
      fail(ErrorCode::kUsage, "--base {} does not go with --head {}, whose forecasts are counts; use --base {}", base,
           head_of(c).name, kLevelBase);
  }
  if (closed_loop && c.segment > 1)
    fail(ErrorCode::kUsage, "--segment {} does not go with --model {}, which reads a step at a time; leave it out",
         c.segment, c.model);
  if (!(c.validation_share >= 0 && c.validation_share <= 0.5))
    fail(ErrorCode::kUsage, "--validation-share {}, expected a share of 0.5 at most", c.validation_share);
  if (c.horizon == 0) fail(ErrorCode::kUsage, "--horizon is 0, expected at least 1 step");
  for (size_t i = 0; i < c.quantiles.size(); ++i) {
    const double q = c.quantiles[i];
    if (!(q > 0 && q < 1)) fail(ErrorCode::kUsage, "--quantiles: {} found, expected levels between 0 and 1", q);
    if (i > 0 && q <= c.quantiles[i - 1])
      fail(ErrorCode::kUsage, "--quantiles: {} follows {}, expected ascending levels", q, c.quantiles[i - 1]);
  }
  if (std::find(c.quantiles.begin(), c.quantiles.end(), 0.5) == c.quantiles.end())
    fail(ErrorCode::kUsage, "--quantiles: 0.5 is missing; the median is the point forecast");
  if (c.segment > 0 && c.look_back % c.segment != 0)
    fail(ErrorCode::kUsage, "--look-back {} is no multiple of --segment {}; choose e.g. {}", c.look_back, c.segment,
         round_up(c.look_back, c.segment));
}

size_t training_windows(const ForecastConfig& c, const std::vector<size_t>& lengths) {
  size_t windows = 0;
  for (const size_t n : lengths) windows += split_of(n, c, false).training;
  return windows;
}

void check_batch(const ForecastConfig& c, const std::vector<size_t>& lengths, const std::string& path) {
  const size_t windows = training_windows(c, lengths), most = std::max(windows, kLargestBatch);
  if (c.batch_size > most)
    fail(ErrorCode::kUsage,
         "--batch-size {} is more than the {} windows that {} holds; choose a --batch-size of at most {}, or 0 to let "
         "the data decide",
         c.batch_size, windows, path, most);
}

// Whether more than categories and flags is known ahead, such as a temperature.
bool knows_measure_ahead(const CovariateColumns& columns, const SeriesSet& data) {
  const auto is_measured = [](double v) { return !std::isnan(v) && v != 0 && v != 1; };
  const size_t first = columns.past.size();
  for (size_t k = first; k < first + columns.future.size(); ++k) {
    if (!data.categories[k].empty()) continue;
    for (const Series& s : data.series)
      if (std::any_of(s.covariates[k].begin(), s.covariates[k].end(), is_measured)) return true;
  }
  return false;
}

// Few short series learn in fewer steps of smaller batches, and are validated more often, as their best weights may
// come early: an epoch is a pass over their windows, within limits. Of a larger set it is a sample, and many are drawn.
// Long series are soon learned by heart, but what a measure known ahead tells holds at other times too: there is more
// to learn, in larger steps, and a short training is not tried, as the held-out stretch alone often prefers it.
void choose_training(ForecastConfig& c, const SeriesSet& data, const std::vector<size_t>& lengths) {
  const size_t values = std::accumulate(lengths.begin(), lengths.end(), size_t{0});
  const size_t windows = training_windows(c, lengths);
  const bool few = !is_panel(lengths.size()), is_long = few && values > kLongValues, is_small = few && !is_long;
  const bool is_told = is_long && corrects_forecasts(c) && knows_measure_ahead(c.covariates, data);
  if (c.validation_share == 0) c.validation_share = is_small ? 0.2 : 0.1;
  if (c.hidden_size == 0) c.hidden_size = windows < kFewWindows ? 16 : is_long ? 128 : 64;
  if (c.batch_size == 0) c.batch_size = is_small ? 32 : is_long ? 64 : kLargestBatch;
  if (c.learning_rate == 0) c.learning_rate = is_told ? 2e-3 : is_long ? 1e-3 : 3e-3;
  if (c.batches_per_epoch == 0)
    c.batches_per_epoch =
        is_small ? std::clamp(divide_up(windows, c.batch_size), kFewestBatches, kMostBatches) : kMostBatches;
  if (c.epochs == 0 && !is_small && !is_told) c.short_epochs = is_long ? 10 : 8;
  if (c.epochs == 0) c.epochs = is_long && !is_told ? 30 : is_small ? 20 : 60;
  if (c.ensemble == 0) c.ensemble = is_told ? 4 : is_long ? 8 : 3;
  const bool blend = std::exchange(c.blend, false);
  c.ridge = blend && c.ridge && c.bases.empty() && is_long && suits_ridge(c);
  if (!c.bases.empty()) return;
  // Long series show no gain from another base, in twice the time; of counts the level is 0; loops read what they
  // wrote.
  c.bases = {kLevelBase};
  if (is_long || !corrects_forecasts(c)) return;
  c.choose_base = true;
  if (c.season > 1) c.bases.emplace_back(kSeasonalNaiveName);  // else the level is the same
  // Without a season mostly years, which grow, and from the level all growth would be the network's to forecast.
  else if (!few) c.bases = {std::string(kDriftName)};
  const bool is_hourly = c.season > 12 && c.season != 52;  // or finer; not tried on panels of these
  if (!few && is_hourly) return;
  c.bases.emplace_back(kShrunkenThetaName);
  c.blend = blend;
  c.past_can_judge = lengths.size() < kSeriesThatJudge && c.covariates.future.empty();
}

// Where nothing can be held out, nothing shows what a network learned, and Theta of all values is believed instead: of
// public series so short it forecast better than any other base, the mean of them, or what forecast the past best.
void leave_to_theta(ForecastConfig& c) {
  c.bases = {std::string(kShrunkenThetaName)};
  c.choose_base = false;
  c.blend = false;
}

// Whether there are intervals, and something to check them by.
bool can_calibrate(const ForecastConfig& c, const std::vector<size_t>& lengths) {
  if (c.quantiles.front() == 0.5 || c.quantiles.back() == 0.5) return false;
  return corrects_forecasts(c) ||
         std::any_of(lengths.begin(), lengths.end(), [&](size_t n) { return split_of(n, c, true).validation > 0; });
}

}  // namespace

std::vector<std::string_view> base_names() {
  std::vector<std::string_view> names{kLevelBase};
  for (const Baseline* baseline : baselines()) names.push_back(baseline->name);
  return names;
}

const Baseline* find_base(std::string_view name) {
  if (name == kLevelBase) return nullptr;
  for (const Baseline* baseline : baselines())
    if (name == baseline->name) return baseline;
  fail_unknown("base", "bases", name, base_names());
}

const HeadEntry& head_of(const ForecastConfig& c) {
  return find_head(c.head.empty() ? find_family(c.model).head : c.head);
}

bool corrects_forecasts(const ForecastConfig& c) {
  return !find_head(c.head).counts && !find_family(c.model).closed_loop;
}

bool is_panel(size_t series) noexcept { return series >= kManySeries; }

ForecastConfig resolve(ForecastConfig c, const SeriesSet& data) {
  const ForecastFamily& family = find_family(c.model);
  const std::vector<size_t> lengths = sorted_lengths(data);
  if (lengths.empty() || lengths.back() <= c.horizon)
    fail(ErrorCode::kData,
         "{}: the longest series has {} values, expected more than the horizon of {}; give more data or a smaller "
         "--horizon",
         data.path, lengths.empty() ? 0 : lengths.back(), c.horizon);
  const size_t longest = lengths.back();
  if (c.head.empty() && c.bases.empty() && is_intermittent(data)) c.head = kIntermittentHead;
  if (c.season == 0) c.season = data.season_length();
  const bool choose_segment = c.segment == 0, choose_look_back = c.look_back == 0;
  if (choose_segment) c.segment = family.segment(c);
  if (choose_look_back) {
    if (choose_segment) c.segment = std::min(c.segment, longest - c.horizon);
    c.look_back = round_up(family.look_back(c, lengths), c.segment);
    const size_t most = std::max(c.segment, (longest - c.horizon) / c.segment * c.segment);
    c.look_back = std::min(c.look_back, most);
  }
  check(c);
  check_batch(c, lengths, data.path);
  c.head = head_of(c).name;
  const bool choose_base = c.bases.empty();
  choose_training(c, data, lengths);
  bool theta_reads_on = c.blend && (!is_panel(lengths.size()) || c.season == kDaysOfWeek);
  if (corrects_forecasts(c) && held_horizons(data, c) == 0) {
    c.epochs = 0;
    if (choose_base) leave_to_theta(c);
    if (choose_base && choose_look_back) c.look_back = round_up(longest, c.segment);
    theta_reads_on = choose_base;
  }
  if (theta_reads_on && choose_look_back) c.theta_look_back = theta_look_back(c.season);
  const bool draws_intervals = c.epochs > 0;  // else the errors of the past alone make them
  c.conformal = (c.conformal || !draws_intervals) && can_calibrate(c, lengths);
  return c;
}

namespace {

// How the past is read, and the future written.
std::string reading_text(const ForecastConfig& c) {
  if (find_family(c.model).closed_loop)
    return fmt::format("look-back {} values, read a step at a time with those at lags {}", c.look_back,
                       fmt::join(find_family(c.model).lags(c), ", "));
  return fmt::format("look-back {} values, read as {} segments of {}", c.look_back, c.look_back / c.segment, c.segment);
}

std::string network_text(const ForecastConfig& c) {
  const bool loop = find_family(c.model).closed_loop;
  if (c.num_layers == 0) return fmt::format("a linear map of {}, without recurrence", loop ? "these" : "the look-back");
  return fmt::format("{} layer{} of {} with {} units{}", c.num_layers, c.num_layers == 1 ? "" : "s", c.cell,
                     c.hidden_size, loop ? "" : ", beside a linear map of the look-back");
}

std::string intervals_text(const ForecastConfig& c) {
  return c.conformal ? "intervals widened until they hold the values they are checked on (conformal)"
                     : "intervals as the network draws them, not checked on held-out values";
}

std::string writing_text(const ForecastConfig& c) {
  const size_t segments = c.written_steps() / c.segment;
  const std::string how = find_family(c.model).closed_loop ? "one after the other, each read by the next"
                          : segments == 1                  ? "as 1 segment"
                                                           : fmt::format("as {} segments side by side", segments);
  return fmt::format("writes {} steps {}, at quantiles {}", c.horizon, how, fmt::join(c.quantiles, ", "));
}

}  // namespace

std::vector<std::string> explain(const ForecastConfig& c, const SeriesSet& data) {
  std::vector<std::string> lines;
  if (c.epochs > 0) lines.push_back(fmt::format("model {}: {}", c.model, find_family(c.model).meaning));
  const char* season_source = data.time_format.is_integer() ? "detected in the data" : "by the calendar";
  lines.push_back(fmt::format("season {} steps ({}, data is {})", c.season, season_source, data.frequency.describe()));
  if (c.epochs == 0) {
    lines.push_back(fmt::format("{} forecasts from the last {} values, without a network", fmt::join(c.bases, ", "),
                                c.values_read()));
    lines.push_back(intervals_text(c));
    return lines;
  }
  lines.push_back(reading_text(c));
  const CovariateColumns& columns = c.covariates;
  for (const auto& [what, list] :
       {std::pair{"known up to the forecast", &columns.past}, std::pair{"known ahead", &columns.future},
        std::pair{"the same at every step", &columns.fixed}})
    if (!list->empty()) lines.push_back(fmt::format("reads {}, {}", fmt::join(*list, ", "), what));
  lines.push_back(network_text(c));
  lines.push_back(fmt::format("corrects {}{}",
                              c.choose_base        ? "what proves best, or the mean, of: "
                              : c.bases.size() > 1 ? "the mean of "
                                                   : "",
                              fmt::join(c.bases, ", ")));
  constexpr double kAll = 0.995;  // from here on 100 % would stand there
  if (c.skewness < kAll && c.head == "quantile")
    lines.push_back(fmt::format("believes {:.0f} % of its quantiles' skewness, by the horizons that were held out",
                                100 * c.skewness));
  if (c.correction < 1)
    lines.push_back(c.correction > 0
                        ? fmt::format("believes {:.0f} % of the network's corrections, as the held-out part shows",
                                      100 * c.correction)
                        : "believes none of the network's corrections");
  if (c.ridge_share > 0)
    lines.push_back(
        fmt::format("leaves {:.0f} % of the forecast to a ridge regression of the look-back", 100 * c.ridge_share));
  if (c.theta_share > 0)
    lines.push_back(fmt::format("goes {:.0f} % of the way to Theta's forecast of the last {} values",
                                100 * c.theta_share, c.values_read()));
  lines.push_back(writing_text(c));
  if (c.head != "quantile")
    lines.push_back(fmt::format(
        "head {}: for each step {}{}", c.head, find_head(c.head).meaning,
        c.head == kIntermittentHead && is_intermittent(data) ? ", as the values are counts, many of them 0" : ""));
  lines.push_back(intervals_text(c));
  lines.push_back(fmt::format(
      "adamw at {}, up to {}{} steps of {} windows, validated every {}{}", c.learning_rate,
      c.short_epochs ? fmt::format("{} or ", c.short_epochs * c.batches_per_epoch) : "", c.epochs * c.batches_per_epoch,
      c.batch_size, c.batches_per_epoch,
      !c.refit          ? ""
      : c.ensemble == 1 ? ", then again on all data"
                        : fmt::format(", then {} times again on all data, whose mean forecasts", c.ensemble)));
  return lines;
}

nlohmann::json to_json(const ForecastConfig& c) {
  nlohmann::json out = write_fields(c, kFields);
  out["covariates"] = write_fields(c.covariates, kCovariateFields);
  return out;
}

ForecastConfig forecast_config_from_json(const nlohmann::json& j) {
  ForecastConfig c;
  read_fields(j, c, kFields);
  read_fields(j.at("covariates"), c.covariates, kCovariateFields);
  check(c);
  if (c.segment == 0 || c.look_back == 0 || c.season == 0 || c.hidden_size == 0)
    fail(ErrorCode::kModel,
         "the forecaster's settings are damaged: season, segment, look_back and hidden_size must not be 0");
  return c;
}

}  // namespace elman
