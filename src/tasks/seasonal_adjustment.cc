#include "tasks/seasonal_adjustment.h"

#include <algorithm>
#include <cmath>

#include "tasks/trend_line.h"

namespace elman {
namespace {

constexpr double kCritical = 1.645;    // of a standard normal, two-sided at 90 %
constexpr double kLeastFactor = 1e-4;  // division by less would blow noise up (the limit of R's forecast::thetaf)

double mean_observed(std::span<const double> values) {
  double sum = 0.0;
  size_t count = 0;
  for (const double v : values) {
    if (std::isnan(v)) continue;
    sum += v;
    ++count;
  }
  return count ? sum / static_cast<double>(count) : NAN;
}

// r_m against 1.645 sqrt((1 + 2 (r_1^2 + … + r_{m-1}^2)) / n): with that standard error r_m is 0 if no lag from m on
// is correlated.
bool is_seasonal(std::span<const double> values, size_t season) {
  if (values.size() / 3 < season) return false;
  const double mean = mean_observed(values);
  std::vector<double> x;  // deviations; what is missing deviates from nothing
  double square = 0.0, observed = 0.0;
  for (const double v : values) {
    x.push_back(std::isnan(v) ? 0.0 : v - mean);
    square += x.back() * x.back();
    observed += !std::isnan(v);
  }
  // r_1 to r_m, all in one pass over the values: each lag by itself would take as many.
  std::vector<double> r(season);
  for (size_t t = 0; t < x.size(); ++t)
    for (size_t lag = 1; lag <= std::min(season, t); ++lag) r[lag - 1] += x[t] * x[t - lag];
  for (double& at_lag : r) at_lag /= square;  // NaN for a constant series, which then passes no test
  double sum_of_squares = 0.0;
  for (size_t lag = 1; lag < season; ++lag) sum_of_squares += r[lag - 1] * r[lag - 1];
  return std::abs(r.back()) > kCritical * std::sqrt((1.0 + 2.0 * sum_of_squares) / observed);
}

// What is missing lies on the line between the observed neighbours, or repeats the only one. REQUIRES: one is observed.
std::vector<double> bridged(std::span<const double> values) {
  std::vector<double> y(values.begin(), values.end());
  size_t next = 0;  // the first observed value at or after t
  for (size_t t = 0; t < y.size(); ++t) {
    if (!std::isnan(y[t])) continue;
    next = std::max(next, t);
    while (next < y.size() && std::isnan(values[next])) ++next;
    if (t > 0 && next < y.size()) y[t] = y[t - 1] + (y[next] - y[t - 1]) / static_cast<double>(next - t + 1);
    else y[t] = next < y.size() ? y[next] : y[t - 1];
  }
  return y;
}

// Mean over one season around each step, NaN where the season does not fit; an even season counts its two ends half.
std::vector<double> centred_average(const std::vector<double>& y, size_t season) {
  std::vector<double> average(y.size(), NAN);
  const size_t half = season / 2, count = y.size() - 2 * half;
  std::fill_n(average.begin() + static_cast<ptrdiff_t>(half), count, 0.0);
  for (size_t k = 0; k <= 2 * half; ++k) {
    const bool is_half = season % 2 == 0 && (k == 0 || k == 2 * half);
    const double weight = (is_half ? 0.5 : 1.0) / static_cast<double>(season);
    for (size_t t = 0; t < count; ++t) average[half + t] += weight * y[t + k];
  }
  return average;
}

// Beyond either end, where the season did not fit, the line that fits the nearest season of the average. So every place
// has a value of every season.
void extend(std::vector<double>& average, size_t season) {
  const size_t half = season / 2, last = average.size() - half;  // what is known
  const std::span<double> all(average);
  const TrendLine left = fit_line(all.subspan(half, season)), right = fit_line(all.subspan(last - season, season));
  const auto offset = static_cast<double>(half);
  for (size_t t = 0; t < half; ++t) {
    average[t] = left.at(static_cast<double>(t) - offset);
    average[last + t] = right.at(static_cast<double>(season + t));
  }
}

}  // namespace

SeasonalAdjustment::SeasonalAdjustment(std::span<const double> values, size_t season, Evidence evidence) {
  if (season < 2 || values.size() < 2 * season) return;
  if (std::all_of(values.begin(), values.end(), [](double v) { return std::isnan(v); })) return;
  if (evidence == Evidence::kTest && !is_seasonal(values, season)) return;
  const bool positive = std::none_of(values.begin(), values.end(), [](double v) { return v <= 0; });
  if (!positive || !decompose(values, season, true, evidence)) decompose(values, season, false, evidence);
}

// False if the factors, or the average beyond an end, are too close to 0 to divide by.
bool SeasonalAdjustment::decompose(std::span<const double> values, size_t season, bool multiplicative,
                                   Evidence evidence) {
  multiplicative_ = multiplicative;
  std::vector<double> average = centred_average(bridged(values), season);
  if (evidence == Evidence::kShrink) extend(average, season);
  if (multiplicative && std::any_of(average.begin(), average.end(), [](double v) { return v <= 0; })) return false;
  std::vector<std::vector<double>> by_place(season);
  for (size_t t = 0; t < values.size(); ++t)
    by_place[t % season].push_back(multiplicative ? values[t] / average[t] : values[t] - average[t]);
  index_.clear();
  for (const std::vector<double>& place : by_place) index_.push_back(mean_observed(place));
  const double mean = mean_observed(index_);
  for (double& index : index_) {
    if (std::isnan(index)) index = neutral();  // a place never observed
    else index = multiplicative ? index / mean : index - mean;
  }
  if (evidence == Evidence::kShrink) shrink(by_place);
  return !multiplicative || *std::min_element(index_.begin(), index_.end()) >= kLeastFactor;
}

// By the share of the indices' variance that the noise of the values they are means of makes up.
void SeasonalAdjustment::shrink(const std::vector<std::vector<double>>& by_place) {
  const auto places = static_cast<double>(by_place.size());
  double within = 0.0, count = 0.0, between = 0.0;
  for (const std::vector<double>& place : by_place) {
    const double mean = mean_observed(place);
    for (const double v : place) {
      if (std::isnan(v)) continue;
      within += (v - mean) * (v - mean);
      ++count;
    }
  }
  for (const double index : index_) between += (index - neutral()) * (index - neutral());
  if (places <= 3 || count <= places || between == 0) return;
  const double noise = within / (count - places) / (count / places);  // variance of one mean
  const double share = std::min(1.0, (places - 3) * noise / between);
  for (double& index : index_) index += share * (neutral() - index);
}

double SeasonalAdjustment::remove(double value, size_t t) const noexcept {
  if (!seasonal()) return value;
  const double index = index_[t % index_.size()];
  return multiplicative_ ? value / index : value - index;
}

double SeasonalAdjustment::restore(double value, size_t t) const noexcept {
  if (!seasonal()) return value;
  const double index = index_[t % index_.size()];
  return multiplicative_ ? value * index : value + index;
}

}  // namespace elman
