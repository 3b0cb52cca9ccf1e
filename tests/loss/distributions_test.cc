#include "loss/distributions.h"

#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <limits>
#include <nlohmann/json.hpp>

#include "base/random.h"
#include "tensor/tensor.h"

namespace elman {
namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

// Boost's and SciPy's functions agree to some thousand units in the last place at the worst of these arguments.
constexpr double kTolerance = 1e-12;

template <class Parameters>
void check(const Parameters& p, const nlohmann::json& golden) {
  const std::string name = golden["distribution"].get<std::string>() + golden["parameters"].dump();
  for (size_t i = 0; i < golden["levels"].size(); ++i) {
    const double level = golden["levels"][i], expected = golden["quantiles"][i];
    EXPECT_NEAR(quantile(p, level), expected, kTolerance * std::max(1.0, std::abs(expected)))
        << name << " at " << level;
  }
  for (size_t i = 0; i < golden["values"].size(); ++i) {
    const double y = golden["values"][i], expected = golden["cdf"][i];
    EXPECT_NEAR(cdf(p, y), expected, kTolerance) << name << " at " << y;
  }
}

TEST(Distributions, AgreeWithSciPy) {
  std::ifstream file(ELMAN_TEST_DATA "/golden/distributions.json");
  size_t cases = 0;
  for (const nlohmann::json& golden : nlohmann::json::parse(file)) {
    const std::string name = golden["distribution"];
    const auto p = golden["parameters"].get<std::vector<double>>();
    if (name == "gaussian") check(GaussianParameters{p[0], p[1]}, golden);
    else if (name == "student_t") check(StudentTParameters{p[0], p[1], p[2]}, golden);
    else if (name == "negative_binomial") check(NegativeBinomialParameters{p[0], p[1]}, golden);
    else FAIL() << name;
    ++cases;
  }
  EXPECT_EQ(cases, 13u);
}

// The least count that reaches the level, for any parameters: means from 1e-3 to 1e4, dispersions from 1e-4 to 1e2.
TEST(Distributions, NegativeBinomialQuantilesAreTheLeastCounts) {
  Random random(5, 0);
  for (int i = 0; i < 2000; ++i) {
    const NegativeBinomialParameters p{1e-3 * std::pow(1e7, random.uniform()), 1e-4 * std::pow(1e6, random.uniform())};
    const double level = random.uniform(0.001, 0.999), k = quantile(p, level);
    ASSERT_EQ(k, std::floor(k));
    ASSERT_GE(k, 0.0);
    ASSERT_GE(cdf(p, k), level * (1 - 1e-11)) << p.mean << " " << p.dispersion << " " << level;
    ASSERT_LE(cdf(p, k - 1), level * (1 + 1e-11)) << p.mean << " " << p.dispersion << " " << level;
  }
  EXPECT_EQ(cdf(NegativeBinomialParameters{1, 1}, -0.5), 0.0);
}

TEST(Distributions, NanGivesNan) {
  EXPECT_TRUE(std::isnan(quantile(GaussianParameters{kNan, 1}, 0.3)));
  EXPECT_TRUE(std::isnan(quantile(StudentTParameters{0, 1, kNan}, 0.3)));
  EXPECT_TRUE(std::isnan(quantile(NegativeBinomialParameters{kNan, 1}, 0.3)));
}

// Rows of counts in units of their own scale.
struct Scaled {
  static constexpr size_t kRows = 4, kTargets = 3;
  double scales[kRows] = {1.0, 3.5, 120.0, 7.0};
  double weights[kRows] = {1.0, 2.0, 0.5, 0.0};
  Tensor<double> prediction{kRows, 2 * kTargets}, target{kRows, kTargets}, gradient{kRows, 2 * kTargets};

  Scaled() {
    Random random(3, 0);
    for (size_t i = 0; i < prediction.size(); ++i) prediction.data()[i] = random.uniform(-3, 3);
    for (size_t r = 0; r < kRows; ++r)
      for (size_t j = 0; j < kTargets; ++j) target(r, j) = static_cast<double>(random.below(9)) / scales[r];
    target(1, 2) = kNan;
  }
  LossValue evaluate() {
    return scaled_negative_binomial<double>(prediction, target, scales, weights, gradient.view());
  }
};

TEST(ScaledNegativeBinomial, GradientEqualsCentralDifferences) {
  Scaled s;
  s.evaluate();
  const std::vector<double> gradient(s.gradient.data(), s.gradient.data() + s.gradient.size());
  constexpr double kStep = 1e-5;
  for (size_t i = 0; i < s.prediction.size(); ++i) {
    double& p = s.prediction.data()[i];
    const double before = p;
    p = before + kStep;
    const double above = s.evaluate().mean();
    p = before - kStep;
    const double below = s.evaluate().mean();
    p = before;
    const double slope = (above - below) / (2 * kStep);
    EXPECT_NEAR(gradient[i], slope, 1e-8 + 1e-7 * std::abs(slope)) << i;
  }
}

// With a scale of 1 it is the registered loss; with another, that loss of the scaled mean.
TEST(ScaledNegativeBinomial, IsTheRegisteredLossOfTheScaledMean) {
  Scaled s;
  const auto loss = make_loss<double>({.name = "negative_binomial"});
  std::fill_n(s.scales, Scaled::kRows, 1.0);
  for (size_t i = 0; i < s.target.size(); ++i) s.target.data()[i] = static_cast<double>(i % 4);
  const LossValue expected = loss->evaluate(s.prediction, s.target, s.weights, {}), value = s.evaluate();
  EXPECT_EQ(value.sum, expected.sum);
  EXPECT_EQ(value.count, expected.count);

  std::fill_n(s.scales, Scaled::kRows, 50.0);
  for (size_t i = 0; i < s.target.size(); ++i) s.target.data()[i] = static_cast<double>(i % 4) / 50.0;
  Tensor<double> moved(Scaled::kRows, 2 * Scaled::kTargets), counts(Scaled::kRows, Scaled::kTargets);
  std::copy_n(s.prediction.data(), moved.size(), moved.data());
  for (size_t i = 0; i < counts.size(); ++i) {
    counts.data()[i] = static_cast<double>(i % 4);
    moved.data()[2 * i] = std::log(std::expm1(50 * positive(s.prediction.data()[2 * i]) - 1e-6));
  }
  EXPECT_NEAR(s.evaluate().sum, loss->evaluate(moved, counts, s.weights, {}).sum, 1e-10);
}

TEST(ScaledNegativeBinomial, RefusesNegativeTargets) {
  Scaled s;
  s.target(0, 1) = -1;
  EXPECT_THROW(s.evaluate(), Error);
}

}  // namespace
}  // namespace elman
