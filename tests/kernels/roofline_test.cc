#include "kernels/roofline.h"

#include <gtest/gtest.h>

#include "kernels/targets.h"

namespace elman {
namespace {

// A unit mistaken is off by a factor of thousands, work not done by millions: bounds wide enough for a busy machine and
// a debug build still tell.
constexpr double kLeast = 1e6, kMost = 1e13;

TEST(Roofline, PeakOfEveryTargetIsThatOfAProcessor) {
  for (const InstructionSet& target : supported_targets()) {
    const ForcedTarget forced(target);
    const double peak = multiply_add_peak(1);
    EXPECT_GT(peak, kLeast) << target.name;
    EXPECT_LT(peak, kMost) << target.name;
  }
}

TEST(Roofline, VectorsBeatTheBaseline) {
  const std::vector<InstructionSet> targets = supported_targets();
  if (targets.size() == 1) GTEST_SKIP() << "only the baseline runs here";
  const double best = multiply_add_peak(1);
  const ForcedTarget baseline(targets.back());
  EXPECT_GT(best, 2 * multiply_add_peak(1));
}

TEST(Roofline, LevelsGrow) {
  size_t smaller = 1024;
  for (const MemoryLevel level : kMemoryLevels) {
    EXPECT_GT(level_bytes(level), smaller) << level_name(level);
    smaller = level_bytes(level);
  }
}

TEST(Roofline, EveryLevelIsRead) {
  for (const MemoryLevel level : kMemoryLevels) {
    const double rate = read_bandwidth(level, 1);
    EXPECT_GT(rate, kLeast) << level_name(level);
    EXPECT_LT(rate, kMost) << level_name(level);
  }
}

TEST(Roofline, QuickRatesAreMeasuredOnce) {
  for (const double rate : {quick_peak(), quick_bandwidth(MemoryLevel::kL1), quick_bandwidth(MemoryLevel::kL3)}) {
    EXPECT_GT(rate, kLeast);
    EXPECT_LT(rate, kMost);
  }
  EXPECT_EQ(quick_peak(), quick_peak());
  EXPECT_EQ(quick_bandwidth(MemoryLevel::kL3), quick_bandwidth(MemoryLevel::kL3));
}

TEST(Roofline, SeveralThreadsTogether) {
  EXPECT_GT(multiply_add_peak(3), kLeast);
  EXPECT_GT(read_bandwidth(MemoryLevel::kL2, 3), kLeast);
}

}  // namespace
}  // namespace elman
