#include "tasks/diebold_mariano.h"

#include <algorithm>
#include <boost/math/special_functions/beta.hpp>
#include <cmath>

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

// I_x(freedom / 2, 1 / 2) at x = freedom / (freedom + t^2), or its complement, so that no digits are lost near x = 1.
double student_t_two_sided(double t, double freedom) {
  using namespace boost::math::policies;
  constexpr policy<domain_error<ignore_error>> kNanInNanOut;
  const double sum = freedom + t * t;
  if (t * t < freedom) return boost::math::ibetac(0.5, freedom / 2, t * t / sum, kNanInNanOut);
  return boost::math::ibeta(freedom / 2, 0.5, freedom / sum, kNanInNanOut);
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
