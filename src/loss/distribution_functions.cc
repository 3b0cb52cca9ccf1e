// Distribution functions and their inverses, by Boost.Math in double.
#include <boost/math/distributions/negative_binomial.hpp>
#include <boost/math/distributions/normal.hpp>
#include <boost/math/distributions/students_t.hpp>
#include <cmath>

#include "loss/distributions.h"

namespace elman {
namespace {

namespace policies = boost::math::policies;

// No exceptions: what has no answer is NaN. A count's quantile is the least count that reaches the level.
using Policy =
    policies::policy<policies::domain_error<policies::ignore_error>, policies::pole_error<policies::ignore_error>,
                     policies::overflow_error<policies::ignore_error>,
                     policies::evaluation_error<policies::ignore_error>, policies::promote_double<false>,
                     policies::discrete_quantile<policies::integer_round_up>>;
using Normal = boost::math::normal_distribution<double, Policy>;
using StudentT = boost::math::students_t_distribution<double, Policy>;
using NegativeBinomial = boost::math::negative_binomial_distribution<double, Policy>;

NegativeBinomial of(const NegativeBinomialParameters& p) noexcept {
  return NegativeBinomial(1.0 / p.dispersion, 1.0 / (1.0 + p.mean * p.dispersion));
}

}  // namespace

double normal_density(double z) noexcept { return boost::math::pdf(Normal(), z); }
double normal_cdf(double z) noexcept { return boost::math::cdf(Normal(), z); }
double normal_quantile(double level) noexcept { return boost::math::quantile(Normal(), level); }

double cdf(const GaussianParameters& p, double y) noexcept { return normal_cdf((y - p.mean) / p.scale); }
double quantile(const GaussianParameters& p, double level) noexcept {
  return p.mean + p.scale * normal_quantile(level);
}

double cdf(const StudentTParameters& p, double y) noexcept {
  return boost::math::cdf(StudentT(p.freedom), (y - p.location) / p.scale);
}
double quantile(const StudentTParameters& p, double level) noexcept {
  return p.location + p.scale * boost::math::quantile(StudentT(p.freedom), level);
}

double cdf(const NegativeBinomialParameters& p, double y) noexcept {
  return y < 0.0 ? 0.0 : boost::math::cdf(of(p), std::floor(y));
}
double quantile(const NegativeBinomialParameters& p, double level) noexcept {
  return boost::math::quantile(of(p), level);
}

}  // namespace elman
