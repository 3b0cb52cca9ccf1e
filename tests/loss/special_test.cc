#include "loss/special.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "base/random.h"

namespace elman {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr double kEuler = 0.57721566490153286061;
constexpr double kPi = 3.14159265358979323846;
constexpr double kUlp = std::numeric_limits<double>::epsilon();

// Largest relative difference of f and g over 20,000 arguments low * (high / low)^u, each also negated if wanted.
double largest_error(double (*f)(double), double (*g)(double), double low, double high, bool negate = false) {
  Random random(1, 0);
  double worst = 0.0;
  for (int i = 0; i < 20000; ++i) {
    double x = low * std::pow(high / low, random.uniform());
    if (negate && i % 2) x = -x;
    worst = std::max(worst, std::fabs(f(x) - g(x)) / std::fabs(g(x)));
  }
  return worst;
}

TEST(SpecialTest, ExpLogAndLog1pAgreeWithTheCLibrary) {
  EXPECT_LE(largest_error(special::exp, std::exp, 1e-9, 700.0, true), kUlp);
  EXPECT_LE(largest_error(special::log, std::log, 1e-300, 1e300), kUlp);
  EXPECT_LE(largest_error(special::log, std::log, 0.5, 2.0), 2 * kUlp);
  EXPECT_LE(largest_error(special::log1p, std::log1p, 1e-300, 1e3), 2 * kUlp);
  EXPECT_EQ(special::exp(0.0), 1.0);
  EXPECT_EQ(special::log(1.0), 0.0);
  EXPECT_EQ(special::log1p(0.0), 0.0);
}

TEST(SpecialTest, ExtremesStayDefined) {
  EXPECT_LT(special::exp(-1e300), 1e-300);
  EXPECT_LT(special::exp(-kInfinity), 1e-300);
  EXPECT_EQ(special::log(kInfinity), kInfinity);
  EXPECT_EQ(special::softplus(1e300), 1e300);
  EXPECT_LT(special::softplus(-1e300), 1e-300);
  EXPECT_EQ(special::sigmoid(1e300), 1.0);
  EXPECT_LT(special::sigmoid(-1e300), 1e-300);
  for (double (*f)(double) : {special::exp, special::log, special::log1p, special::softplus, special::sigmoid,
                              special::log_gamma, special::digamma})
    EXPECT_TRUE(std::isnan(f(kNan)));
}

TEST(SpecialTest, SoftplusAndSigmoidKeepSmallValues) {
  EXPECT_NEAR(special::softplus(-50.0) / std::exp(-50.0), 1.0, 4 * kUlp);
  EXPECT_NEAR(special::softplus(0.0), std::log(2.0), kUlp);
  EXPECT_NEAR(special::sigmoid(-50.0) / std::exp(-50.0), 1.0, 4 * kUlp);
  EXPECT_EQ(special::sigmoid(0.0), 0.5);
}

TEST(SpecialTest, LogGammaAgreesWithTheCLibrary) {
  Random random(2, 0);
  for (int i = 0; i < 20000; ++i) {
    const double x = 1e-6 * std::pow(1e15, random.uniform()), expected = std::lgamma(x);
    EXPECT_NEAR(special::log_gamma(x), expected, 8 * kUlp * std::max(std::fabs(expected), 20.0)) << x;
  }
}

TEST(SpecialTest, DigammaHasItsKnownValuesAndRecurrence) {
  EXPECT_NEAR(special::digamma(1.0), -kEuler, 1e-15);
  EXPECT_NEAR(special::digamma(0.5), -kEuler - 2.0 * std::log(2.0), 2e-15);
  EXPECT_NEAR(special::digamma(0.25), -kEuler - kPi / 2.0 - 3.0 * std::log(2.0), 4e-15);
  EXPECT_NEAR(special::digamma(1e9), std::log(1e9) - 0.5e-9, 1e-14);
  for (const double x : {1e-6, 0.1, 1.5, 9.9, 10.0, 123.0})
    EXPECT_NEAR(special::digamma(x + 1.0) - special::digamma(x), 1.0 / x, 4e-15 * std::max(1.0, 1.0 / x)) << x;
}

}  // namespace
}  // namespace elman
