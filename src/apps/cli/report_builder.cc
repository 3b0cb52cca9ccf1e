#include "apps/cli/report_builder.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <numeric>

#include "kernels/targets.h"
#include "apps/cli/console.h"
#include "base/error.h"
#include "tasks/fingerprint.h"

namespace elman::cli {
namespace {

// What a page holds at most: about 30 MB, which browsers still draw at once.
constexpr size_t kMostSeries = 500;
constexpr size_t kMostHistory = 2000;   // values of each series, the newest
constexpr size_t kMostForecast = 2000;  // steps of each series' windows, of the newest

std::string file_name(const std::string& path) { return std::filesystem::path(path).filename().string(); }

std::vector<std::pair<std::string, std::string>> settings_of(const ForecastConfig& config) {
  std::vector<std::pair<std::string, std::string>> settings;
  const nlohmann::json fields = to_json(config);
  for (const auto& [name, value] : fields.items())
    settings.emplace_back(name, value.is_string() ? value.get<std::string>() : value.dump());
  return settings;
}

}  // namespace

ReportBuilder::ReportBuilder(const SeriesSet& data, size_t shown)
    : data_(data), kept_(std::min(data.series.size(), kMostSeries)) {
  std::iota(kept_.begin(), kept_.end(), size_t{0});
  content_.shown = std::min(shown, kept_.size() - 1);
  kept_[content_.shown] = shown;
  content_.integer_axis = data.time_format.is_integer();
  keep_series();
}

void ReportBuilder::keep_series() {
  for (const size_t index : kept_) {
    const Series& series = data_.series[index];
    const size_t first = series.values.size() - std::min(series.values.size(), kMostHistory);
    ReportSeries kept;
    kept.id = series.id;
    kept.history.assign(series.values.begin() + static_cast<ptrdiff_t>(first), series.values.end());
    for (size_t i = first; i < series.values.size(); ++i)
      kept.times.push_back(data_.frequency.time_at(series.start, static_cast<int64_t>(i)));
    content_.series.push_back(std::move(kept));
  }
}

void ReportBuilder::add_model(const ForecastModel& model, const std::vector<Forecast>& forecasts,
                              const std::vector<double>& levels) {
  content_.levels = levels;
  content_.record = model.record();
  content_.settings = settings_of(model.config());
  content_.shares.levels = model.levels();
  content_.shares.below.assign(model.levels().size(), 0);
  for (size_t i = 0; i < kept_.size(); ++i) {
    const Series& series = data_.series[kept_[i]];
    ReportSeries& kept = content_.series[i];
    kept.forecast = forecasts[kept_[i]];
    for (size_t step = 0; step < kept.forecast.y_hat.size(); ++step)
      kept.times.push_back(data_.frequency.time_at(series.start, static_cast<int64_t>(series.values.size() + step)));
  }
  content_.picture = plot_content(data_, kept_[content_.shown], content_.series[content_.shown].forecast, levels);
  add_fact("seed", fmt::format("{}", model.config().seed));
  add_fact("parameters", fmt::format("{}", model.network().parameter_count()));
  add_fact("data", data_.path);
  add_fact("data hash", "fnv1a64:" + fingerprint(data_));
  add_fact("elman", ELMAN_VERSION);
  add_fact("instruction set", std::string(supported_targets().front().name));
}

void ReportBuilder::add(const BacktestedSeries& series) {
  count(series);
  const auto index = static_cast<size_t>(&series.series - data_.series.data());
  const size_t place = std::min(index, kept_.size() - 1);
  if (kept_[place] != index) return;
  ReportSeries& kept = content_.series[place];
  for (const MethodResult& method : series.methods) kept.errors.emplace_back(method.name, method.metrics.judged());

  const size_t windows = series.origins.size(), horizon = series.forecasts.front().front().size();
  const size_t cut = series.series.values.size() - kept.history.size();
  for (size_t w = windows - std::min(windows, std::max<size_t>(kMostForecast / horizon, 1)); w < windows; ++w)
    if (series.origins[w] >= cut) kept.windows.push_back({series.origins[w] - cut, series.forecasts[w]});
  windows_ = windows;
  windows_kept_ = std::max(windows_kept_, kept.windows.size());
}

void ReportBuilder::count(const BacktestedSeries& series) {
  QuantileShares& shares = content_.shares;
  for (size_t w = 0; w < series.origins.size(); ++w) {
    const Quantiles& forecast = series.forecasts[w];
    for (size_t step = 0; step < forecast.front().size(); ++step) {
      const double actual = series.series.values[series.origins[w] + step];
      if (std::isnan(actual)) continue;
      ++shares.points;
      for (size_t q = 0; q < shares.levels.size(); ++q) shares.below[q] += actual <= forecast[q][step];
    }
  }
}

void ReportBuilder::note_what_is_missing() {
  if (data_.series.size() > kept_.size())
    add_note(
        fmt::format("{} of {} series can be looked at here; figures are of all", kept_.size(), data_.series.size()));
  size_t longest = 0;
  for (const size_t index : kept_) longest = std::max(longest, data_.series[index].values.size());
  if (longest > kMostHistory)
    add_note(fmt::format("charts show the newest {} values of a series, of up to {}", kMostHistory, longest));
  if (windows_ > windows_kept_)
    add_note(fmt::format("charts show the newest {} of {} of a series; figures are of all", windows_kept_,
                         counted(windows_, "window")));
}

std::string ReportBuilder::expectation() const {
  const ReportSeries& first = content_.series[content_.shown];
  const size_t horizon = first.forecast.y_hat.size();
  if (data_.series.size() > 1)
    return fmt::format("{} ahead for {} series", counted(horizon, "step"), data_.series.size());
  std::string text =
      fmt::format("{}: {} expected at {}", first.id, brief(first.forecast.y_hat.back()), first.forecast.ds.back());
  if (content_.picture.bands.empty()) return text;
  const Band& widest = content_.picture.bands.front();
  return text + fmt::format(", {:.3g} % between {} and {}", 100 * widest.share, brief(widest.low.back().y),
                            brief(widest.high.back().y));
}

ReportContent ReportBuilder::finish(const std::optional<BacktestReport>& backtest) {
  content_.backtest = backtest;
  content_.title = fmt::format("{} of {}", backtest ? "Backtest" : "Forecast", file_name(data_.path));
  content_.headline = backtest ? backtest->verdict : expectation();
  note_what_is_missing();
  return std::move(content_);
}

}  // namespace elman::cli
