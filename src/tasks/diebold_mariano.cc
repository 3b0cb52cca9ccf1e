#include "tasks/diebold_mariano.h"

#include <algorithm>
#include <cmath>

#include "loss/distributions.h"

namespace elman {
namespace {

// Variance of the mean of `x`, whose own mean is `mean`: autocovariances by weight_of(lag), over n.
template <class WeightOf>
double variance_of_mean(std::span<const double> x, double mean, size_t lags, WeightOf weight_of) {
  double sum = 0;
  for (size_t lag = 0; lag <= lags; ++lag) {
    double products = 0;
    for (size_t t = lag; t < x.size(); ++t) products += (x[t] - mean) * (x[t - lag] - mean);
    sum += (lag ? 2 : 1) * weight_of(lag) * products;
  }
  return sum / static_cast<double>(x.size()) / static_cast<double>(x.size());
}

}  // namespace

double student_t_two_sided(double t, double freedom) {
  return 2 * cdf(StudentTParameters{.location = 0, .scale = 1, .freedom = freedom}, -std::abs(t));
}

DieboldMariano diebold_mariano(std::span<const double> d, size_t span) {
  DieboldMariano test{.statistic = NAN, .p_value = NAN, .origins = d.size(), .lags = span - 1};
  if (d.size() < 2 || d.size() <= span) return test;
  const double n = static_cast<double>(d.size()), h = static_cast<double>(span);
  double mean = 0;
  for (const double v : d) mean += v / n;
  if (std::all_of(d.begin(), d.end(), [&](double v) { return v == d[0]; })) {
    test.statistic = d[0] == 0 ? 0 : std::copysign(HUGE_VAL, d[0]);
    test.p_value = d[0] == 0;
    return test;
  }
  double variance = variance_of_mean(d, mean, test.lags, [](size_t) { return 1.0; });
  if (!(variance > 0))
    variance = variance_of_mean(d, mean, test.lags, [&](size_t lag) { return 1 - static_cast<double>(lag) / h; });
  const double correction = std::sqrt((n + 1 - 2 * h + h * (h - 1) / n) / n);
  test.statistic = correction * mean / std::sqrt(variance);
  test.p_value = student_t_two_sided(test.statistic, n - 1);
  return test;
}

}  // namespace elman
