#include "tasks/backtest.h"

#include <algorithm>
#include <cmath>
#include <optional>

#include "base/error.h"
#include "tasks/baseline.h"

namespace elman {
namespace {

constexpr size_t kSeriesAtOnce = 64;  // scored side by side

// What the model says in every window of the series that have room for them.
struct WindowForecasts {
  std::vector<const Series*> series;
  std::vector<Quantiles> by_window;  // [series * windows], a series' windows side by side
  std::vector<double> levels;
  size_t season = 1, skipped = 0, overlapping = 0;
};

// Which windows of which series there are, with place for their forecasts.
WindowForecasts select_series(const SeriesSet& data, const RollingOrigins& origins) {
  WindowForecasts f;
  for (const Series& s : data.series) {
    if (origins.fit(s.values.size())) f.series.push_back(&s);
    else ++f.skipped;
  }
  f.by_window.resize(f.series.size() * origins.windows());
  return f;
}

// Fills in the windows [first, last) of all series.
void forecast_windows(const ForecastModel& model, const SeriesSet& data, const RollingOrigins& origins, size_t first,
                      size_t last, ThreadPool& pool, WindowForecasts& f) {
  if (first == 0) {
    f.levels = model.levels();
    f.season = model.config().season;
  }
  std::vector<ForecastModel::Request> requests;
  std::vector<size_t> places;
  for (size_t i = 0; i < f.series.size(); ++i) {
    const Series& s = *f.series[i];
    const std::optional<Time> trained = model.trained_until(s.id);
    for (size_t w = first; w < last; ++w) {
      const size_t origin = origins.origin(s.values.size(), w);
      requests.push_back({&s, origin});
      places.push_back(i * origins.windows() + w);
      f.overlapping += trained && data.frequency.time_at(s.start, static_cast<int64_t>(origin)) <= *trained;
    }
  }
  std::vector<Quantiles> forecasts = model.predict(data, requests, pool);
  for (size_t r = 0; r < places.size(); ++r) f.by_window[places[r]] = std::move(forecasts[r]);
}

// One series: the errors of every method, the model's first.
struct SeriesErrors {
  double scale = NAN;
  std::vector<ErrorSums> methods;
};

SeriesErrors score(const WindowForecasts& f, size_t index, const RollingOrigins& origins) {
  const std::vector<double>& y = f.series[index]->values;
  const size_t median = static_cast<size_t>(std::find(f.levels.begin(), f.levels.end(), 0.5) - f.levels.begin());
  SeriesErrors errors;
  errors.scale = in_sample_error(y, origins.origin(y.size(), 0), f.season);
  errors.methods.resize(1 + baselines().size());
  std::vector<double> at_levels(f.levels.size());
  for (size_t w = 0; w < origins.windows(); ++w) {
    const size_t origin = origins.origin(y.size(), w);
    const Quantiles& forecast = f.by_window[index * origins.windows() + w];
    for (size_t k = 0; k < origins.horizon(); ++k) {
      for (size_t q = 0; q < at_levels.size(); ++q) at_levels[q] = forecast[q][k];
      errors.methods[0].add(y[origin + k], at_levels[median], f.levels, at_levels);
    }
    for (size_t m = 0; m < baselines().size(); ++m) {
      const std::vector<double> future = baselines()[m]->forecast({y.data(), origin}, f.season, origins.horizon());
      for (size_t k = 0; k < origins.horizon(); ++k) errors.methods[m + 1].add(y[origin + k], future[k]);
    }
  }
  return errors;
}

std::string compare(const BacktestReport& report) {
  const Metrics* best = nullptr;
  for (const MethodResult& method : report.methods)
    if (method.name == report.best_naive) best = &method.metrics;
  const Metrics& model = report.methods.front().metrics;
  const char* figure = std::isnan(model.mase) ? "MAE" : "MASE";
  const double ours = model.judged(), theirs = best->judged();
  if (ours < theirs)
    return fmt::format("elman beats {} by {:.1f} % ({} {:.4g} against {:.4g})", report.best_naive,
                       100 * (1 - ours / theirs), figure, ours, theirs);
  return fmt::format("{} wins: elman is worse by {:.1f} % ({} {:.4g} against {:.4g}); use {} for this data",
                     report.best_naive, 100 * (ours / theirs - 1), figure, ours, theirs, report.best_naive);
}

BacktestReport judge(const WindowForecasts& f, const RollingOrigins& origins, ThreadPool& pool) {
  std::vector<SeriesMean> methods(1 + baselines().size());
  std::vector<SeriesErrors> errors(kSeriesAtOnce);
  for (size_t first = 0; first < f.series.size(); first += kSeriesAtOnce) {
    const size_t count = std::min(kSeriesAtOnce, f.series.size() - first);
    pool.split(count, 1, [&](size_t begin, size_t end) {
      for (size_t i = begin; i < end; ++i) errors[i] = score(f, first + i, origins);
    });
    for (size_t i = 0; i < count; ++i)
      for (size_t m = 0; m < methods.size(); ++m) methods[m].add(errors[i].methods[m], errors[i].scale);
  }

  BacktestReport report;
  report.series = f.series.size();
  report.windows = f.by_window.size();
  report.skipped_series = f.skipped;
  report.overlapping = f.overlapping;
  report.methods.push_back({"elman", methods[0].metrics(f.levels)});
  for (size_t m = 0; m < baselines().size(); ++m)
    report.methods.push_back({std::string(baselines()[m]->name), methods[m + 1].metrics({})});
  const auto best =
      std::min_element(report.methods.begin() + 1, report.methods.end(),
                       [](const auto& a, const auto& b) { return a.metrics.judged() < b.metrics.judged(); });
  report.best_naive = best->name;
  report.verdict = compare(report);
  return report;
}

}  // namespace

SeriesSet before_first_origin(const SeriesSet& data, size_t horizon, const BacktestOptions& options) {
  return RollingOrigins(data, horizon, options).known_before(data, 0);
}

BacktestReport backtest(const ForecastModel& model, const SeriesSet& data, const BacktestOptions& options,
                        ThreadPool& pool) {
  const size_t h = options.horizon ? options.horizon : model.config().horizon;
  if (h > model.config().horizon)
    fail(ErrorCode::kUsage,
         "--horizon {} is beyond the {} steps the model was trained for; train it with the longer horizon", h,
         model.config().horizon);
  const RollingOrigins origins(data, h, options);
  WindowForecasts forecasts = select_series(data, origins);
  forecast_windows(model, data, origins, 0, origins.windows(), pool, forecasts);
  return judge(forecasts, origins, pool);
}

BacktestReport backtest(const TrainForWindow& train, const SeriesSet& data, const BacktestOptions& options,
                        ThreadPool& pool) {
  const RollingOrigins origins(data, options.horizon, options);
  WindowForecasts forecasts = select_series(data, origins);
  for (size_t w = 0; w < origins.windows(); ++w)
    forecast_windows(train(origins.known_before(data, w), w), data, origins, w, w + 1, pool, forecasts);
  return judge(forecasts, origins, pool);
}

}  // namespace elman
