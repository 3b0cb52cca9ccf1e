#include "tensor/steps.h"

#include <gtest/gtest.h>

namespace elman {
namespace {

TEST(Steps, OneLength) {
  const Steps steps(3, 4);
  EXPECT_TRUE(steps.uniform());
  EXPECT_EQ(steps.rows(), 12u);
  EXPECT_EQ(steps.offset(2), 8u);
  EXPECT_EQ(steps.offset(3), 12u);
  EXPECT_EQ(steps.batch_at(2), 4u);
  EXPECT_EQ(steps.length(3), 3u);
}

TEST(Steps, DifferentLengthsArePacked) {
  const std::vector<size_t> lengths{5, 3, 3, 1};
  const Steps steps = Steps::packed(lengths);
  EXPECT_FALSE(steps.uniform());
  EXPECT_EQ(steps.steps(), 5u);
  EXPECT_EQ(steps.batch(), 4u);
  EXPECT_EQ(steps.rows(), 12u);
  const std::vector<size_t> batches{4, 3, 3, 1, 1}, offsets{0, 4, 7, 10, 11, 12};
  for (size_t t = 0; t < 5; ++t) EXPECT_EQ(steps.batch_at(t), batches[t]) << t;
  for (size_t t = 0; t <= 5; ++t) EXPECT_EQ(steps.offset(t), offsets[t]) << t;
  for (size_t b = 0; b < 4; ++b) EXPECT_EQ(steps.length(b), lengths[b]) << b;
}

TEST(Steps, RunsHoldAsManyStepsAsFit) {
  const Steps even(10, 4);
  EXPECT_EQ(even.run_after(2, 12), 5u);
  EXPECT_EQ(even.run_after(8, 100), 10u);
  EXPECT_EQ(even.run_before(9, 11), 7u);
  EXPECT_EQ(even.run_before(3, 100), 0u);
  EXPECT_EQ(even.run_after(2, 3), 3u) << "a step is never cut";
  EXPECT_EQ(even.run_before(2, 3), 1u);
  const std::vector<size_t> lengths{5, 3, 3, 1};
  const Steps packed = Steps::packed(lengths);  // 4, 3, 3, 1, 1 rows
  EXPECT_EQ(packed.run_after(0, 7), 2u);
  EXPECT_EQ(packed.run_before(5, 7), 2u);
}

TEST(Steps, APartIsOfTheSequencesThatReachIt) {
  const Steps even = Steps(10, 4).part(2, 5);
  EXPECT_TRUE(even.uniform());
  EXPECT_EQ(even.steps(), 3u);
  EXPECT_EQ(even.batch(), 4u);
  const std::vector<size_t> lengths{5, 3, 3, 1}, expected{3, 2, 2};
  const Steps part = Steps::packed(lengths).part(1, 4);
  ASSERT_EQ(part.batch(), expected.size());
  for (size_t b = 0; b < expected.size(); ++b) EXPECT_EQ(part.length(b), expected[b]) << b;
}

TEST(Steps, EqualLengthsNeedNoPacking) {
  const std::vector<size_t> lengths{4, 4};
  const Steps steps = Steps::packed(lengths);
  EXPECT_TRUE(steps.uniform());
  EXPECT_EQ(steps.rows(), 8u);
  EXPECT_EQ(steps.length(1), 4u);
}

}  // namespace
}  // namespace elman
