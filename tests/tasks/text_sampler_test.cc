#include "tasks/text_sampler.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

#include "elman/error.h"

namespace elman {
namespace {

std::vector<uint32_t> counts(TextSampler sampler, const std::vector<float>& logits, int draws) {
  std::vector<uint32_t> counts(logits.size());
  for (int i = 0; i < draws; ++i) ++counts[sampler.draw(logits)];
  return counts;
}

TEST(TextSampler, TemperatureZeroTakesTheLikeliestAndTheLowerOfTwo) {
  TextSampler sampler(0.0, 0, 1);
  EXPECT_EQ(sampler.draw(std::vector<float>{0, 2, 5, 1}), 2u);
  EXPECT_EQ(sampler.draw(std::vector<float>{0, 5, 5, 1}), 1u);
}

// Shares of 1/6, 2/6 and 3/6; the deviation of a count over 60,000 draws is at most 123, and the seed is fixed.
TEST(TextSampler, DrawsInProportionToTheSoftmax) {
  const std::vector<float> logits{std::log(1.0f), std::log(2.0f), std::log(3.0f)};
  const auto n = counts(TextSampler(1.0, 0, 5), logits, 60000);
  EXPECT_NEAR(n[0], 10000, 400);
  EXPECT_NEAR(n[1], 20000, 500);
  EXPECT_NEAR(n[2], 30000, 500);
}

TEST(TextSampler, TemperatureDividesTheLogits) {
  // At 1/2 the odds of 1 to 3 become 1 to 9.
  const auto n = counts(TextSampler(0.5, 0, 5), {0.0f, std::log(3.0f)}, 60000);
  EXPECT_NEAR(n[0], 6000, 300);
}

TEST(TextSampler, TopKDrawsFromTheLikeliestOnly) {
  const std::vector<float> logits{1, 4, 2, 4, 3, 4};
  const auto n = counts(TextSampler(1.0, 2, 9), logits, 1000);
  EXPECT_EQ(n[1] + n[3], 1000u);  // of three equal ones, the two that come first
  EXPECT_GT(n[1], 400u);
  EXPECT_GT(n[3], 400u);
  EXPECT_EQ(counts(TextSampler(1.0, 1, 9), logits, 100)[1], 100u);
}

TEST(TextSampler, ExtremeLogitsLeaveTheLikeliest) {
  const auto n = counts(TextSampler(1e-3, 0, 3), {-3e38f, 3e38f, 0.0f}, 100);
  EXPECT_EQ(n[1], 100u);
}

TEST(TextSampler, RefusesTemperaturesThatAreNone) {
  for (const double temperature : {-0.5, std::nan(""), std::numeric_limits<double>::infinity()}) {
    try {
      TextSampler(temperature, 0, 1);
      ADD_FAILURE() << temperature;
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::kUsage);
    }
  }
}

}  // namespace
}  // namespace elman
