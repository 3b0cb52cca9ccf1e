#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/threads.h"
#include "data/series.h"
#include "model/network.h"
#include "tasks/calibration.h"
#include "tasks/forecast_config.h"
#include "tasks/forecast_head.h"
#include "tasks/path_dependence.h"
#include "tasks/predictive.h"
#include "tasks/train_run.h"
#include "tasks/windows.h"

namespace elman {

// The future of one series.
struct Forecast {
  std::string id;
  std::vector<std::string> ds;                 // [horizon], in the input's own format
  std::vector<double> y_hat;                   // [horizon], the median
  std::vector<double> mean;                    // [horizon]
  std::vector<std::vector<double>> quantiles;  // [levels][horizon], never crossing
};

// Possible futures of one series.
struct SamplePaths {
  std::string id;
  std::vector<std::string> ds;             // [horizon], in the input's own format
  std::vector<std::vector<double>> paths;  // [count][horizon]
};

// Forecasts [levels][horizon] at a model's own levels.
using Quantiles = std::vector<std::vector<double>>;

// A trained forecaster: one network for all series of a set. The file alone is enough to forecast: it keeps the end of
// each training series, its calendar and its scale.
class ForecastModel {
 public:
  // Trains on `data` with early stopping on the last windows of each series, then, unless config.refit is off, again on
  // all of them: config.ensemble networks, joined to one that writes their mean. What was chosen is noted. on_best
  // writes nothing: see save().
  static ForecastModel train(const SeriesSet& data, const ForecastConfig& config, ThreadPool& pool,
                             const TrainRun& run = {});
  // Throws kModel when the file holds another task.
  static ForecastModel load(const std::string& path);
  void save(const std::string& path) const;

  // Continues every series of `data`, or of the training data when null, for `horizon` steps (0: as trained). A horizon
  // beyond the trained one is reached by feeding medians back. A distribution is asked at any level; of a quantile
  // head, levels between the trained ones are interpolated and those outside throw kUsage.
  std::vector<Forecast> forecast(const SeriesSet* data, size_t horizon, const std::vector<double>& levels,
                                 ThreadPool& pool) const;

  // Draws `count` futures of every series, in their order. Each value follows its step's forecast, as widened, and the
  // values of a path hang together as those of the held-out part did (PathDependence). Beyond the trained horizon every
  // path goes on from its own values. The same seed gives the same paths on any number of threads.
  void sample(const SeriesSet* data, size_t horizon, size_t count, uint64_t seed, ThreadPool& pool,
              const std::function<void(const SamplePaths&)>& on_series) const;

  // The forecasts made at the given origins (index of the first step forecast), whatever comes after them: for
  // backtests, batched over origins.
  struct Request {
    const Series* series;
    size_t origin;
  };
  // How wide intervals are: as the held-out part asked, or, where forecasts made since then have come true or not, as
  // these ask.
  enum class Intervals { kAsTrained, kByRecentErrors };
  std::vector<Quantiles> predict(const SeriesSet& data, const std::vector<Request>& requests, ThreadPool& pool,
                                 Intervals intervals = Intervals::kByRecentErrors) const;

  const ForecastConfig& config() const noexcept { return config_; }
  const std::vector<double>& levels() const noexcept { return config_.quantiles; }
  const ForecastHead& head() const noexcept { return *head_; }
  const PathDependence& dependence() const noexcept { return dependence_; }
  const TrainRecord& record() const noexcept { return record_; }
  const Network<float>& network() const noexcept { return *network_; }
  // Rounds weights to bfloat16: Model::narrow().
  void narrow() { network_->narrow(); }
  // The training data's description and the kept end of every series, as a set of its own.
  const SeriesSet& context() const noexcept { return context_; }
  // Last observed training time of the series called `id`, if it was trained on: backtests say when they overlap.
  std::optional<Time> trained_until(std::string_view id) const;
  // Load options that read new data with the columns and the frequency of the training data.
  SeriesOptions series_options() const;

 private:
  Windows windows() const { return {config_, context_.frequency, covariates_}; }
  // Throws where the data lacks what forecasts of so many steps need.
  void check_data(const SeriesSet& data, size_t horizon) const;
  // Calls visit(request, raw [horizon * outputs], the window's scale, base [horizon]) for each request, in order.
  using VisitWindow =
      std::function<void(size_t request, const float* raw, double scale, const std::vector<double>& base)>;
  void for_each_window(const SeriesSet& data, std::span<const Request> requests, ThreadPool& pool,
                       const VisitWindow& visit) const;
  // Calls visit(request, step, forecast) for each step of the horizon of each request, in order. Calibrations
  // [requests]; none: the model's.
  using VisitStep = std::function<void(size_t request, size_t step, const Predictive& forecast)>;
  void for_each_step(const SeriesSet& data, std::span<const Request> requests,
                     std::span<const Calibration> calibrations, ThreadPool& pool, const VisitStep& visit) const;
  // A calibration for each request, by the errors of forecasts whose outcome was known at its origin and which no
  // training has seen; none where there is nothing to calibrate.
  std::vector<Calibration> calibrate_by_recent_errors(const SeriesSet& data, std::span<const Request> requests,
                                                      ThreadPool& pool) const;

  ForecastConfig config_;
  Covariates covariates_;
  std::unique_ptr<ForecastHead> head_;
  std::unique_ptr<Network<float>> network_;
  SeriesSet context_;
  TrainRecord record_;
  Calibration calibration_;
  PathDependence dependence_;
  bool non_negative_ = false;  // forecasts do not go below zero when the training data never did
};

}  // namespace elman
