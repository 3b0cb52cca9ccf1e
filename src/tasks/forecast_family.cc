#include "tasks/forecast_family.h"

#include <algorithm>

#include "base/registry.h"
#include "tasks/forecast_head.h"

namespace elman {
namespace {

constexpr size_t kHoursOfWeek = 7 * 24;
using Lengths = std::span<const size_t>;  // of the series, ascending

size_t outputs_of(const ForecastConfig& c) { return find_head(c.head).make(c.quantiles)->outputs(); }

Recurrent recurrence(const ForecastConfig& c, const std::string& prefix) {
  return {.cell = c.cell,
          .hidden_size = c.hidden_size,
          .num_layers = c.num_layers,
          .dropout = c.dropout,
          .name = prefix + "rnn"};
}

// ---- segment ----

size_t choose_segment(const ForecastConfig& c) {
  if (c.season == 52) return 13;  // a quarter
  if (c.season > 96) return 60;   // an hour of minutes
  if (c.season > 1) return c.season;
  return (c.horizon + 1) / 2;  // nothing to keep together: few steps
}

// How far back is worth reading, as held-out parts of public series showed: enough seasons to average out noise, fewer
// where they are long. Panels of months gain nothing from more; long series of hours and far horizons do.
size_t segments_look_back(const ForecastConfig& c, Lengths lengths) {
  const size_t median = lengths[lengths.size() / 2];
  const bool panel = is_panel(lengths.size());
  switch (c.season) {
    case 0:
    case 1: return std::max<size_t>(2 * c.horizon, 24);
    case 4: return 5 * 4;
    case 7: return panel && median >= 2 * 53 * 7 + c.horizon ? 53 * 7 : 16 * 7;
    case 12: return (panel ? 5 : 7) * 12;
    case 24: return c.horizon > 2 * 24 || median >= 2 * 365 * 24 ? 2 * kHoursOfWeek : kHoursOfWeek;
    case 52: return 104;
    default: return 7 * c.season;
  }
}

// Recurrence over the segments of the past, then one step for each segment of the future, all from the same state, that
// reads what is known of it (Lin et al. 2023); beside it a linear map of the whole look-back, and one of what is known
// of each segment, that start at zero. Without layers the linear maps stand alone.
std::vector<LayerConfig> segment_layers(const ForecastConfig& c, const Windows& windows, const std::string& prefix) {
  const size_t outputs = outputs_of(c), past = windows.past_steps(), future = windows.future_steps();
  Sum sum;
  if (c.num_layers > 0) {
    const Decode decode{.cell = c.cell,
                        .steps = future,
                        .position_size = std::max<size_t>(c.hidden_size / 2, 1),
                        .features = windows.known_features(),
                        .name = prefix + "decoder",
                        .reader = {recurrence(c, prefix), LastStep{}}};
    const Linear head{.output_size = c.segment * outputs, .name = prefix + "head"};
    sum.branches.push_back({decode, Dropout{c.dropout}, head, Flatten{future}});
  }
  const Linear skip{.output_size = c.written_steps() * outputs, .zero_start = true, .name = prefix + "skip"};
  sum.branches.push_back({Crop{.first = 0, .count = past}, Flatten{past}, skip});
  if (windows.known_features() == 0) return {sum};
  const Linear known{.output_size = c.segment * outputs, .zero_start = true, .name = prefix + "known"};
  sum.branches.push_back(
      {Crop{.first = past, .count = future, .features = windows.known_features()}, known, Flatten{future}});
  return {sum};
}

// ---- closed loops ----

size_t one_step(const ForecastConfig&) { return 1; }

// Three seasons, of long ones what a step at a time can be read in.
size_t loop_look_back(const ForecastConfig& c, Lengths) {
  constexpr size_t kShortest = 8, kLongest = 512;
  return std::clamp(std::max(3 * c.season, c.season < 2 ? c.horizon : 0), kShortest, kLongest);
}

// Of hours two weeks, so that the same hour of the last one can be read.
size_t global_look_back(const ForecastConfig& c, Lengths lengths) {
  return c.season == 24 ? 2 * kHoursOfWeek : loop_look_back(c, lengths);
}

std::vector<size_t> last_value(const ForecastConfig&) { return {1}; }

// The last values, and those around the same place in seasons before, as far as they leave a third of the look-back to
// be read step by step.
std::vector<size_t> seasonal_lags(const ForecastConfig& c) {
  std::vector<size_t> lags = {1, 2, 3};
  if (c.season > 1) lags.insert(lags.end(), {c.season - 1, c.season, c.season + 1, 2 * c.season});
  if (c.season == 24) lags.push_back(kHoursOfWeek);
  std::sort(lags.begin(), lags.end());
  lags.erase(std::unique(lags.begin(), lags.end()), lags.end());
  std::erase_if(lags, [&](size_t lag) { return lag > std::max<size_t>(1, c.look_back * 2 / 3); });
  return lags;
}

// Recurrence, a step at a time, that reads its own forecasts as they are, where an outlier of the past is clamped;
// without layers a linear autoregression.
std::vector<LayerConfig> loop_layers(const ForecastConfig& c, const Windows& windows, const std::string& prefix) {
  const auto head = find_head(c.head).make(c.quantiles);
  const ForecastHead::Feedback feedback = head->feedback();
  Rollout rollout{.steps = windows.future_steps(),
                  .features = windows.known_features(),
                  .value = windows.value_column(),
                  .lags = find_family(c.model).lags(c),
                  .feedback = feedback.output,
                  .positive = feedback.positive,
                  .reader = {}};
  if (c.num_layers > 0) rollout.reader = {recurrence(c, prefix), Dropout{c.dropout}};
  rollout.reader.push_back(Linear{.output_size = head->outputs(), .name = prefix + "head"});
  return {rollout, Flatten{windows.future_steps()}};
}

constexpr ForecastFamily kFamilies[] = {
    {"segment", "reads a season at a step and writes the future side by side", false, "quantile", choose_segment,
     segments_look_back, nullptr, segment_layers},
    {"global", "reads a step with values of seasons before, and goes on from its own forecasts", true, "student_t",
     one_step, global_look_back, seasonal_lags, loop_layers},
    {"recursive", "the textbook's: reads the last value, and goes on from its own forecasts", true, "quantile",
     one_step, loop_look_back, last_value, loop_layers},
};

}  // namespace

std::span<const ForecastFamily> forecast_families() { return kFamilies; }

const ForecastFamily& find_family(std::string_view name) {
  return find_named(kFamilies, &ForecastFamily::name, name, "model", "models");
}

}  // namespace elman
