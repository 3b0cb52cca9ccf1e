#include "tasks/calibration.h"

#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "base/random.h"

namespace elman {
namespace {

const std::vector<double> kLevels{0.1, 0.5, 0.9};

// Windows of one step whose interval is [-1, 1] and whose actual values are given.
Calibration calibrated(const std::vector<float>& actual) {
  const float prediction[] = {-1, 0, 1};
  CalibrationScores scores(kLevels, 1);
  for (const float& y : actual) scores.add(prediction, &y);
  return scores.finish();
}
float stretched(double width, const Calibration& c) {
  return static_cast<float>(c.stretch()[0]) * static_cast<float>(width);
}

TEST(Calibration, TakesTheFiniteSampleQuantileOfTheScores) {
  // Scores 1..9 on either side: the ceil(10 * 0.8) = 8th smallest.
  const Calibration c = calibrated({2, -3, 4, -5, 6, -7, 8, -9, 10});
  ASSERT_EQ(c.by_part().size(), 1u);
  EXPECT_EQ(c.by_part()[0], std::vector<double>{8});
  EXPECT_EQ(c.values(), 9u);
  float levels[] = {-1, 0, 1};
  c.widen(levels, 0);
  EXPECT_EQ(levels[0], -stretched(9, c));
  EXPECT_EQ(levels[1], 0);
  EXPECT_EQ(levels[2], stretched(9, c));
}

TEST(Calibration, NeverMakesAnIntervalNarrower) {
  EXPECT_EQ(calibrated(std::vector<float>(50, 0.0f)).by_part()[0], std::vector<double>{0});
}

// By the quantiles of Student's t (Abramowitz & Stegun, table 26.10) and the normal distribution at level 0.9.
TEST(Calibration, StretchesMoreTheFewerHorizonsWereHeldOut) {
  const auto stretch = [](size_t windows, size_t fresh) {
    CalibrationScores scores(kLevels, 2);
    const float prediction[] = {-1, 0, 1, -1, 0, 1}, target[] = {0, 0};
    scores.add(prediction, target);
    for (size_t n = 1; n < windows; ++n) scores.add(prediction, target, {}, fresh);
    return scores.finish().stretch()[0];
  };
  EXPECT_NEAR(stretch(1, 2), 1.533 / 1.2816, 1e-3);
  EXPECT_NEAR(stretch(2, 2), 1.397 / 1.2816, 1e-3);
  EXPECT_NEAR(stretch(3, 1), 1.397 / 1.2816, 1e-3);  // each holds one value that is not the one's before
  EXPECT_NEAR(stretch(15, 2), 1.296 / 1.2816, 1e-3);
  EXPECT_NEAR(stretch(5000, 2), 1, 1e-3);
}

// Newer forecasts of [-9, 9] around 0 say that an interval of that is too wide by 9.
TEST(Calibration, LeansToNewerScores) {
  const Calibration old = calibrated({2, -3, 4, -5, 6, -7, 8, -9, 10});
  CalibrationScores zeros(kLevels, 1);
  const float prediction[] = {-9, 0, 9}, y = 0;
  for (size_t n = 0; n < 9; ++n) zeros.add(prediction, &y);
  const Calibration newer = zeros.finish(-INFINITY);
  EXPECT_EQ(newer.by_part()[0], std::vector<double>{-9});
  const auto high = [](const Calibration& c) {
    float levels[] = {-1, 0, 1};
    c.widen(levels, 0);
    EXPECT_EQ(levels[0], -levels[2]);
    EXPECT_EQ(levels[1], 0);
    return levels[2];
  };
  EXPECT_EQ(high(old.leaning_to(newer, 0.25)), stretched(9, old) - 0.25f * 9);
  EXPECT_EQ(high(old.leaning_to(newer, 0)), stretched(9, old));
  EXPECT_EQ(high(old.leaning_to(Calibration(), 0.5)), stretched(9, old));
  EXPECT_TRUE(Calibration().leaning_to(old, 0.5).empty());
}

// However narrow newer scores ask it to be.
TEST(Calibration, NeverMovesTheMedian) {
  CalibrationScores scores(kLevels, 1);
  const float prediction[] = {-5, 0, 5}, y = 0;
  for (size_t n = 0; n < 9; ++n) scores.add(prediction, &y);
  float levels[] = {-1, 0, 4};
  const Calibration old = calibrated(std::vector<float>(9, 0.0f));
  old.leaning_to(scores.finish(-INFINITY), 0.5).widen(levels, 0);
  EXPECT_EQ(levels[0], 0);
  EXPECT_EQ(levels[1], 0);
  EXPECT_EQ(levels[2], stretched(4, old) - 2.5f);
}

// Place 0 asks 3, place 1 none: what both ask together is too much for one and too little for the other.
TEST(Calibration, FollowsThePlacesOfTheCalendar) {
  constexpr size_t kWindows = 500;
  CalibrationScores scores(kLevels, 2, 2);
  const float prediction[] = {-1, 0, 1, -1, 0, 1};
  Random random(7, 0);
  for (size_t n = 0; n < kWindows; ++n) {
    const size_t places[] = {n % 2, 1 - n % 2};
    float target[2];
    for (size_t step = 0; step < 2; ++step)
      target[step] = static_cast<float>((places[step] == 0 ? 3 : 1) * random.normal());
    scores.add(prediction, target, places);
  }
  const Calibration c = scores.finish();
  EXPECT_TRUE(c.fits(kLevels, 2, 2));
  EXPECT_FALSE(c.fits(kLevels, 2));
  EXPECT_FALSE(c.fits(kLevels, 2, 7));
  const Calibration again = calibration_from_json(to_json(c));
  EXPECT_EQ(again.by_place(), c.by_place());
  for (size_t place = 0; place < 2; ++place) {
    size_t inside = 0;
    for (size_t n = 0; n < kWindows; ++n) {
      float levels[] = {-1, 0, 1};
      again.widen(levels, 0, place);
      const double y = (place == 0 ? 3 : 1) * random.normal();
      inside += y >= levels[0] && y <= levels[2];
    }
    // Standard error sqrt(0.8 * 0.2 / 500) = 0.018; without places 0.66 and 0.996.
    EXPECT_NEAR(static_cast<double>(inside) / kWindows, 0.8, 0.06) << place;
  }
}

// A single value of a place says little.
TEST(Calibration, BelievesPlacesOfFewValuesLittle) {
  CalibrationScores scores(kLevels, 1, 2);
  const float prediction[] = {-1, 0, 1};
  for (size_t n = 0; n < 101; ++n) {
    const size_t place = n == 100 ? 1 : 0;
    const float y = place == 1 ? 100 : 0;
    scores.add(prediction, &y, {&place, 1});
  }
  const double offset = scores.finish().by_place()[0][1];
  EXPECT_GT(offset, 0);
  EXPECT_LT(offset, 5);
}

// Fewer than the coverage asks for: the largest is all there is to go by, unless it lies inside.
TEST(Calibration, TakesTheLargestOfTooFewScores) {
  EXPECT_EQ(least_scores(0.5), 1u);
  EXPECT_EQ(least_scores(0.9 - 0.1), 4u);
  EXPECT_EQ(least_scores(0.9), 9u);
  EXPECT_EQ(least_scores(0.98), 49u);
  EXPECT_EQ(calibrated({5, 7, 5}).by_part()[0], std::vector<double>{6});
  EXPECT_EQ(calibrated({5, NAN}).by_part()[0], std::vector<double>{4});
  EXPECT_TRUE(calibrated({NAN}).empty());
  EXPECT_TRUE(calibrated({}).empty());
  CalibrationScores inside(kLevels, 1);
  const float prediction[] = {-5, 0, 5}, y = 0;
  inside.add(prediction, &y);
  EXPECT_EQ(inside.finish(-INFINITY).by_part()[0], std::vector<double>{0});
}

TEST(Calibration, PoolsTheHorizonAsFinelyAsTheScoresAllow) {
  // Step k misses by k; each window gives one score a step.
  const auto parts_of = [](size_t windows, size_t horizon) {
    std::vector<float> prediction(horizon * 3, 0.0f), target(horizon);
    for (size_t k = 0; k < horizon; ++k) target[k] = static_cast<float>(k + 1);
    CalibrationScores scores(kLevels, horizon);
    for (size_t w = 0; w < windows; ++w) scores.add(prediction.data(), target.data());
    return scores.finish();
  };
  EXPECT_EQ(parts_of(4, 6).by_part()[0], (std::vector<double>{2, 4, 6}));
  EXPECT_EQ(parts_of(1, 8).by_part()[0], (std::vector<double>{4, 8}));
  EXPECT_EQ(parts_of(1, 4).by_part()[0], std::vector<double>{4});
  EXPECT_EQ(parts_of(1, 3).by_part()[0], std::vector<double>{3});

  float levels[] = {0, 0, 0};
  parts_of(4, 6).widen(levels, 5);
  EXPECT_EQ(levels[2], stretched(6, parts_of(4, 6)));
}

TEST(Calibration, KeepsTheMedianAndNeverCrosses) {
  const std::vector<double> five{0.05, 0.25, 0.5, 0.75, 0.95};
  const float prediction[] = {-3, -1, 0, 1, 3};
  CalibrationScores scores(five, 1);
  for (int i = 0; i < 30; ++i) {
    const float y = 2.9f;  // within the outer interval, far outside the inner one
    scores.add(prediction, &y);
  }
  float levels[] = {-1.1f, -1, 0, 1, 1.1f};
  const Calibration c = scores.finish();
  c.widen(levels, 0);
  EXPECT_TRUE(std::is_sorted(levels, levels + 5));
  EXPECT_EQ(levels[2], 0);
  EXPECT_NEAR(levels[4], 2.9 * c.stretch()[1], 1e-5);
}

TEST(Calibration, LeavesLevelsOnOneSideOfTheMedianAlone) {
  CalibrationScores scores({0.1, 0.5}, 1);
  const float prediction[] = {-1, 0}, y = 9;
  for (int i = 0; i < 30; ++i) scores.add(prediction, &y);
  EXPECT_TRUE(scores.finish().empty());
}

// The theorem: over calibration sets and new values alike, at least the promised share is inside.
TEST(Calibration, CoversNewValuesOfTheSameKind) {
  Random random(5, 0);
  size_t inside = 0;
  constexpr size_t kSets = 400, kNew = 10;
  for (size_t set = 0; set < kSets; ++set) {
    std::vector<float> actual(19);
    for (float& y : actual) y = static_cast<float>(3 * random.normal());
    float levels[] = {-1, 0, 1};
    calibrated(actual).widen(levels, 0);
    for (size_t i = 0; i < kNew; ++i) {
      const double y = 3 * random.normal();
      inside += y >= levels[0] && y <= levels[2];
    }
  }
  // Exactly 16/20 is expected of 19 scores; standard error sqrt(0.8 * 0.2 / 400 * (1/10 + 9/10 * 0.05)) ≈ 0.008.
  EXPECT_NEAR(static_cast<double>(inside) / (kSets * kNew), 0.8, 0.032);
}

TEST(Calibration, SurvivesJsonAndFitsOnlyItsModel) {
  const Calibration c = calibrated({2, 3, 4, 5, 6}), again = calibration_from_json(to_json(c));
  EXPECT_EQ(again.by_part(), c.by_part());
  EXPECT_EQ(again.stretch(), c.stretch());
  EXPECT_EQ(again.values(), c.values());
  EXPECT_TRUE(again.fits(kLevels, 1));
  EXPECT_FALSE(again.fits(kLevels, 2));
  EXPECT_FALSE(again.fits({0.5}, 1));
  EXPECT_TRUE(Calibration().fits(kLevels, 7));
  EXPECT_TRUE(calibration_from_json(to_json(Calibration())).empty());
  const auto damaged = [&](nlohmann::json widening) {
    nlohmann::json json = to_json(c);
    json["by_part"] = std::move(widening);
    return calibration_from_json(json);
  };
  nlohmann::json shrunk = to_json(c);
  shrunk["stretch"] = {0.5};
  EXPECT_FALSE(calibration_from_json(shrunk).fits(kLevels, 1));
  EXPECT_FALSE(damaged({{-1.0}}).fits(kLevels, 1));
  EXPECT_FALSE(damaged({nlohmann::json::array()}).fits(kLevels, 1));
  EXPECT_FALSE(damaged({{1.0}, {1.0}}).fits(kLevels, 1));
}

}  // namespace
}  // namespace elman
