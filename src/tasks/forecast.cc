#include "tasks/forecast.h"

#include <algorithm>

#include "base/error.h"
#include "model/model_file.h"
#include "tasks/blend.h"
#include "tasks/forecast_training.h"
#include "tasks/levels.h"
#include "tasks/series_json.h"

namespace elman {
namespace {

using nlohmann::json;

constexpr size_t kPredictBatch = 512;

// The end of every series that forecasting needs, apart from the training data itself.
SeriesSet keep_ends(const SeriesSet& data, const Covariates& covariates, size_t length) {
  SeriesSet kept = data;
  for (Series& s : kept.series) s = covariates.last_values(s, data.frequency, length);
  return kept;
}

bool non_negative(const SeriesSet& data) {
  for (const Series& s : data.series)
    for (const double v : s.values)
      if (v < 0) return false;
  return true;
}

}  // namespace

ForecastModel ForecastModel::train(const SeriesSet& data, const ForecastConfig& given, ThreadPool& pool,
                                   const TrainRun& run) {
  ForecastModel model;
  const ForecastConfig config = resolve(given, data);
  model.head_ = find_head(config.head).make(config.quantiles);
  model.head_->check(data);
  for (const std::string& line : explain(config, data)) run.note(line);
  model.covariates_ = Covariates(config.covariates, data);
  for (const std::string& line : explain_missing(config.covariates, data)) run.note(line);
  model.context_ = keep_ends(data, model.covariates_, config.values_read());
  model.non_negative_ = non_negative(data);
  TrainedForecaster trained = train_forecaster(data, config, model.covariates_, pool, run);
  model.config_ = std::move(trained.config);
  model.network_ = std::move(trained.network);
  model.record_ = std::move(trained.record);
  model.calibration_ = std::move(trained.calibration);
  model.dependence_ = trained.dependence;
  return model;
}

void ForecastModel::save(const std::string& path) const {
  const json task{{"config", to_json(config_)},           {"covariates", to_json(covariates_)},
                  {"context", to_json(context_)},         {"non_negative", non_negative_},
                  {"calibration", to_json(calibration_)}, {"dependence", to_json(dependence_)}};
  save_model(path, *network_, "forecast", task, to_json(record_));
}

ForecastModel ForecastModel::load(const std::string& path) {
  ModelFile file = load_model(path);
  if (file.task != "forecast")
    fail(ErrorCode::kModel, "{}: a model for the task '{}', expected 'forecast'", path, file.task);
  try {
    ForecastModel model;
    model.config_ = forecast_config_from_json(file.task_data.at("config"));
    model.covariates_ = covariates_from_json(file.task_data.at("covariates"));
    model.head_ = find_head(model.config_.head).make(model.config_.quantiles);
    model.context_ = series_set_from_json(file.task_data.at("context"));
    model.non_negative_ = file.task_data.at("non_negative");
    model.calibration_ = calibration_from_json(file.task_data.at("calibration"));
    model.dependence_ = path_dependence_from_json(file.task_data.at("dependence"));
    model.record_ = train_record_from_json(file.record);
    model.network_ = std::move(file.network);
    const Windows windows = model.windows();
    if (model.network_->input_size() != windows.features() ||
        model.network_->output_size() != model.config_.written_steps() * model.head_->outputs() ||
        !model.calibration_.fits(model.config_.quantiles, model.config_.horizon,
                                 calendar_places(model.context_.frequency)))
      fail(ErrorCode::kModel, "the network does not fit the forecaster's settings");
    return model;
  } catch (const json::exception& e) {
    fail(ErrorCode::kModel, "{}: the forecaster's description is damaged: {}", path, e.what());
  } catch (const Error& e) {
    fail(ErrorCode::kModel, "{}: {}", path, e.what());  // an unknown head, say: here it is the file's fault
  }
}

SeriesOptions ForecastModel::series_options() const {
  SeriesOptions options;
  options.frequency = context_.frequency;
  options.time = context_.time_column;
  options.id = context_.id_column;
  options.target = context_.target_column;
  config_.covariates.ask_for(options);
  options.categories = covariates_.categories();
  return options;
}

std::optional<Time> ForecastModel::trained_until(std::string_view id) const {
  for (const Series& s : context_.series)
    if (s.id == id && !s.values.empty())
      return context_.frequency.time_at(s.start, static_cast<int64_t>(s.values.size()) - 1);
  return {};
}

// ---- Forecasting ----

void ForecastModel::for_each_window(const SeriesSet& data, std::span<const Request> requests, ThreadPool& pool,
                                    const VisitWindow& visit) const {
  covariates_.check_columns(data);
  const Windows windows(config_, data.frequency, covariates_);
  Scratch<float> scratch(pool);
  Buffer<float> input;
  for (size_t first = 0; first < requests.size(); first += kPredictBatch) {
    const size_t batch = std::min(kPredictBatch, requests.size() - first);
    const Steps steps(windows.steps(), batch);
    const View<float> x = input.matrix(steps.rows(), windows.features());
    std::vector<WindowScale> scales(batch);
    std::vector<std::vector<double>> bases(batch);
    pool.split(batch, 16, [&](size_t begin, size_t end) {
      for (size_t b = begin; b < end; ++b) {
        const Request& request = requests[first + b];
        scales[b] = windows.fill_input(*request.series, request.origin, x, batch, b);
        bases[b] = windows.base_of(*request.series, request.origin, scales[b]);
      }
    });
    const View<float> y = network_->forward(scratch, steps, x);
    pool.split(batch, 16, [&](size_t begin, size_t end) {
      for (size_t b = begin; b < end; ++b) {
        const Request& request = requests[first + b];
        blend(config_, *head_, windows, *request.series, request.origin, scales[b], bases[b], y.row(b));
      }
    });
    for (size_t b = 0; b < batch; ++b) visit(first + b, y.row(b), scales[b].scale, bases[b]);
  }
}

void ForecastModel::for_each_step(const SeriesSet& data, std::span<const Request> requests,
                                  std::span<const Calibration> calibrations, ThreadPool& pool,
                                  const VisitStep& visit) const {
  for_each_window(data, requests, pool, [&](size_t request, const float* raw, double scale, const auto& base) {
    const Calibration& calibration = calibrations.empty() ? calibration_ : calibrations[request];
    const Request& asked = requests[request];
    const std::vector<size_t> places =
        calendar_places(data.frequency, asked.series->start, asked.origin, config_.horizon);
    for (size_t step = 0; step < config_.horizon; ++step)
      visit(
          request, step,
          {*head_, raw + step * head_->outputs(), {base[step], scale}, calibration, step, places[step], non_negative_});
  });
}

std::vector<Quantiles> ForecastModel::predict(const SeriesSet& data, const std::vector<Request>& requests,
                                              ThreadPool& pool, Intervals intervals) const {
  const Quantiles empty(levels().size(), std::vector<double>(config_.horizon));
  std::vector<Quantiles> results(requests.size(), empty);
  std::vector<Calibration> calibrations;
  if (intervals == Intervals::kByRecentErrors) calibrations = calibrate_by_recent_errors(data, requests, pool);
  for_each_step(data, requests, calibrations, pool, [&](size_t request, size_t step, const Predictive& forecast) {
    for (size_t k = 0; k < levels().size(); ++k) results[request][k][step] = forecast.at_levels()[k];
  });
  return results;
}

namespace {

// REQUIRES: the head was trained at the level 0.5, as all are.
size_t median_of(const ForecastHead& head) { return blend_of(0.5, head.levels())->low; }

void check_levels(const std::vector<double>& levels, const ForecastHead& head) {
  for (const double level : levels)
    if (head.knows_all_levels() ? !(level > 0 && level < 1) : !blend_of(level, head.levels()))
      fail(
          ErrorCode::kUsage,
          "--quantiles: {} lies outside the levels the model was trained for ({}); train it with --quantiles that hold "
          "it, or with --head student_t",
          level, head.knows_all_levels() ? "0 to 1" : fmt::format("{}", fmt::join(head.levels(), ", ")));
}

}  // namespace

void ForecastModel::check_data(const SeriesSet& data, size_t horizon) const {
  head_->check(data);
  covariates_.check_columns(data);
  for (size_t i = 0; i < data.series.size(); ++i) {
    const size_t end = data.series[i].values.size();
    covariates_.check_future(data, i, end, end + horizon);
  }
}

std::vector<Forecast> ForecastModel::forecast(const SeriesSet* given, size_t horizon, const std::vector<double>& levels,
                                              ThreadPool& pool) const {
  const SeriesSet& data = given ? *given : context_;
  if (horizon == 0) horizon = config_.horizon;
  check_levels(levels, *head_);
  check_data(data, horizon);
  const size_t median = median_of(*head_);

  std::vector<Series> extended = data.series;  // grows by medians when the horizon is longer than the trained one
  std::vector<Forecast> forecasts(extended.size());
  for (size_t i = 0; i < extended.size(); ++i) {
    forecasts[i].id = extended[i].id;
    forecasts[i].quantiles.resize(levels.size());
  }
  std::vector<Calibration> calibrations;  // by what was observed, not by what is fed back
  for (size_t done = 0; done < horizon; done += config_.horizon) {
    std::vector<Request> requests;
    requests.reserve(extended.size());
    for (const Series& s : extended) requests.push_back({&s, s.values.size()});
    if (done == 0) calibrations = calibrate_by_recent_errors(data, requests, pool);
    const size_t count = std::min(config_.horizon, horizon - done);
    for_each_step(data, requests, calibrations, pool, [&](size_t i, size_t step, const Predictive& step_forecast) {
      if (step >= count) return;
      Forecast& f = forecasts[i];
      f.ds.push_back(data.time_text(i, static_cast<int64_t>(data.series[i].values.size() + done + step)));
      f.y_hat.push_back(step_forecast.at_levels()[median]);
      f.mean.push_back(step_forecast.mean());
      for (size_t k = 0; k < levels.size(); ++k) f.quantiles[k].push_back(step_forecast.quantile(levels[k]));
    });
    for (size_t i = 0; i < extended.size(); ++i)
      extended[i].values.insert(extended[i].values.end(), forecasts[i].y_hat.begin() + static_cast<ptrdiff_t>(done),
                                forecasts[i].y_hat.end());
  }
  return forecasts;
}

}  // namespace elman
