#include "tasks/backtest.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <optional>

#include "base/error.h"
#include "tasks/baseline.h"

namespace elman {
namespace {

struct Origin {
  size_t series, origin;
};

constexpr size_t kLeastPast = 2;  // steps before the first origin

size_t stride_of(const BacktestOptions& options, size_t horizon) { return options.stride ? options.stride : horizon; }

// Windows that a series has room for.
size_t most_windows(size_t length, size_t horizon, const BacktestOptions& options) {
  if (length < kLeastPast || length - kLeastPast < horizon) return 0;
  return (length - kLeastPast - horizon) / stride_of(options, horizon) + 1;
}

// Origins of a series, oldest first; none when it has no room for all windows.
std::vector<size_t> origins_of(size_t length, size_t horizon, const BacktestOptions& options) {
  std::vector<size_t> origins;
  if (options.windows > most_windows(length, horizon, options)) return origins;
  for (size_t w = options.windows; w-- > 0;) origins.push_back(length - horizon - w * stride_of(options, horizon));
  return origins;
}

void check(const SeriesSet& data, size_t horizon, const BacktestOptions& options) {
  if (options.windows == 0) fail(ErrorCode::kUsage, "--windows is 0, expected at least 1");
  if (horizon == 0) fail(ErrorCode::kUsage, "--horizon is 0, expected at least 1 step");
  size_t longest = 0;
  for (const Series& s : data.series) longest = std::max(longest, s.values.size());
  const size_t most = most_windows(longest, horizon, options), stride = stride_of(options, horizon);
  if (options.windows <= most) return;
  const std::string advice = most ? fmt::format("at most --windows {}, or a smaller --horizon or --stride", most)
                                  : fmt::format("a --horizon of at most {}", longest - std::min(longest, kLeastPast));
  fail(ErrorCode::kData,
       "{}: the longest series has {} steps, expected more for {} windows of {} steps, {} apart, and {} steps before "
       "them; ask for {}",
       data.path, longest, options.windows, horizon, stride, kLeastPast, advice);
}

// Mean absolute seasonal difference before `end`: what MASE is scaled by. Falls back to season 1 on short series.
double in_sample_error(const std::vector<double>& y, size_t end, size_t season) {
  if (season >= end) season = 1;
  double sum = 0.0;
  size_t count = 0;
  for (size_t i = season; i < end; ++i) {
    const double d = std::abs(y[i] - y[i - season]);
    if (std::isnan(d)) continue;
    sum += d;
    ++count;
  }
  return count ? sum / static_cast<double>(count) : NAN;
}

double ratio(double sum, size_t count) { return count ? sum / static_cast<double>(count) : NAN; }

// Sums of one method's errors. MASE and sMAPE are means over series of means over their points, as published.
class Scorer {
 public:
  explicit Scorer(std::vector<double> levels) : levels_(std::move(levels)), inside_(levels_.size() / 2) {}

  void start_series(double scale) {
    finish_series();
    scale_ = scale;
  }
  void add(double actual, double point, const Quantiles* quantiles, size_t step) {
    if (std::isnan(actual)) return;
    const double error = actual - point, size = std::abs(actual) + std::abs(point);
    absolute_ += std::abs(error);
    square_ += error * error;
    series_absolute_ += std::abs(error);
    series_smape_ += size > 0 ? 200.0 * std::abs(error) / size : 0.0;
    ++series_points_;
    ++points_;
    if (!quantiles) return;
    for (size_t k = 0; k < levels_.size(); ++k) {
      const double e = actual - (*quantiles)[k][step];
      pinball_ += std::max(levels_[k] * e, (levels_[k] - 1.0) * e);
    }
    for (size_t k = 0; k < inside_.size(); ++k)
      inside_[k] += actual >= (*quantiles)[k][step] && actual <= (*quantiles)[levels_.size() - 1 - k][step];
  }
  Metrics finish(bool probabilistic) {
    finish_series();
    Metrics m;
    m.points = points_;
    m.mae = ratio(absolute_, points_);
    m.mse = ratio(square_, points_);
    m.rmse = std::sqrt(m.mse);
    m.mase = ratio(mase_, scaled_series_);
    m.smape = ratio(smape_, series_);
    m.wql = probabilistic ? ratio(pinball_, points_ * levels_.size()) : NAN;
    for (size_t k = 0; probabilistic && k < inside_.size(); ++k)
      m.coverage[levels_[levels_.size() - 1 - k] - levels_[k]] = ratio(static_cast<double>(inside_[k]), points_);
    return m;
  }

 private:
  void finish_series() {
    if (series_points_ > 0) {
      smape_ += ratio(series_smape_, series_points_);
      ++series_;
      if (scale_ > 0) {
        mase_ += ratio(series_absolute_, series_points_) / scale_;
        ++scaled_series_;
      }
    }
    series_absolute_ = series_smape_ = 0.0;
    series_points_ = 0;
  }

