#include <cmath>

#include "tasks/baseline.h"

namespace elman {
namespace {

// Of a season's place, this many of the newest values are averaged: a third of the noise of one, and still close to
// the present level.
constexpr size_t kMeanSeasons = 3;

std::vector<double> naive(std::span<const double> past, size_t, size_t horizon) {
  return std::vector<double>(horizon, last_observed(past));
}

// For each step the mean of the newest `count` values observed at its place in the season, or of as many as there are.
std::vector<double> mean_of_seasons(std::span<const double> past, size_t season, size_t horizon, size_t count) {
  std::vector<double> future(horizon, last_observed(past));
  for (size_t k = 0; k < horizon; ++k) {
    double sum = 0.0;
    size_t found = 0;
    for (size_t back = season - k % season; back <= past.size() && found < count; back += season) {
      const double v = past[past.size() - back];
      if (std::isnan(v)) continue;
      sum += v;
      ++found;
    }
    if (found > 0) future[k] = sum / static_cast<double>(found);
  }
  return future;
}

std::vector<double> seasonal_naive(std::span<const double> past, size_t season, size_t horizon) {
  return mean_of_seasons(past, season, horizon, 1);
}

std::vector<double> seasonal_mean(std::span<const double> past, size_t season, size_t horizon) {
  return mean_of_seasons(past, season, horizon, kMeanSeasons);
}

// The line through the first and the last value observed.
std::vector<double> drift(std::span<const double> past, size_t, size_t horizon) {
  size_t first = 0, last = past.size();
  while (first < past.size() && std::isnan(past[first])) ++first;
  while (last > 0 && std::isnan(past[last - 1])) --last;
  std::vector<double> future(horizon, last_observed(past));
  if (last < first + 2) return future;
  const double slope = (past[last - 1] - past[first]) / static_cast<double>(last - 1 - first);
  for (size_t k = 0; k < horizon; ++k) future[k] += slope * static_cast<double>(past.size() - last + k + 1);
  return future;
}

}  // namespace

extern const Baseline kNaive = {"naive", naive};
extern const Baseline kSeasonalNaive = {kSeasonalNaiveName, seasonal_naive};
extern const Baseline kSeasonalMean = {"seasonal_mean", seasonal_mean};
extern const Baseline kDrift = {kDriftName, drift};

}  // namespace elman
