#include "tasks/predictive.h"

#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "loss/distributions.h"

namespace elman {
namespace {

const std::vector<double> kLevels{0.1, 0.5, 0.9};
const WindowScale kScale{100, 4};

Calibration widened_by(double width) {
  return calibration_from_json({{"horizon", 1},
                                {"values", 9},
                                {"median", 1},
                                {"by_part", {{width}}},
                                {"stretch", {1.0}},
                                {"by_place", nlohmann::json::array()}});
}

// In the series' own units, as the head's raw outputs {1, 0.3} mean.
double drawn(double level) {
  const double raw[] = {1.0, static_cast<double>(0.3f)};
  return kScale.center + kScale.scale * quantile(GaussianParameters::from(raw), level);
}

Predictive gaussian(const Calibration& calibration, bool floor_at_zero = false, WindowScale scale = kScale) {
  static const auto head = find_head("gaussian").make(kLevels);
  const float raw[] = {1.0f, 0.3f};
  return {*head, raw, scale, calibration, 0, 0, floor_at_zero};
}

TEST(Predictive, IsTheDistributionWhereNothingWidensIt) {
  const Predictive p = gaussian({});
  for (const double level : {1e-4, 0.05, 0.3, 0.8, 0.999}) EXPECT_NEAR(p.quantile(level), drawn(level), 1e-9);
  for (size_t k = 0; k < kLevels.size(); ++k) {
    EXPECT_NEAR(p.at_levels()[k], drawn(kLevels[k]), 1e-5);  // kept in single precision
    EXPECT_EQ(p.quantile(kLevels[k]), p.at_levels()[k]);
  }
}

// The 80 % interval is 2 scales wider on either side; half way to the median it is 1, beyond it stays 2.
TEST(Predictive, WidensLevelsBetweenAndBeyondLikeTheirNeighbours) {
  const Predictive p = gaussian(widened_by(2));
  const double full = 2 * kScale.scale;
  EXPECT_NEAR(p.quantile(0.1), drawn(0.1) - full, 1e-4);
  EXPECT_NEAR(p.quantile(0.3), drawn(0.3) - full / 2, 1e-4);
  EXPECT_NEAR(p.quantile(0.5), drawn(0.5), 1e-4);
  EXPECT_NEAR(p.quantile(0.8), drawn(0.8) + 0.75 * full, 1e-4);
  EXPECT_NEAR(p.quantile(0.99), drawn(0.99) + full, 1e-4);
  EXPECT_NEAR(p.quantile(0.001), drawn(0.001) - full, 1e-4);
}

// By the moments of what each head draws from the same raw outputs; intervals may be as wide as they like.
TEST(Predictive, MeanIsTheHeadsOwn) {
  for (const HeadEntry& entry : forecast_heads()) {
    const auto head = entry.make(kLevels);
    std::vector<float> raw(head->outputs(), 0.3f);
    raw[0] = 1.0f;
    const WindowScale scale = entry.counts ? WindowScale{0, 4} : kScale;
    const Predictive p(*head, raw.data(), scale, widened_by(2), 0, 0, false);
    constexpr int kCount = 20000;
    double sum = 0;
    for (int i = 0; i < kCount; ++i) sum += head->quantile(raw.data(), scale.scale, (i + 0.5) / kCount) / kCount;
    EXPECT_NEAR(p.mean(), scale.center + scale.scale * sum, 0.01 * scale.scale) << entry.name;
  }
  EXPECT_EQ(gaussian({}, true, {-100, 4}).mean(), 0);  // no value lies below 0, nor do they on average
}

// A bound at zero cuts the distribution off and moves nothing else.
TEST(Predictive, IsFlooredAtZero) {
  const WindowScale around_zero{-4, 4};  // the median is 0
  const Predictive free = gaussian({}, false, around_zero), floored = gaussian({}, true, around_zero);
  for (const double level : {0.01, 0.1, 0.3, 0.49}) {
    EXPECT_LT(free.quantile(level), 0.0);
    EXPECT_EQ(floored.quantile(level), 0.0);
  }
  for (const double level : {0.51, 0.7, 0.9, 0.99}) EXPECT_EQ(floored.quantile(level), free.quantile(level));
}

TEST(Predictive, OfCountsHoldsWholeNumbersOnly) {
  const auto head = find_head("negative_binomial").make(kLevels);
  const float raw[] = {1.0f, -1.0f};
  const WindowScale scale{0, 7.3};
  const Predictive plain(*head, raw, scale, {}, 0, 0, true), wide(*head, raw, scale, widened_by(0.2), 0, 0, true);
  const double wide_raw[] = {1.0, -1.0};
  NegativeBinomialParameters p = NegativeBinomialParameters::from(wide_raw);
  p.mean *= scale.scale;
  for (double level = 0.005; level < 1; level += 0.01) EXPECT_EQ(plain.quantile(level), quantile(p, level)) << level;
  // 0.2 scales are 1.46: the interval holds one count more on either side, and not two.
  EXPECT_EQ(wide.at_levels()[0], plain.at_levels()[0] - 1);
  EXPECT_EQ(wide.at_levels()[1], plain.at_levels()[1]);
  EXPECT_EQ(wide.at_levels()[2], plain.at_levels()[2] + 1);
  EXPECT_EQ(wide.quantile(0.99), plain.quantile(0.99) + 1);
}

TEST(Predictive, OfQuantilesIsTheirCurve) {
  const auto head = find_head("quantile").make(kLevels);
  const float raw[] = {0.0f, 1.0f, -1.0f};  // crossing
  const Predictive p(*head, raw, kScale, {}, 0, 0, false);
  EXPECT_EQ(p.at_levels(), (std::vector<double>{96, 100, 104}));
  EXPECT_DOUBLE_EQ(p.quantile(0.3), 98);
  EXPECT_NEAR(p.quantile(0.99), 100 + 4 * normal_quantile(0.99) / normal_quantile(0.9), 1e-9);
}

}  // namespace
}  // namespace elman