  std::vector<double> levels_;
  std::vector<size_t> inside_;  // by interval, outermost first
  double scale_ = 0, absolute_ = 0, square_ = 0, pinball_ = 0, mase_ = 0, smape_ = 0;
  double series_absolute_ = 0, series_smape_ = 0;
  size_t points_ = 0, series_points_ = 0, series_ = 0, scaled_series_ = 0;
};

// MASE unless no series has a scale, then MAE.
double judged(const Metrics& m) { return std::isnan(m.mase) ? m.mae : m.mase; }

std::string compare(const BacktestReport& report) {
  const Metrics* best = nullptr;
  for (const MethodResult& method : report.methods)
    if (method.name == report.best_naive) best = &method.metrics;
  const Metrics& model = report.methods.front().metrics;
  const char* figure = std::isnan(model.mase) ? "MAE" : "MASE";
  const double ours = judged(model), theirs = judged(*best);
  if (ours < theirs)
    return fmt::format("elman beats {} by {:.1f} % ({} {:.4g} against {:.4g})", report.best_naive,
                       100 * (1 - ours / theirs), figure, ours, theirs);
  return fmt::format("{} wins: elman is worse by {:.1f} % ({} {:.4g} against {:.4g}); use {} for this data",
                     report.best_naive, 100 * (ours / theirs - 1), figure, ours, theirs, report.best_naive);
}

}  // namespace

SeriesSet before_first_origin(const SeriesSet& data, size_t horizon, const BacktestOptions& options) {
  check(data, horizon, options);
  SeriesSet past = data;
  for (Series& s : past.series) {
    const std::vector<size_t> origins = origins_of(s.values.size(), horizon, options);
    if (origins.empty()) continue;
    s.values.resize(origins.front());
    for (auto& covariate : s.covariates) covariate.resize(origins.front());
  }
  return past;
}

BacktestReport backtest(const ForecastModel& model, const SeriesSet& data, const BacktestOptions& options,
                        ThreadPool& pool) {
  const size_t h = options.horizon ? options.horizon : model.config().horizon, season = model.config().season;
  if (h > model.config().horizon)
    fail(ErrorCode::kUsage,
         "--horizon {} is beyond the {} steps the model was trained for; train it with the longer horizon", h,
         model.config().horizon);
  check(data, h, options);

  BacktestReport report;
  std::vector<ForecastModel::Request> requests;
  std::vector<Origin> origins;
  for (size_t i = 0; i < data.series.size(); ++i) {
    const Series& s = data.series[i];
    const std::vector<size_t> of_series = origins_of(s.values.size(), h, options);
    report.skipped_series += of_series.empty();
    report.series += !of_series.empty();
    const std::optional<Time> trained = model.trained_until(s.id);
    for (const size_t origin : of_series) {
      requests.push_back({&s, origin});
      origins.push_back({i, origin});
      report.overlapping += trained && data.frequency.time_at(s.start, static_cast<int64_t>(origin)) <= *trained;
    }
  }
  report.windows = requests.size();

  const std::vector<Quantiles> forecasts = model.predict(data, requests, pool);
  const std::vector<double>& levels = model.levels();
  const size_t median = static_cast<size_t>(std::find(levels.begin(), levels.end(), 0.5) - levels.begin());
  Scorer own(levels);
  std::vector<Scorer> naive(baselines().size(), Scorer(levels));
  for (size_t r = 0; r < requests.size(); ++r) {
    const std::vector<double>& y = requests[r].series->values;
    const size_t origin = origins[r].origin;
    if (r == 0 || origins[r].series != origins[r - 1].series) {
      const double scale = in_sample_error(y, origin, season);
      own.start_series(scale);
      for (Scorer& scorer : naive) scorer.start_series(scale);
    }
    for (size_t k = 0; k < h; ++k) own.add(y[origin + k], forecasts[r][median][k], &forecasts[r], k);
    for (size_t m = 0; m < naive.size(); ++m) {
      const std::vector<double> future = baselines()[m]->forecast({y.data(), origin}, season, h);
      for (size_t k = 0; k < h; ++k) naive[m].add(y[origin + k], future[k], nullptr, k);
    }
  }
  report.methods.push_back({"elman", own.finish(true)});
  for (size_t m = 0; m < naive.size(); ++m)
    report.methods.push_back({std::string(baselines()[m]->name), naive[m].finish(false)});
  const auto best =
      std::min_element(report.methods.begin() + 1, report.methods.end(),
                       [](const auto& a, const auto& b) { return judged(a.metrics) < judged(b.metrics); });
  report.best_naive = best->name;
  report.verdict = compare(report);
  return report;
}

nlohmann::json to_json(const Metrics& m) {
  nlohmann::json coverage = nlohmann::json::object();
  for (const auto& [nominal, observed] : m.coverage) coverage[fmt::format("{:.4g}", nominal)] = observed;
  nlohmann::json out{{"mase", m.mase}, {"smape", m.smape}, {"mae", m.mae},
                     {"mse", m.mse},   {"rmse", m.rmse},   {"points", m.points}};
  if (!std::isnan(m.wql)) {
    out["wql"] = m.wql;
    out["coverage"] = coverage;
  }
  return out;
}

}  // namespace elman
