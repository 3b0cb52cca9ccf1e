#include "tasks/backtest.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <span>

#include "base/error.h"
#include "tasks/baseline.h"

namespace elman {
namespace {

constexpr size_t kWindowsAtOnce = 1024;  // that baselines forecast side by side

// What the model says in every window of the series that have room for them.
struct WindowForecasts {
  std::vector<const Series*> series;
  std::vector<Quantiles> by_window;  // [series * windows], a series' windows side by side
  std::vector<double> levels;
  Frequency frequency;
  size_t season = 1, skipped = 0, overlapping = 0;
};

// Which windows of which series there are, with place for their forecasts.
WindowForecasts select_series(const SeriesSet& data, const RollingOrigins& origins) {
  WindowForecasts f;
  f.frequency = data.frequency;
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

// Of methods in the order of results: the model, then every baseline, which have no quantiles.
std::string name_of(size_t method) { return method == 0 ? "elman" : std::string(baselines()[method - 1]->name); }
const std::vector<double> kNoLevels;

// One method's errors on one series.
struct MethodErrors {
  std::vector<ErrorSums> by_step, by_window;  // [horizon], [windows]
};

// One series: the errors of every method, the model's first.
struct SeriesErrors {
  double scale = NAN;
  std::vector<MethodErrors> methods;
};

// What the baselines say in one window of one series: [baselines][horizon].
using Futures = std::vector<std::vector<double>>;

Futures ask_baselines(const Series& series, size_t origin, size_t season, size_t horizon) {
  Futures futures;
  for (const Baseline* baseline : baselines())
    futures.push_back(baseline->forecast({series.values.data(), origin}, season, horizon));
  return futures;
}

// The model's errors in each place of each cycle of the calendar.
class CalendarErrors {
 public:
  explicit CalendarErrors(const Frequency& frequency) : frequency_(frequency), cycles_(calendar_cycles(frequency)) {
    for (const CalendarCycle& cycle : cycles_) sums_.emplace_back(cycle.places);
  }

  void add(const Series& series, size_t index, const ErrorSums& error) {
    const Time time = frequency_.time_at(series.start, static_cast<int64_t>(index));
    for (size_t c = 0; c < cycles_.size(); ++c) sums_[c][cycles_[c].place(time)] += error;
  }
  std::vector<CalendarResult> results(const std::vector<double>& levels) const {
    std::vector<CalendarResult> results;
    for (size_t c = 0; c < cycles_.size(); ++c) {
      results.push_back({cycles_[c].name, {}});
      for (const ErrorSums& sums : sums_[c]) results.back().places.push_back(sums.metrics(levels, NAN));
    }
    return results;
  }

 private:
  Frequency frequency_;
  std::span<const CalendarCycle> cycles_;
  std::vector<std::vector<ErrorSums>> sums_;  // [cycles][places]
};

// `futures` [windows] are the baselines'.
SeriesErrors score(const WindowForecasts& f, size_t index, const RollingOrigins& origins,
                   std::span<const Futures> futures, CalendarErrors& by_calendar) {
  const size_t windows = origins.windows(), h = origins.horizon();
  const std::vector<double>& y = f.series[index]->values;
  const size_t median = static_cast<size_t>(std::find(f.levels.begin(), f.levels.end(), 0.5) - f.levels.begin());
  SeriesErrors errors;
  errors.scale = in_sample_error(y, origins.origin(y.size(), 0), f.season);
  errors.methods.assign(1 + baselines().size(), {std::vector<ErrorSums>(h), std::vector<ErrorSums>(windows)});
  std::vector<double> at_levels(f.levels.size());
  for (size_t w = 0; w < windows; ++w) {
    const size_t origin = origins.origin(y.size(), w);
    const Quantiles& forecast = f.by_window[index * windows + w];
    for (size_t k = 0; k < h; ++k) {
      for (size_t q = 0; q < at_levels.size(); ++q) at_levels[q] = forecast[q][k];
      ErrorSums error;
      error.add(y[origin + k], at_levels[median], f.levels, at_levels);
      errors.methods[0].by_step[k] += error;
      errors.methods[0].by_window[w] += error;
      by_calendar.add(*f.series[index], origin + k, error);
    }
    for (size_t m = 0; m < baselines().size(); ++m)
      for (size_t k = 0; k < h; ++k)
        for (ErrorSums* sums : {&errors.methods[m + 1].by_step[k], &errors.methods[m + 1].by_window[w]})
          sums->add(y[origin + k], futures[w][m][k]);
  }
  return errors;
}

std::vector<MethodResult> results_of(const SeriesErrors& errors, const std::vector<double>& levels) {
  std::vector<MethodResult> results(errors.methods.size());
  for (size_t m = 0; m < results.size(); ++m) {
    const std::vector<double>& of_method = m == 0 ? levels : kNoLevels;
    results[m].name = name_of(m);
    ErrorSums all;
    for (const ErrorSums& sums : errors.methods[m].by_step) {
      results[m].by_step.push_back(sums.metrics(of_method, errors.scale));
      all += sums;
    }
    results[m].metrics = all.metrics(of_method, errors.scale);
  }
  return results;
}

BacktestedSeries found_about(const WindowForecasts& f, size_t index, const RollingOrigins& origins,
                             const SeriesErrors& errors) {
  const size_t windows = origins.windows();
  BacktestedSeries found{*f.series[index], {}, {&f.by_window[index * windows], windows}, results_of(errors, f.levels)};
  for (size_t w = 0; w < windows; ++w) found.origins.push_back(origins.origin(found.series.values.size(), w));
  return found;
}

// One method's errors over all series.
class MethodMeans {
 public:
  MethodMeans(size_t horizon, size_t windows) : by_step_(horizon), by_window_(windows) {}

  void add(const MethodErrors& errors, double scale) {
    ErrorSums all;
    for (const ErrorSums& sums : errors.by_step) all += sums;
    all_.add(all, scale);
    for (size_t k = 0; k < by_step_.size(); ++k) by_step_[k].add(errors.by_step[k], scale);
    for (size_t w = 0; w < by_window_.size(); ++w) by_window_[w].add(errors.by_window[w], scale);
  }
  MethodResult result(std::string name, const std::vector<double>& levels) const {
    MethodResult result;
    result.name = std::move(name);
    result.metrics = all_.metrics(levels);
    for (const SeriesMean& mean : by_step_) result.by_step.push_back(mean.metrics(levels));
    for (const SeriesMean& mean : by_window_) result.by_window.push_back(mean.metrics(levels));
    return result;
  }

 private:
  SeriesMean all_;
  std::vector<SeriesMean> by_step_, by_window_;
};

BacktestReport judge(const WindowForecasts& f, const RollingOrigins& origins, ThreadPool& pool,
                     const OnSeries& on_series) {
  std::vector<MethodMeans> methods(1 + baselines().size(), {origins.horizon(), origins.windows()});
  const size_t windows = origins.windows(), at_once = std::max<size_t>(kWindowsAtOnce / windows, 1);
  CalendarErrors by_calendar(f.frequency);
  std::vector<Futures> futures(std::min(at_once, f.series.size()) * windows);
  for (size_t first = 0; first < f.series.size(); first += at_once) {
    const size_t count = std::min(at_once, f.series.size() - first);
    pool.split(count * windows, 1, [&](size_t begin, size_t end) {
      for (size_t i = begin; i < end; ++i) {
        const Series& series = *f.series[first + i / windows];
        const size_t origin = origins.origin(series.values.size(), i % windows);
        futures[i] = ask_baselines(series, origin, f.season, origins.horizon());
      }
    });
    for (size_t i = 0; i < count; ++i) {
      const SeriesErrors errors = score(f, first + i, origins, {&futures[i * windows], windows}, by_calendar);
      for (size_t m = 0; m < methods.size(); ++m) methods[m].add(errors.methods[m], errors.scale);
      if (on_series) on_series(found_about(f, first + i, origins, errors));
    }
  }

  BacktestReport report;
  report.series = f.series.size();
  report.windows = f.by_window.size();
  report.skipped_series = f.skipped;
  report.overlapping = f.overlapping;
  for (size_t m = 0; m < methods.size(); ++m)
    report.methods.push_back(methods[m].result(name_of(m), m == 0 ? f.levels : kNoLevels));
  report.by_calendar = by_calendar.results(f.levels);
  report.conclude(origins.span());
  return report;
}

}  // namespace

SeriesSet before_first_origin(const SeriesSet& data, size_t horizon, const BacktestOptions& options) {
  return RollingOrigins(data, horizon, options).known_before(data, 0);
}

BacktestReport backtest(const ForecastModel& model, const SeriesSet& data, const BacktestOptions& options,
                        ThreadPool& pool, const OnSeries& on_series) {
  const size_t h = options.horizon ? options.horizon : model.config().horizon;
  if (h > model.config().horizon)
    fail(ErrorCode::kUsage,
         "--horizon {} is beyond the {} steps the model was trained for; train it with the longer horizon", h,
         model.config().horizon);
  const RollingOrigins origins(data, h, options);
  WindowForecasts forecasts = select_series(data, origins);
  forecast_windows(model, data, origins, 0, origins.windows(), pool, forecasts);
  return judge(forecasts, origins, pool, on_series);
}

BacktestReport backtest(const TrainForWindow& train, const SeriesSet& data, const BacktestOptions& options,
                        ThreadPool& pool, const OnSeries& on_series) {
  const RollingOrigins origins(data, options.horizon, options);
  WindowForecasts forecasts = select_series(data, origins);
  for (size_t w = 0; w < origins.windows(); ++w)
    forecast_windows(train(origins.known_before(data, w), w), data, origins, w, w + 1, pool, forecasts);
  return judge(forecasts, origins, pool, on_series);
}

}  // namespace elman
