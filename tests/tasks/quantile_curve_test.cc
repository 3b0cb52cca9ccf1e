#include "tasks/quantile_curve.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numeric>
#include <vector>

#include "loss/distributions.h"

namespace elman {
namespace {

const std::vector<double> kLevels{0.1, 0.5, 0.9};

TEST(QuantileCurve, IsALineBetweenTwoLevels) {
  const std::vector<double> values{-4, 0, 2};
  const QuantileCurve curve(kLevels, values);
  EXPECT_EQ(curve.at(0.1), -4);
  EXPECT_EQ(curve.at(0.5), 0);
  EXPECT_DOUBLE_EQ(curve.at(0.3), -2);
  EXPECT_DOUBLE_EQ(curve.at(0.7), 1);
}

// Three quantiles of a normal distribution: beyond them it is that distribution.
TEST(QuantileCurve, HasNormalTails) {
  std::vector<double> values;
  for (const double level : kLevels) values.push_back(3 + 2 * normal_quantile(level));
  const QuantileCurve curve(kLevels, values);
  for (const double level : {1e-5, 0.02, 0.95, 0.9999}) {
    EXPECT_NEAR(curve.at(level), 3 + 2 * normal_quantile(level), 1e-12);
    EXPECT_NEAR(curve.rank(3 + 2 * normal_quantile(level)), level, 1e-12);
  }
  const std::vector<double> skewed{-1, 0, 5};  // each tail by its own side
  const QuantileCurve two(kLevels, skewed);
  EXPECT_NEAR(two.at(0.99) / two.at(0.01), -5, 1e-12);
}

TEST(QuantileCurve, RankInvertsTheCurve) {
  const std::vector<double> values{-4, 0, 2};
  const QuantileCurve curve(kLevels, values);
  for (double level = 0.01; level < 1; level += 0.01) EXPECT_NEAR(curve.rank(curve.at(level)), level, 1e-12);
}

// Summed over levels spaced so closely that the sum is the mean.
TEST(QuantileCurve, MeanIsTheWeightedSumOfItsQuantiles) {
  const std::vector<std::vector<double>> many{{0.1, 0.5, 0.9}, {0.05, 0.1, 0.5, 0.9, 0.95}, {0.3, 0.5}, {0.01, 0.2}};
  for (const std::vector<double>& levels : many) {
    std::vector<double> values;
    for (size_t k = 0; k < levels.size(); ++k) values.push_back(std::exp(0.7 * static_cast<double>(k)));
    const QuantileCurve curve(levels, values);
    constexpr int kCount = 200000;
    double sum = 0;
    for (int i = 0; i < kCount; ++i) sum += curve.at((i + 0.5) / kCount);
    const std::vector<double> weights = mean_weights(levels);
    EXPECT_NEAR(std::inner_product(weights.begin(), weights.end(), values.begin(), 0.0), sum / kCount, 1e-4);
  }
  EXPECT_EQ(mean_weights(std::vector<double>{0.5}), std::vector<double>{1});
}

TEST(QuantileCurve, StaysDefinedWhereItHasNoWidth) {
  const std::vector<double> same{7, 7, 7}, one{7}, median{0.5};
  for (const QuantileCurve& curve : {QuantileCurve(kLevels, same), QuantileCurve(median, one)}) {
    for (const double level : {0.001, 0.3, 0.999}) EXPECT_EQ(curve.at(level), 7);
    EXPECT_EQ(curve.rank(7), 0.5);
    EXPECT_LT(curve.rank(6), 0.5);
    EXPECT_GT(curve.rank(6), 0);
    EXPECT_GT(curve.rank(8), 0.5);
    EXPECT_LT(curve.rank(8), 1);
  }
}

}  // namespace
}  // namespace elman
