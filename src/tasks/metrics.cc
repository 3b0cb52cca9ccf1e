#include "tasks/metrics.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

namespace elman {
namespace {

double ratio(double sum, size_t count) { return count ? sum / static_cast<double>(count) : NAN; }

}  // namespace

double Metrics::judged() const noexcept { return std::isnan(mase) ? mae : mase; }

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

void ErrorSums::add(double actual, double forecast) {
  if (std::isnan(actual)) return;
  const double error = actual - forecast, size = std::abs(actual) + std::abs(forecast);
  absolute += std::abs(error);
  square += error * error;
  relative += size > 0 ? 200.0 * std::abs(error) / size : 0.0;
  ++points;
}

void ErrorSums::add(double actual, double median, std::span<const double> levels, std::span<const double> forecasts) {
  if (std::isnan(actual)) return;
  add(actual, median);
  for (size_t k = 0; k < levels.size(); ++k) {
    const double error = actual - forecasts[k];
    pinball += std::max(levels[k] * error, (levels[k] - 1.0) * error);
  }
  inside.resize(levels.size() / 2);
  for (size_t k = 0; k < inside.size(); ++k)
    inside[k] += actual >= forecasts[k] && actual <= forecasts[levels.size() - 1 - k];
}

ErrorSums& ErrorSums::operator+=(const ErrorSums& other) {
  absolute += other.absolute;
  square += other.square;
  relative += other.relative;
  pinball += other.pinball;
  points += other.points;
  inside.resize(std::max(inside.size(), other.inside.size()));
  for (size_t k = 0; k < other.inside.size(); ++k) inside[k] += other.inside[k];
  return *this;
}

Metrics ErrorSums::metrics(const std::vector<double>& levels, double scale) const {
  Metrics m;
  m.points = points;
  m.mae = ratio(absolute, points);
  m.mse = ratio(square, points);
  m.rmse = std::sqrt(m.mse);
  m.smape = ratio(relative, points);
  m.mase = scale > 0 ? m.mae / scale : NAN;
  m.wql = levels.empty() ? NAN : ratio(pinball, points * levels.size());
  for (size_t k = 0; k < levels.size() / 2; ++k)
    m.coverage[levels[levels.size() - 1 - k] - levels[k]] =
        ratio(inside.empty() ? 0.0 : static_cast<double>(inside[k]), points);
  return m;
}

void SeriesMean::add(const ErrorSums& sums, double scale) {
  if (sums.points == 0) return;
  all_ += sums;
  smape_ += ratio(sums.relative, sums.points);
  ++series_;
  if (!(scale > 0)) return;
  mase_ += ratio(sums.absolute, sums.points) / scale;
  ++scaled_series_;
}

Metrics SeriesMean::metrics(const std::vector<double>& levels) const {
  Metrics m = all_.metrics(levels, NAN);
  m.smape = ratio(smape_, series_);
  m.mase = ratio(mase_, scaled_series_);
  return m;
}

double in_sample_error(std::span<const double> y, size_t end, size_t season) {
  if (season >= end) season = 1;
  double sum = 0.0;
  size_t count = 0;
  for (size_t i = season; i < end; ++i) {
    const double d = std::abs(y[i] - y[i - season]);
    if (std::isnan(d)) continue;
    sum += d;
    ++count;
  }
  return ratio(sum, count);
}

}  // namespace elman
