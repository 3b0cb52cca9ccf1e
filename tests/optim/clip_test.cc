#include "optim/clip.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

#include "base/random.h"

namespace elman {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

TEST(ClipTest, ANormAboveTheLimitIsScaledToIt) {
  std::vector<double> g = {3.0, 0.0, -4.0};
  EXPECT_EQ(clip_by_norm(std::span<double>(g), 1.0), 5.0);
  EXPECT_DOUBLE_EQ(g[0], 0.6);
  EXPECT_EQ(g[1], 0.0);
  EXPECT_DOUBLE_EQ(g[2], -0.8);
}

TEST(ClipTest, ANormWithinTheLimitChangesNothing) {
  for (const double limit : {5.0, 5.5}) {
    std::vector<float> g = {3.0f, 0.0f, -4.0f};
    EXPECT_EQ(clip_by_norm(std::span<float>(g), limit), 5.0);
    EXPECT_EQ(g, (std::vector<float>{3.0f, 0.0f, -4.0f}));
  }
}

TEST(ClipTest, LongGradientsKeepTheirDirection) {
  Random random(5, 0);
  std::vector<float> g(12345);
  double sum = 0.0;
  for (float& value : g) {
    value = static_cast<float>(random.uniform(-1, 1));
    sum += static_cast<double>(value) * value;
  }
  const std::vector<float> before = g;
  EXPECT_NEAR(clip_by_norm(std::span<float>(g), 0.25), std::sqrt(sum), 1e-12 * std::sqrt(sum));
  EXPECT_NEAR(euclidean_norm(std::span<const float>(g)), 0.25, 1e-8);
  const double factor = 0.25 / std::sqrt(sum);
  for (size_t i = 0; i < g.size(); ++i) EXPECT_NEAR(g[i], before[i] * factor, 1e-7 * factor);
}

TEST(ClipTest, SquaresThatOverflowInFloatDoNot) {
  std::vector<float> g(4, 1e30f);
  EXPECT_NEAR(clip_by_norm(std::span<float>(g), 2.0) / 2e30, 1.0, 1e-7);
  for (const float value : g) EXPECT_NEAR(value, 1.0f, 1e-6);
}

TEST(ClipTest, ANormThatIsNotFiniteLeavesTheGradients) {
  for (const float bad : {kInfinity, kNan}) {
    std::vector<float> g = {bad, 2.0f};
    EXPECT_FALSE(std::isfinite(clip_by_norm(std::span<float>(g), 1.0)));
    EXPECT_EQ(g[1], 2.0f);
  }
}

TEST(ClipTest, ByValueLimitsBothSidesAndKeepsNan) {
  std::vector<float> g = {-3.0f, -0.5f, 0.0f, 0.5f, 3.0f, kInfinity, -kInfinity, kNan};
  clip_by_value(std::span<float>(g), 1.0);
  EXPECT_TRUE(std::isnan(g.back()));
  g.pop_back();
  EXPECT_EQ(g, (std::vector<float>{-1.0f, -0.5f, 0.0f, 0.5f, 1.0f, 1.0f, -1.0f}));
}

TEST(ClipTest, AllFiniteSeesEveryPlace) {
  for (const size_t n : {1u, 7u, 64u, 1001u}) {
    std::vector<float> values(n, std::numeric_limits<float>::max());
    EXPECT_TRUE(all_finite(values));
    for (size_t i = 0; i < n; i += 1 + n / 13) {
      for (const float bad : {kInfinity, -kInfinity, kNan}) {
        std::vector<float> spoiled = values;
        spoiled[i] = bad;
        EXPECT_FALSE(all_finite(spoiled)) << i << " of " << n;
      }
    }
  }
  EXPECT_TRUE(all_finite({}));
}

}  // namespace
}  // namespace elman
