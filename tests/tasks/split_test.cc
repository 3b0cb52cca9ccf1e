#include "tasks/split.h"

#include <gtest/gtest.h>

namespace elman {
namespace {

TEST(Split, NoTrainingTargetReachesIntoTheValidationPart) {
  for (const size_t horizon : {1, 6, 24})
    for (size_t length = 1; length < 400; ++length) {
      ForecastConfig config;
      config.horizon = horizon;
      config.season = 12;
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
      EXPECT_GE(split.held * 10, length / 10 * 10);
    }
}

}  // namespace
}  // namespace elman
