#include "tasks/diebold_mariano.h"

#include <algorithm>
#include <cmath>

namespace elman {
namespace {

// The continued fraction of the regularised incomplete beta function I_x(a, b), by Lentz's method; converges quickly
// for x < (a + 1) / (a + b + 2) (Numerical Recipes, 6.4).
double beta_fraction(double x, double a, double b) {
  constexpr double kTiny = 1e-300, kPrecision = 1e-15;
  constexpr int kMostTerms = 1000;
  const auto nonzero = [](double v) { return std::abs(v) < kTiny ? kTiny : v; };
  double c = 1, d = 1 / nonzero(1 - (a + b) * x / (a + 1)), fraction = d;
  for (int m = 1; m <= kMostTerms; ++m) {
    const double even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m));
    const double odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1));
    double factor = 1;
    for (const double term : {even, odd}) {
      d = 1 / nonzero(1 + term * d);
      c = nonzero(1 + term / c);
      factor = c * d;
      fraction *= factor;
    }
    if (std::abs(factor - 1) < kPrecision) break;
  }
  return fraction;
}

double incomplete_beta(double x, double a, double b) {
  if (x <= 0 || x >= 1) return x <= 0 ? 0 : 1;
  const double factor =
      std::exp(std::lgamma(a + b) - std::lgamma(a) - std::lgamma(b) + a * std::log(x) + b * std::log1p(-x));
  if (x < (a + 1) / (a + b + 2)) return factor * beta_fraction(x, a, b) / a;
  return 1 - factor * beta_fraction(1 - x, b, a) / b;
}

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

// I_x(freedom / 2, 1 / 2) at x = freedom / (freedom + t^2), or its complement, so that no digits are lost near x = 1.
double student_t_two_sided(double t, double freedom) {
  const double sum = freedom + t * t;
  if (t * t < freedom) return 1 - incomplete_beta(t * t / sum, 0.5, freedom / 2);
  return incomplete_beta(freedom / sum, freedom / 2, 0.5);
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
