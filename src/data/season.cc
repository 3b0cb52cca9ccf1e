#include <algorithm>
#include <cmath>

#include "data/frequency.h"

namespace elman {
namespace {

constexpr size_t kMostSeries = 200;    // a sample settles the question
constexpr size_t kMostSteps = 20'000;  // the latest ones
constexpr double kClear = 0.3;         // autocorrelation that a season must reach
constexpr double kSignificant = 2.5;   // standard errors that it must reach too: chance gives 1/sqrt(pairs)
constexpr double kNearly = 0.85;       // of the strongest: a shorter season this strong explains the longer one

// First differences less their mean: they take level and trend away.
std::vector<double> differences(std::span<const double> values) {
  values = values.last(std::min(values.size(), kMostSteps));
  std::vector<double> result;
  double sum = 0, count = 0;
  for (size_t i = 1; i < values.size(); ++i) {
    result.push_back(values[i] - values[i - 1]);
    if (!std::isnan(result.back())) sum += result.back(), ++count;
  }
  for (double& difference : result) difference -= sum / count;
  return result;
}

// Autocorrelation about zero over the pairs where both values are there; 0 if there are none.
double autocorrelation(std::span<const double> x, size_t lag) noexcept {
  double product = 0, early = 0, late = 0;
  for (size_t i = lag; i < x.size(); ++i) {
    if (std::isnan(x[i]) || std::isnan(x[i - lag])) continue;
    product += x[i] * x[i - lag];
    early += x[i - lag] * x[i - lag];
    late += x[i] * x[i];
  }
  return early > 0 && late > 0 ? product / std::sqrt(early * late) : 0;
}

// Mean strength of a season over the series that last for two of it; 0 where it is no local peak, or may be chance.
double strength(std::span<const std::vector<double>> series, size_t season) {
  double peak = 0, before = 0, after = 0, count = 0, pairs = 0;
  for (const std::vector<double>& x : series) {
    if (x.size() + 1 < 2 * season) continue;
    before += autocorrelation(x, season - 1);
    peak += autocorrelation(x, season);
    after += autocorrelation(x, season + 1);
    pairs += static_cast<double>(x.size() - season);
    ++count;
  }
  const bool clear = peak >= kClear * count && peak * std::sqrt(pairs) >= kSignificant * count;
  return count > 0 && clear && peak > before && peak > after ? peak / count : 0;
}

}  // namespace

size_t detect_season(std::span<const std::span<const double>> series, std::span<const size_t> candidates) {
  std::vector<std::vector<double>> sample;
  const size_t stride = std::max<size_t>(1, (series.size() + kMostSeries - 1) / kMostSeries);
  for (size_t i = 0; i < series.size(); i += stride) sample.push_back(differences(series[i]));
  std::vector<double> strengths;
  for (size_t season : candidates) strengths.push_back(strength(sample, season));
  const double strongest = strengths.empty() ? 0 : *std::max_element(strengths.begin(), strengths.end());
  if (strongest == 0) return 1;
  const auto found =
      std::find_if(strengths.begin(), strengths.end(), [&](double s) { return s >= kNearly * strongest; });
  return candidates[static_cast<size_t>(found - strengths.begin())];
}

}  // namespace elman
