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

TEST(Steps, EqualLengthsNeedNoPacking) {
  const std::vector<size_t> lengths{4, 4};
  const Steps steps = Steps::packed(lengths);
  EXPECT_TRUE(steps.uniform());
  EXPECT_EQ(steps.rows(), 8u);
  EXPECT_EQ(steps.length(1), 4u);
}

}  // namespace
}  // namespace elman
