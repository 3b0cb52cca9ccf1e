#include "tasks/split.h"

#include <gtest/gtest.h>

#include <cmath>

namespace elman {
namespace {

TEST(Split, HoldsNothingOutWhereNothingWasObserved) {
  ForecastConfig config;
  config.horizon = 6;
  config.season = 12;
  config.validation_share = 0.1;
  Series series{.id = "s", .start = 0, .values = std::vector<double>(100, 1.0), .covariates = {}};
  const Split usual = split_of(100, config, true), whole = split_of(100, config, false);
  ASSERT_GT(usual.held, 0u);
  std::fill(series.values.end() - static_cast<ptrdiff_t>(usual.held), series.values.end(), NAN);
  EXPECT_EQ(split_of(series, config, true).held, 0u);
  EXPECT_EQ(split_of(series, config, true).training, whole.training);
  series.values.back() = 1;
  EXPECT_EQ(split_of(series, config, true).held, usual.held);
  EXPECT_EQ(split_of(series, config, false).training, whole.training);
}

// Two years of months, the third to forecast.
TEST(Split, SeesAThirdWhereTheHorizonLeavesNoMore) {
  ForecastConfig config;
  config.season = 12;
  config.validation_share = 0.2;
  config.horizon = 12;
  EXPECT_EQ(split_of(24, config, true).first, 12u);
  EXPECT_EQ(split_of(24, config, true).training, 1u);
  EXPECT_EQ(split_of(18, config, true).first, 6u);
  EXPECT_EQ(split_of(17, config, true).training, 0u);
  EXPECT_EQ(split_of(25, config, true).first, 13u);
}

TEST(Split, NoTrainingTargetReachesIntoTheValidationPart) {
  for (const size_t horizon : {1, 6, 24})
    for (const double share : {0.1, 0.2})
      for (size_t length = 1; length < 400; ++length) {
        ForecastConfig config;
        config.horizon = horizon;
        config.season = 12;
        config.validation_share = share;
        const Split split = split_of(length, config, true), whole = split_of(length, config, false);
        EXPECT_EQ(whole.validation, 0u);
        EXPECT_EQ(whole.training == 0, split.training == 0) << length;
        if (whole.training == 0) continue;
        EXPECT_EQ(whole.first + whole.training - 1 + horizon, length);
        if (split.validation == 0) {
          EXPECT_EQ(split.training, whole.training);
          continue;
        }
        EXPECT_EQ(split.first + split.training - 1 + horizon, split.first_validation(length));
        EXPECT_EQ(split.first_validation(length) + split.validation - 1 + horizon, length);
        EXPECT_GE(static_cast<double>(split.held), std::floor(share * static_cast<double>(length)));
        EXPECT_GE(split.held, horizon);
      }
}

// Two years of weeks: held out as soon as the origins left are as many as the steps ahead.
TEST(Split, HoldsOutOfLessThanThreeLongSeasons) {
  ForecastConfig config;
  config.horizon = 8;
  config.season = 52;
  config.validation_share = 0.1;
  const Split split = split_of(81, config, true);
  EXPECT_EQ(split.held, 8u);
  EXPECT_EQ(split.training, 25u);
  config.horizon = 13;
  EXPECT_EQ(split_of(104, config, true).held, 13u);
  EXPECT_EQ(split_of(75, config, true).held, 13u);  // 38 to see, 7 origins and 13 steps ahead leave 18
  EXPECT_EQ(split_of(63, config, true).held, 0u);   // 32 to see: 12
}

// Four years of months, of which as many origins are left as steps are forecast; with less, half as many.
TEST(Split, HoldsOutAYearOfFour) {
  ForecastConfig config;
  config.horizon = config.season = 12;
  config.validation_share = 0.2;
  EXPECT_EQ(split_of(48, config, true).held, 12u);
  EXPECT_EQ(split_of(48, config, true).training, 12u);
  EXPECT_EQ(split_of(42, config, true).held, 12u);
  EXPECT_EQ(split_of(42, config, true).training, 6u);
  EXPECT_EQ(split_of(41, config, true).held, 0u);
}

// Less than two horizons, or two horizons' origins or sixteen to train from, are no judge where the past can be one
// instead.
TEST(Split, HoldsNothingOutWhereThePastJudgesBetter) {
  ForecastConfig config;
  config.horizon = config.season = 12;
  config.validation_share = 0.2;
  config.past_can_judge = true;
  EXPECT_EQ(split_of(71, config, true).held, 0u);
  EXPECT_EQ(split_of(72, config, true).held, 24u);
  EXPECT_EQ(split_of(72, config, true).training, 24u);
  config.validation_share = 0.1;  // asked for
  EXPECT_EQ(split_of(60, config, true).held, 12u);
  config.validation_share = 0.2;
  config.horizon = config.season = 4;
  EXPECT_EQ(split_of(31, config, true).held, 0u);
  EXPECT_EQ(split_of(32, config, true).held, 8u);
  EXPECT_EQ(split_of(32, config, true).training, 16u);
}

// A horizon for each tenth, or as many as leave windows to train with.
TEST(Split, HoldsOutHorizonsWhereThereIsRoom) {
  ForecastConfig config;
  config.horizon = 10;
  config.season = 1;
  config.validation_share = 0.2;
  const auto held = [&](size_t length) { return split_of(length, config, true).held; };
  EXPECT_EQ(held(500), 100u);
  EXPECT_EQ(held(60), 20u);
  EXPECT_EQ(held(33), 20u);
  EXPECT_EQ(held(32), 10u);
  EXPECT_EQ(held(22), 10u);
  EXPECT_EQ(held(21), 0u);
}

}  // namespace
}  // namespace elman
