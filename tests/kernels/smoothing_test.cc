#include "kernels/smoothing.h"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <string>
#include <vector>

#include "kernels/targets.h"
#include "base/random.h"

namespace elman {
namespace {

std::array<double, kAlphas> some_alphas() {
  std::array<double, kAlphas> alpha;
  for (size_t i = 0; i < kAlphas; ++i) alpha[i] = 0.001 + 0.06 * static_cast<double>(i);
  return alpha;
}

std::vector<double> walk(size_t n) {
  Random random(3, n);
  std::vector<double> y;
  for (double level = 5; y.size() < n;) y.push_back(y.size() % 7 == 3 ? NAN : level += random.uniform(-1, 1));
  return y;
}

struct Smoothed {
  double error = 0, level = 0;
};
Smoothed smooth_from(double start, const std::vector<double>& y, double alpha) {
  Smoothed result{0, start};
  for (const double v : y) {
    if (std::isnan(v)) continue;
    result.error += (v - result.level) * (v - result.level);
    result.level += alpha * (v - result.level);
  }
  return result;
}

class SmoothingTest : public testing::TestWithParam<InstructionSet> {
 protected:
  ForcedTarget forced_{GetParam()};
};

// The error is a parabola in the start: three starts tell where its least value is.
TEST_P(SmoothingTest, StartsWhereTheErrorIsLeast) {
  const auto alpha = some_alphas();
  for (const size_t n : {1, 2, 20, 300}) {
    const std::vector<double> y = walk(n);
    const Smoothing s = smooth(y, alpha);
    for (size_t i = 0; i < kAlphas; ++i) {
      const double before = smooth_from(-1, y, alpha[i]).error, at = smooth_from(0, y, alpha[i]).error,
                   behind = smooth_from(1, y, alpha[i]).error;
      const Smoothed least = smooth_from((before - behind) / (2 * (before + behind - 2 * at)), y, alpha[i]);
      EXPECT_NEAR(s.error[i], least.error, 1e-8 * at) << n << " values, alpha " << alpha[i];
      EXPECT_NEAR(s.level[i], least.level, 1e-8) << n << " values, alpha " << alpha[i];
    }
  }
}

TEST_P(SmoothingTest, SameBitsAsTheBaseline) {
  const std::vector<double> y = walk(1000);
  const Smoothing s = smooth(y, some_alphas());
  for (size_t i = 0; i < kAlphas; ++i) {
    double level = 0, weight = 1, e_e = 0, e_w = 0, w_w = 0;
    const double alpha = some_alphas()[i];
    for (const double v : y) {
      if (std::isnan(v)) continue;
      const double e = v - level, next = weight * (1 - alpha);
      e_e += e * e;
      e_w += e * weight;
      w_w += weight * weight;
      level += alpha * e;
      weight = next > 1e-100 ? next : 0;
    }
    EXPECT_EQ(s.error[i], e_e - e_w / w_w * e_w) << i;
    EXPECT_EQ(s.level[i], level + weight * (e_w / w_w)) << i;
  }
}

TEST_P(SmoothingTest, NothingObservedIsZero) {
  for (const std::vector<double>& y : {std::vector<double>{}, std::vector<double>{NAN, NAN}}) {
    const Smoothing s = smooth(y, some_alphas());
    for (size_t i = 0; i < kAlphas; ++i) EXPECT_TRUE(s.error[i] == 0 && s.level[i] == 0) << i;
  }
}

INSTANTIATE_TEST_SUITE_P(Targets, SmoothingTest, testing::ValuesIn(supported_targets()),
                         [](const auto& test) { return std::string(test.param.name); });

}  // namespace
}  // namespace elman
