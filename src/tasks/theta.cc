// The theta method (Assimakopoulos & Nikolopoulos 2000) as the M4 competition's benchmark runs it: the seasonally
// adjusted series is split into theta line 0, its linear trend, and theta line 2, its trend with twice the curvature
//
//   Z_0[t] = a + b t,   Z_2[t] = 2 y[t] - Z_0[t]
//
// and the mean of the line's continuation and of a simple exponential smoothing of Z_2 gets its season back.

#include <algorithm>
#include <cmath>

#include "tasks/baseline.h"
#include "tasks/seasonal_adjustment.h"

namespace elman {
namespace {

struct TrendLine {
  double centre = 0, mean = 0, slope = 0;  // mean + slope (t - centre)
  double at(size_t t) const noexcept { return mean + slope * (static_cast<double>(t) - centre); }
};

// Least squares over the values observed.
TrendLine fit_line(const std::vector<double>& y) {
  TrendLine line;
  double count = 0;
  for (size_t t = 0; t < y.size(); ++t) {
    if (std::isnan(y[t])) continue;
    ++count;
    line.centre += (static_cast<double>(t) - line.centre) / count;
    line.mean += (y[t] - line.mean) / count;
  }
  double product = 0, square = 0;
  for (size_t t = 0; t < y.size(); ++t) {
    if (std::isnan(y[t])) continue;
    const double distance = static_cast<double>(t) - line.centre;
    product += distance * (y[t] - line.mean);
    square += distance * distance;
  }
  if (square > 0) line.slope = product / square;
  return line;
}

// Simple exponential smoothing, l[t] = l[t-1] + alpha (y[t] - l[t-1]), with the start that makes the squared one-step
// errors least. An error is e0[t] - w[t] l[0], where e0 belongs to the start 0 and w[t] = (1 - alpha)^t over the values
// observed, so that the best start is a ratio of two sums.
struct Smoothing {
  double error = 0;  // sum of squares
  double level = 0;  // the last, which is the forecast
};

Smoothing smooth(const std::vector<double>& y, double alpha) {
  double level = 0, weight = 1, e_e = 0, e_w = 0, w_w = 0;
  for (const double v : y) {
    if (std::isnan(v)) continue;
    const double e = v - level;
    e_e += e * e;
    e_w += e * weight;
    w_w += weight * weight;
    level += alpha * e;
    weight *= 1 - alpha;
  }
  const double start = w_w > 0 ? e_w / w_w : 0;
  return {e_e - start * e_w, level + weight * start};
}

constexpr double kLeastAlpha = 1e-4, kMostAlpha = 1 - kLeastAlpha;  // as in R's forecast::ses
constexpr int kGrid = 24;
constexpr double kPrecision = 1e-6;  // of alpha

// The last level under the alpha of the least error: a grid finds the valley, ternary search its ground.
double best_level(const std::vector<double>& y) {
  const auto error_of = [&](double alpha) { return smooth(y, alpha).error; };
  constexpr double kStep = (kMostAlpha - kLeastAlpha) / kGrid;
  double best = kLeastAlpha, least = error_of(best);
  for (int i = 1; i <= kGrid; ++i) {
    const double alpha = kLeastAlpha + kStep * i, error = error_of(alpha);
    if (!(error < least)) continue;
    least = error;
    best = alpha;
  }
  double low = std::max(best - kStep, kLeastAlpha), high = std::min(best + kStep, kMostAlpha);
  while (high - low > kPrecision) {
    const double left = low + (high - low) / 3, right = high - (high - low) / 3;
    if (error_of(left) <= error_of(right)) high = right;
    else low = left;
  }
  return smooth(y, (low + high) / 2).level;
}

// Forecasts of a series that was never negative stop at 0.
std::vector<double> theta(std::span<const double> past, size_t season, size_t horizon) {
  const SeasonalAdjustment adjustment(past, season);
  const double centre = last_observed(past);  // sums of squares keep their digits when levels are near 0
  std::vector<double> y(past.size());
  for (size_t t = 0; t < past.size(); ++t) y[t] = adjustment.remove(past[t], t) - centre;
  const TrendLine line = fit_line(y);
  for (size_t t = 0; t < y.size(); ++t) y[t] = 2 * y[t] - line.at(t);
  const double level = best_level(y);

  const bool never_negative = std::none_of(past.begin(), past.end(), [](double v) { return v < 0; });
  std::vector<double> future(horizon);
  for (size_t k = 0; k < horizon; ++k) {
    const size_t t = past.size() + k;
    const double v = adjustment.restore(centre + (line.at(t) + level) / 2, t);
    future[k] = never_negative ? std::max(v, 0.0) : v;
  }
  return future;
}

}  // namespace

extern const Baseline kTheta = {"theta", theta};

}  // namespace elman
