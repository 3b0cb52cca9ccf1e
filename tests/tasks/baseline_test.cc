#include "tasks/baseline.h"

#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>

#include "base/random.h"
#include "tasks/seasonal_adjustment.h"

namespace elman {
namespace {

constexpr double kMissing = NAN;
using Evidence = SeasonalAdjustment::Evidence;

std::vector<double> run(std::string_view name, const std::vector<double>& past, size_t season, size_t horizon) {
  for (const Baseline* method : baselines())
    if (method->name == name) return method->forecast(past, season, horizon);
  ADD_FAILURE() << "no method " << name;
  return {};
}

// Yearly waves on a slow walk, with noise: positive.
std::vector<double> seasonal_series(size_t length) {
  Random random(5, 0);
  std::vector<double> y;
  for (size_t t = 0; t < length; ++t)
    y.push_back((100 + static_cast<double>(t)) * (1 + 0.3 * std::sin(2 * M_PI * static_cast<double>(t) / 12)) +
                random.uniform(-2, 2));
  return y;
}

// ---- Every method

TEST(Baselines, AnswerToAnyPast) {
  std::vector<double> gappy = seasonal_series(60), sparse(60, kMissing);
  for (const size_t t : {0, 1, 7, 20, 21, 22, 23, 40, 58, 59}) gappy[t] = kMissing;
  sparse[17] = 3;
  std::vector<double> intermittent(60, 0.0), negative = seasonal_series(60);
  for (size_t t = 3; t < 60; t += 12) intermittent[t] = 5;
  for (double& v : negative) v -= 150;
  for (const Baseline* method : baselines())
    for (const std::vector<double>& past : {std::vector<double>{},
                                            {7},
                                            {7, kMissing},
                                            {1, 2},
                                            {kMissing, kMissing},
                                            gappy,
                                            sparse,
                                            intermittent,
                                            negative})
      for (const size_t season : {1, 2, 7, 12, 100}) {
        const std::vector<double> future = method->forecast(past, season, 15);
        ASSERT_EQ(future.size(), 15u);
        for (const double v : future) EXPECT_TRUE(std::isfinite(v)) << method->name << ", season " << season;
      }
}

TEST(Baselines, ContinueAConstant) {
  for (const Baseline* method : baselines())
    for (const double constant : {0.0, 42.0, -0.1})
      for (const size_t length : {1, 2, 5, 60})
        for (const double v : method->forecast(std::vector<double>(length, constant), 12, 20))
          EXPECT_NEAR(v, constant, 1e-12) << method->name;
}

TEST(Baselines, AreZeroWhereNothingWasObserved) {
  for (const Baseline* method : baselines())
    EXPECT_EQ(method->forecast(std::vector<double>(30, kMissing), 4, 2), (std::vector<double>{0, 0})) << method->name;
}

TEST(Baselines, DoNotDependOnTheUnit) {
  const std::vector<double> past = seasonal_series(70);
  std::vector<double> scaled = past;
  for (double& v : scaled) v *= 1024;  // exact in binary
  for (const Baseline* method : baselines()) {
    const std::vector<double> a = method->forecast(past, 12, 14), b = method->forecast(scaled, 12, 14);
    for (size_t k = 0; k < a.size(); ++k) EXPECT_DOUBLE_EQ(1024 * a[k], b[k]) << method->name;
  }
}

// ---- Naive

TEST(Naive, RepeatsTheLastObservedValue) {
  EXPECT_EQ(run("naive", {1, 2, 5}, 2, 3), (std::vector<double>{5, 5, 5}));
  EXPECT_EQ(run("naive", {1, 2, kMissing}, 2, 2), (std::vector<double>{2, 2}));
}

TEST(Naive, RepeatsTheLastSeason) {
  EXPECT_EQ(run("seasonal_naive", {1, 2, 3, 4, 5, 6}, 3, 5), (std::vector<double>{4, 5, 6, 4, 5}));
  // A missing place is filled from the season before.
  EXPECT_EQ(run("seasonal_naive", {1, 2, 3, 4, kMissing, 6}, 3, 3), (std::vector<double>{4, 2, 6}));
  // Shorter than a season: the last value.
  EXPECT_EQ(run("seasonal_naive", {7, 8}, 4, 4), (std::vector<double>{8, 8, 7, 8}));
}

TEST(Naive, AveragesThreeSeasons) {
  EXPECT_EQ(run("seasonal_mean", {90, 80, 1, 2, 3, 5, 8, 2}, 2, 3), (std::vector<double>{4, 3, 4}));
  // The newest three observed at a place, or as many as there are.
  EXPECT_EQ(run("seasonal_mean", {9, 1, 6, 4, kMissing, 5, 3, kMissing}, 2, 2), (std::vector<double>{6, 10.0 / 3}));
  EXPECT_EQ(run("seasonal_mean", {7, 9}, 1, 2), (std::vector<double>{8, 8}));
  EXPECT_EQ(run("seasonal_mean", {7, 8}, 4, 4), (std::vector<double>{8, 8, 7, 8}));
}

TEST(Naive, GoesOnWithTheMeanSlope) {
  EXPECT_EQ(run("drift", {1, 9, 5}, 1, 2), (std::vector<double>{7, 9}));
  EXPECT_EQ(run("drift", {kMissing, 1, 3, kMissing}, 1, 2), (std::vector<double>{7, 9}));
  EXPECT_EQ(run("drift", {4}, 1, 2), (std::vector<double>{4, 4}));
}

// ---- Theta

TEST(Theta, AgreesWithAnIndependentImplementation) {
  std::ifstream file(ELMAN_TEST_DATA "/golden/theta.json");
  const nlohmann::json golden = nlohmann::json::parse(file);
  ASSERT_GE(golden.size(), 10u);
  for (const nlohmann::json& expected : golden) {
    for (const auto method : {"theta", "shrunken_theta"}) {
      const std::vector<double> forecast = expected[method];
      const std::vector<double> found = run(method, expected["past"], expected["season"], forecast.size());
      // Both search for alpha to 1e-6 or better; a level moves by at most about the spread of the series times that.
      for (size_t k = 0; k < forecast.size(); ++k)
        EXPECT_NEAR(found[k], forecast[k], 1e-4) << method << ", " << expected["name"];
    }
  }
}

TEST(Theta, ContinuesALineAtHalfItsSlope) {
  // Line 2 of a straight line is that line, smoothed with the largest alpha: its last value, give or take 1e-4 slopes.
  const std::vector<double> found = run("theta", {1, 2, 3, 4, 5, 6, 7, 8}, 1, 3);
  for (size_t k = 0; k < found.size(); ++k) EXPECT_NEAR(found[k], 8 + 0.5 * static_cast<double>(k + 1), 2e-4);
}

TEST(Theta, WithTheShrunkenSeasonContinuesALineThatNothingBlurs) {
  const std::vector<double> found = run("shrunken_theta", {1, 2, kMissing, 4, 5, 6, 7, 8}, 1, 3);
  const std::vector<double> even = run("shrunken_theta", {1, 2, 3, 4, 5, 6, 7, 8}, 1, 3);
  for (size_t k = 0; k < even.size(); ++k) {
    EXPECT_NEAR(even[k], 9 + static_cast<double>(k), 2e-4);
    EXPECT_LT(found[k], even[k]);  // one change is twice the others
  }
  // Ups and downs that lead nowhere leave half of the slope that least squares see.
  const std::vector<double> walk = {5, 7, 5, 7, 5, 7, 5};
  EXPECT_EQ(run("shrunken_theta", walk, 1, 3), run("theta", walk, 1, 3));
}

TEST(SeasonalAdjustment, FindsTheFactorsThroughGaps) {
  std::vector<double> y;
  const double factors[] = {0.5, 1.5, 1.2, 0.8};
  for (size_t t = 0; t < 40; ++t) y.push_back(10 * factors[t % 4]);
  for (const size_t t : {0, 9, 39}) y[t] = kMissing;
  const SeasonalAdjustment adjustment(y, 4, Evidence::kTest);
  ASSERT_TRUE(adjustment.seasonal());
  EXPECT_TRUE(adjustment.multiplicative());
  // The bridge over step 9 touches the averages of the steps around it, one observation in ten of each place.
  for (size_t t = 0; t < 4; ++t) EXPECT_NEAR(adjustment.restore(10, 40 + t), 10 * factors[t], 0.2);
  EXPECT_DOUBLE_EQ(adjustment.remove(adjustment.restore(3, 6), 6), 3);
}

TEST(SeasonalAdjustment, AddsWhereItCannotDivide) {
  std::vector<double> y;
  for (size_t t = 0; t < 40; ++t) y.push_back(t % 4 == 0 ? 8 : 0);
  const SeasonalAdjustment adjustment(y, 4, Evidence::kTest);
  ASSERT_TRUE(adjustment.seasonal());
  EXPECT_FALSE(adjustment.multiplicative());
  EXPECT_DOUBLE_EQ(adjustment.restore(2, 40), 8);
  EXPECT_DOUBLE_EQ(adjustment.restore(2, 41), 0);

  for (double& v : y) v += 1e-6;  // positive, but a place's factor is no number to divide by
  EXPECT_FALSE(SeasonalAdjustment(y, 4, Evidence::kTest).multiplicative());
  EXPECT_FALSE(SeasonalAdjustment(std::vector<double>(y.begin(), y.begin() + 11), 4, Evidence::kTest)
                   .seasonal());  // below 3 seasons
}

TEST(SeasonalAdjustment, ShrinksWhatMayBeNoise) {
  const size_t season = 12;
  std::vector<double> wave, noise;
  Random random(3, 0);
  for (size_t t = 0; t < 48; ++t) {
    wave.push_back(10 * std::sin(2 * M_PI * static_cast<double>(t) / season));
    noise.push_back(random.uniform(-10, 10));
  }
  const auto size = [](const SeasonalAdjustment& a) {
    double sum = 0;
    for (size_t t = 0; t < season; ++t) sum += std::abs(a.restore(0, t));
    return sum;
  };
  const SeasonalAdjustment sure(wave, season, Evidence::kShrink), means(wave, season, Evidence::kTest);
  EXPECT_NEAR(size(sure), size(means), 1e-9);
  std::vector<double> both;
  for (size_t t = 0; t < 48; ++t) both.push_back(wave[t] + noise[t]);
  EXPECT_LT(size({both, season, Evidence::kShrink}), size({both, season, Evidence::kTest}));
  EXPECT_LT(size({noise, season, Evidence::kShrink}), 0.5 * size({both, season, Evidence::kShrink}));
}

// Beyond its ends the moving average goes on in straight lines, so that two seasons give each place two values.
TEST(SeasonalAdjustment, TwoSeasonsWithATrendAreEnough) {
  std::vector<double> y;
  for (size_t t = 0; t < 24; ++t)
    y.push_back(-50 + 3 * static_cast<double>(t) + 10 * std::sin(2 * M_PI * static_cast<double>(t) / 12));
  const SeasonalAdjustment adjustment(y, 12, Evidence::kShrink);
  ASSERT_TRUE(adjustment.seasonal());
  for (size_t t = 24; t < 36; ++t)
    EXPECT_NEAR(adjustment.restore(0, t), 10 * std::sin(2 * M_PI * static_cast<double>(t) / 12), 1e-9);
  y.pop_back();
  EXPECT_FALSE(SeasonalAdjustment(y, 12, Evidence::kShrink).seasonal());
}

}  // namespace
}  // namespace elman
