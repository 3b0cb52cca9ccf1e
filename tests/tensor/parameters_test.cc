#include "tensor/parameters.h"

#include <gtest/gtest.h>

#include <cmath>

#include "data/expect_error.h"
#include "support/values.h"

namespace elman {
namespace {

TEST(Parameters, LiveInOneSlabAlignedAndApart) {
  Parameters<float> parameters;
  const size_t a = parameters.add("a", {2, 3}, Init::kOnes), b = parameters.add("b", {5}, Init::kOnes);
  parameters.allocate();
  parameters.initialize(1);
  EXPECT_EQ(parameters.list()[b].offset % 16, 0u);
  EXPECT_EQ(parameters.value(a).rows, 2u);
  EXPECT_EQ(parameters.value(b).rows, 1u);
  EXPECT_EQ(parameters.value(b).cols, 5u);
  float sum = 0.0f;  // the gaps between them stay zero
  for (const float x : parameters.values()) sum += x;
  EXPECT_EQ(sum, 11.0f);
  EXPECT_EQ(parameters.gradients().size(), parameters.values().size());
  EXPECT_EQ(parameters.find("b"), &parameters.list()[b]);
  EXPECT_EQ(parameters.find("c"), nullptr);
}

TEST(Parameters, ANameIsDeclaredOnce) {
  Parameters<float> parameters;
  parameters.add("a", {2}, Init::kZeros);
  expect_error(ErrorCode::kUsage, {"'a'", "twice"}, [&] { parameters.add("a", {3}, Init::kZeros); });
}

TEST(Parameters, InitialValuesDependOnSeedAndNameAlone) {
  Parameters<float> alone, among;
  alone.add("w", {4, 4}, Init::kGlorot);
  among.add("other", {7}, Init::kNormal);
  among.add("w", {4, 4}, Init::kGlorot);
  alone.allocate();
  among.allocate();
  alone.initialize(5);
  among.initialize(5);
  const auto first = to_vector(alone.value(0));
  EXPECT_TRUE(same_bits(to_vector(among.value(1)), first));
  alone.initialize(6);
  EXPECT_NE(to_vector(alone.value(0)), first);
  alone.initialize(5);
  EXPECT_TRUE(same_bits(to_vector(alone.value(0)), first));
}

TEST(Parameters, HooksRunAfterTheInitialValues) {
  Parameters<float> parameters;
  const size_t bias = parameters.add("bias", {3}, Init::kZeros);
  parameters.after_initialize([bias](Parameters<float>& p) { p.value(bias)(0, 1) = 1.0f; });
  parameters.allocate();
  parameters.initialize(1);
  EXPECT_EQ(to_vector(parameters.value(bias)), (std::vector<float>{0, 1, 0}));
}

// Each block of rows has orthonormal rows, or columns when they are fewer.
TEST(Parameters, OrthogonalBlocks) {
  for (const auto& [rows, cols] : {std::pair<size_t, size_t>{5, 5}, {3, 7}, {7, 3}, {1, 1}}) {
    constexpr size_t kBlocks = 2;
    Parameters<double> parameters;
    parameters.add("w", {kBlocks * rows, cols}, Init::kOrthogonal, kBlocks);
    parameters.allocate();
    parameters.initialize(1);
    for (size_t b = 0; b < kBlocks; ++b) {
      const View<double> w = parameters.value(0).slice_rows(b * rows, rows);
      const size_t count = std::min(rows, cols), length = std::max(rows, cols);
      for (size_t i = 0; i < count; ++i)
        for (size_t j = 0; j < count; ++j) {
          double dot = 0.0;
          for (size_t k = 0; k < length; ++k) dot += rows <= cols ? w(i, k) * w(j, k) : w(k, i) * w(k, j);
          EXPECT_NEAR(dot, i == j ? 1.0 : 0.0, 1e-14) << rows << " x " << cols;
        }
    }
  }
}

// The bound is that of one block: sqrt(6 / (rows + cols)).
TEST(Parameters, GlorotIsBoundedByItsBlock) {
  Parameters<double> parameters;
  parameters.add("w", {4 * 50, 30}, Init::kGlorot, 4);
  parameters.allocate();
  parameters.initialize(1);
  double largest = 0.0;
  for (const double x : to_vector(parameters.value(0))) largest = std::max(largest, std::abs(x));
  const double bound = std::sqrt(6.0 / 80);
  EXPECT_LE(largest, bound);
  EXPECT_GT(largest, 0.99 * bound);
}

}  // namespace
}  // namespace elman
