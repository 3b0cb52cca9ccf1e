#pragma once

#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "data/series.h"
#include "loss/loss.h"

namespace elman {

// What a forecaster's network writes for a step ahead, and what it means: the raw outputs of a step stand for a
// distribution of its value in units of the window's scale, after its centre was taken off. Const and free of state.
class ForecastHead {
 public:
  // `levels` [at least one, ascending]: the model's quantiles.
  explicit ForecastHead(std::vector<double> levels) : levels_(std::move(levels)) {}
  virtual ~ForecastHead() = default;

  const std::vector<double>& levels() const noexcept { return levels_; }
  // Raw outputs for each step.
  virtual size_t outputs() const noexcept = 0;
  // Whether it knows the quantile at every level in (0, 1), not only at its own and between them.
  virtual bool knows_all_levels() const noexcept = 0;
  // Whether its loss is in units of the window's scale, as an error is; a likelihood has none.
  virtual bool loss_has_units() const noexcept = 0;

  // The training loss of prediction [windows, steps * outputs()] against target [windows, steps], as Loss::evaluate;
  // scales [windows] are those of the windows.
  virtual LossValue evaluate(ConstView<float> prediction, ConstView<float> target, std::span<const double> scales,
                             const float* weights, View<float> d_prediction, ThreadPool& pool) const = 0;
  // One step's quantiles at levels(), ascending. `scale` is the window's.
  virtual void quantiles(const float* raw, double scale, std::span<float> at_levels) const = 0;
  // One step's quantile at any level in (0, 1). Beyond its levels a head that does not know them guesses:
  // QuantileCurve.
  virtual double quantile(const float* raw, double scale, double level) const = 0;
  // One step's mean; of quantiles, the curve's through them.
  virtual double mean(const float* raw, double scale) const = 0;
  // P(value below y) + P(value equal to y) / 2: uniform, or as near as counts come to it, if the forecast is right.
  virtual double rank(const float* raw, double scale, double y) const = 0;

  // A quantile in the series' own units, made wider perhaps, as a value that can occur: the interval holds as many.
  virtual double possible(double value, double level) const noexcept = 0;
  // What a network that goes on from its own forecasts takes for a step's value, in units of the window's scale: raw
  // output `output`, through softplus if it must be positive.
  struct Feedback {
    size_t output = 0;
    bool positive = false;
  };
  virtual Feedback feedback() const noexcept = 0;
  // Moves a step's distribution by so many units of the window's scale. Counts stay: they are no sum with a base.
  virtual void move(float* raw, float by) const noexcept = 0;
  // Keeps so large a share in [0, 1] of the skewness that was learned freely: of how much farther from the median one
  // level lies than its mirror image. What the distribution itself implies stays.
  virtual void keep_skewness(float* /*raw*/, float /*share*/) const noexcept {}
  // What `move` moves: the median or the location.
  float location(const float* raw) const noexcept { return raw[feedback().output]; }
  // Throws kData, naming series and value, if there is one that the distribution cannot give.
  virtual void check(const SeriesSet& data) const = 0;

 private:
  std::vector<double> levels_;
};

// Whether a head of counts can give this value: a whole number, not negative and not too large.
bool is_count(double value) noexcept;

// How a head enters the forecasters: one entry a head.
struct HeadEntry {
  std::string_view name, meaning;
  bool counts;  // windows are divided by their mean and not centred: Windows
  std::unique_ptr<ForecastHead> (*make)(const std::vector<double>& levels);
};

// Every head, in the order of lists and tests.
std::span<const HeadEntry> forecast_heads();
// Throws kUsage on an unknown name, with the nearest one.
const HeadEntry& find_head(std::string_view name);

}  // namespace elman
