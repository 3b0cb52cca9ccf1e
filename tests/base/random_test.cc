#include "base/random.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>

namespace elman {
namespace {

using Words = std::array<uint32_t, 4>;

// The known answers of Philox 4x32-10 (Salmon et al. 2011, Random123's kat_vectors). Our counter is the low half of
// theirs, the stream the high half, the seed their key.
TEST(Random, IsPhilox) {
  EXPECT_EQ(Random(0, 0).block(0), (Words{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}));
  EXPECT_EQ(Random(~0ull, ~0ull).block(~0ull), (Words{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}));
  EXPECT_EQ(Random(0x299f31d0a4093822, 0x0370734413198a2e).block(0x85a308d3243f6a88),
            (Words{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}));
}

TEST(Random, DrawsTheBlocksInOrder) {
  Random random(3, 5);
  for (uint64_t counter = 0; counter < 3; ++counter)
    for (const uint32_t word : random.block(counter)) EXPECT_EQ(random.next(), word);
  EXPECT_EQ(random.position(), 12u);
  for (const uint64_t position : {6u, 4u, 7u}) {
    random.seek(position);
    EXPECT_EQ(random.next(), random.block(1)[position % 4]);
  }
  EXPECT_EQ(random.next(), random.block(2)[0]);
}

TEST(Random, UniformStaysInRange) {
  EXPECT_EQ(Random::to_unit(0), 0.0f);
  EXPECT_LT(Random::to_unit(~0u), 1.0f);
  Random random(1, 0);
  double sum = 0.0;
  for (int i = 0; i < 10000; ++i) {
    const double u = random.uniform(-2, 3);
    ASSERT_GE(u, -2.0);
    ASSERT_LT(u, 3.0);
    sum += u;
  }
  EXPECT_NEAR(sum / 10000, 0.5, 5 * 5 / std::sqrt(12.0 * 10000));  // five deviations of the mean
}

TEST(Random, NormalHasMeanZeroAndDeviationOne) {
  constexpr int kDraws = 100000;
  Random random(1, 0);
  double sum = 0.0, squares = 0.0;
  for (int i = 0; i < kDraws; ++i) {
    const double x = random.normal();
    sum += x;
    squares += x * x;
  }
  EXPECT_NEAR(sum / kDraws, 0.0, 5 / std::sqrt(kDraws));
  EXPECT_NEAR(squares / kDraws, 1.0, 5 * std::sqrt(2.0 / kDraws));
}

TEST(Random, BelowIsUniform) {
  constexpr int kDraws = 60000;
  Random random(1, 0);
  std::vector<int> counts(6);
  for (int i = 0; i < kDraws; ++i) ++counts.at(random.below(counts.size()));
  for (const int count : counts) EXPECT_NEAR(count, 10000, 5 * std::sqrt(10000.0));
  EXPECT_EQ(random.below(1), 0u);
}

TEST(Random, PermutationHoldsEachIndexOnce) {
  EXPECT_TRUE(permutation(0, Random(1, 0)).empty());
  std::vector<uint32_t> order = permutation(100, Random(1, 0)), indices(100);
  EXPECT_EQ(order, permutation(100, Random(1, 0)));
  EXPECT_NE(order, permutation(100, Random(2, 0)));
  std::iota(indices.begin(), indices.end(), 0u);
  EXPECT_NE(order, indices);
  std::sort(order.begin(), order.end());
  EXPECT_EQ(order, indices);
}

}  // namespace
}  // namespace elman
