// The theta method (Assimakopoulos & Nikolopoulos 2000) as the M4 competition's benchmark runs it: the seasonally
// adjusted series is split into theta line 0, its linear trend, and theta line 2, its trend with twice the curvature
//
//   Z_0[t] = a + b t,   Z_2[t] = 2 y[t] - Z_0[t]
//
// and the mean of the line's continuation and of a simple exponential smoothing of Z_2 gets its season back.
//
// theta is told a season by a test, which the trend of a short series hides it from; shrunken_theta always looks for
// one and believes in it as far as it stands out. So it does with the trend: of its slope theta goes on with half,
// shrunken_theta with more, up to all of it, the better the changes of the series agree on one.

#include <algorithm>
#include <cmath>

#include "kernels/smoothing.h"
#include "tasks/baseline.h"
#include "tasks/seasonal_adjustment.h"
#include "tasks/trend_line.h"

namespace elman {

extern const Baseline kSeasonalNaive;

namespace {

// The last level of simple exponential smoothing under the alpha of the least error: a grid, then a finer one between
// the neighbours of its best, and so on.
double best_level(const std::vector<double>& y) {
  constexpr double kLeast = 1e-4, kMost = 1 - kLeast;  // as in R's forecast::ses
  constexpr double kPrecision = 1e-6;
  for (double low = kLeast, high = kMost;;) {
    const double step = (high - low) / (kAlphas - 1);
    std::array<double, kAlphas> alpha;
    for (size_t i = 0; i < kAlphas; ++i) alpha[i] = low + step * static_cast<double>(i);
    const Smoothing s = smooth(y, alpha);
    const auto best = static_cast<size_t>(std::min_element(s.error.begin(), s.error.end()) - s.error.begin());
    if (step < kPrecision) return s.level[best];
    low = std::max(alpha[best] - step, kLeast);
    high = std::min(alpha[best] + step, kMost);
  }
}

// From 0 to 1: how far the mean change of a step stands out from chance, two standard errors being halfway.
double evidence_of_trend(const std::vector<double>& y) {
  double sum = 0, squares = 0, count = 0, last = NAN;
  for (const double v : y) {
    if (std::isnan(v)) continue;
    if (!std::isnan(last)) {
      sum += v - last;
      squares += (v - last) * (v - last);
      ++count;
    }
    last = v;
  }
  if (count < 2) return 0;
  const double mean = sum / count, error = std::max(squares / count - mean * mean, 0.0) / (count - 1);  // squared
  const double evidence = mean * mean / (mean * mean + 4 * error);
  return std::isfinite(evidence) ? evidence : 0;  // nothing changes, or too much for squares
}

// Forecasts of a series that was never negative stop at 0.
template <SeasonalAdjustment::Evidence kEvidence>
std::vector<double> theta(std::span<const double> past, size_t season, size_t horizon) {
  const SeasonalAdjustment adjustment(past, season, kEvidence);
  const double centre = last_observed(past);  // sums of squares keep their digits when levels are near 0
  std::vector<double> y(past.size());
  for (size_t t = 0; t < past.size(); ++t) y[t] = adjustment.remove(past[t], t) - centre;
  const TrendLine line = fit_line(y);
  const double more = kEvidence == SeasonalAdjustment::Evidence::kShrink ? line.slope / 2 * evidence_of_trend(y) : 0;
  for (size_t t = 0; t < y.size(); ++t) y[t] = 2 * y[t] - line.at(static_cast<double>(t));
  const double level = best_level(y);

  const bool never_negative = std::none_of(past.begin(), past.end(), [](double v) { return v < 0; });
  std::vector<double> future(horizon);
  for (size_t k = 0; k < horizon; ++k) {
    const size_t t = past.size() + k;
    const double middle = (line.at(static_cast<double>(t)) + level) / 2 + more * static_cast<double>(k + 1);
    const double v = adjustment.restore(centre + middle, t);
    future[k] = never_negative ? std::max(v, 0.0) : v;
  }
  return future;
}

// Of one season to two, which show a season no better than a trend, the mean with the season's last values.
std::vector<double> shrunken_theta(std::span<const double> past, size_t season, size_t horizon) {
  std::vector<double> future = theta<SeasonalAdjustment::Evidence::kShrink>(past, season, horizon);
  if (season < 2 || past.size() < season || past.size() >= 2 * season) return future;
  const std::vector<double> last_season = kSeasonalNaive.forecast(past, season, horizon);
  for (size_t k = 0; k < horizon; ++k) future[k] = (future[k] + last_season[k]) / 2;
  return future;
}

}  // namespace

extern const Baseline kTheta = {"theta", theta<SeasonalAdjustment::Evidence::kTest>};
extern const Baseline kShrunkenTheta = {kShrunkenThetaName, shrunken_theta};

}  // namespace elman
