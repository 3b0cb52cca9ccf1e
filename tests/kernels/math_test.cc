#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cfloat>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "kernels/targets.h"
#include "kernels/elementwise.h"

namespace elman {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

struct Function {
  std::string name;
  void (*apply)(std::span<float>) noexcept;
  double (*reference)(double);
  double max_ulp;
  double below = 0;  // results this small may be off by as much
};

double sigmoid_of(double x) { return x < 0 ? std::exp(x) / (1 + std::exp(x)) : 1 / (1 + std::exp(-x)); }

const Function kFunctions[] = {
    {"exp", exp_inplace, [](double x) { return std::exp(x); }, 1.1},
    {"log", log_inplace, [](double x) { return std::log(x); }, 1.0},
    {"tanh", tanh_inplace, [](double x) { return std::tanh(x); }, 2.5},
    {"sigmoid", sigmoid_inplace, sigmoid_of, 2.5, FLT_MIN},
};

// Every stride-th float of the 2^32, of all exponents and both signs; a prime stride visits all low bits.
std::vector<float> samples(uint32_t stride) {
  std::vector<float> x;
  for (uint64_t bits = 0; bits < uint64_t{1} << 32; bits += stride)
    x.push_back(std::bit_cast<float>(static_cast<uint32_t>(bits)));
  return x;
}

// Distance in units in the last place of a float of the wanted size; 0 for equal infinities and for two NaN.
double ulp_error(float got, double want) {
  const float rounded = static_cast<float>(want);
  if (std::isnan(want) || std::isinf(rounded)) {
    return std::isnan(want) == std::isnan(got) && (std::isnan(got) || got == rounded) ? 0 : kInfinity;
  }
  int exponent = 0;
  std::frexp(want, &exponent);
  return std::abs(got - want) / std::ldexp(1.0, std::max(exponent - FLT_MANT_DIG, FLT_MIN_EXP - FLT_MANT_DIG));
}

class MathTest : public testing::TestWithParam<Function> {};

TEST_P(MathTest, ErrorStaysWithinItsBound) {
  const std::vector<float> x = samples(1009);
  std::vector<float> y = x;
  GetParam().apply(y);
  double worst = 0;
  float at = 0;
  for (size_t i = 0; i < x.size(); ++i) {
    const double want = GetParam().reference(x[i]);
    if (std::abs(want) < GetParam().below && std::abs(y[i] - want) < GetParam().below) continue;
    const double error = ulp_error(y[i], want);
    if (error > worst) worst = error, at = x[i];
  }
  EXPECT_LE(worst, GetParam().max_ulp) << "at " << at;
}

TEST_P(MathTest, EveryTargetGivesTheSameBits) {
  const std::vector<float> x = samples(10007);
  std::vector<float> expected = x;
  {
    const ForcedTarget baseline(supported_targets().back());
    GetParam().apply(expected);
  }
  for (const InstructionSet& target : supported_targets()) {
    const ForcedTarget forced(target);
    std::vector<float> y = x;
    GetParam().apply(y);
    size_t differences = 0;
    for (size_t i = 0; i < x.size(); ++i) {
      const bool both_nan = std::isnan(y[i]) && std::isnan(expected[i]);
      if (!both_nan && std::bit_cast<uint32_t>(y[i]) != std::bit_cast<uint32_t>(expected[i])) ++differences;
    }
    EXPECT_EQ(differences, 0u) << target.name;
  }
}

INSTANTIATE_TEST_SUITE_P(Functions, MathTest, testing::ValuesIn(kFunctions),
                         [](const auto& test) { return test.param.name; });

// A state beyond 1 would be one that no exact cell can reach.
TEST(MathLimits, TanhAndSigmoidNeverExceedOne) {
  constexpr uint32_t kBlock = 1 << 16;
  std::vector<float> x(kBlock), y;
  for (uint32_t first = std::bit_cast<uint32_t>(4.0f); first < std::bit_cast<uint32_t>(32.0f); first += kBlock) {
    for (uint32_t i = 0; i < kBlock; ++i) x[i] = std::bit_cast<float>(first + i);
    tanh_inplace(y = x);
    ASSERT_LE(*std::max_element(y.begin(), y.end()), 1.0f) << "from " << x[0] << " on";
    sigmoid_inplace(y = x);
    ASSERT_LE(*std::max_element(y.begin(), y.end()), 1.0f) << "from " << x[0] << " on";
  }
}

float at(void (*function)(std::span<float>) noexcept, float x) {
  function({&x, 1});
  return x;
}

TEST(MathLimits, HoldOnEveryTarget) {
  for (const InstructionSet& target : supported_targets()) {
    const ForcedTarget forced(target);
    SCOPED_TRACE(target.name);
    EXPECT_EQ(at(exp_inplace, -kInfinity), 0.0f);
    EXPECT_EQ(at(exp_inplace, kInfinity), kInfinity);
    EXPECT_EQ(at(exp_inplace, 0.0f), 1.0f);
    EXPECT_EQ(at(log_inplace, 0.0f), -kInfinity);
    EXPECT_EQ(at(log_inplace, -0.0f), -kInfinity);
    EXPECT_EQ(at(log_inplace, 1.0f), 0.0f);
    EXPECT_EQ(at(log_inplace, kInfinity), kInfinity);
    EXPECT_TRUE(std::isnan(at(log_inplace, -FLT_TRUE_MIN)));
    EXPECT_TRUE(std::isnan(at(log_inplace, -kInfinity)));
    EXPECT_EQ(at(tanh_inplace, kInfinity), 1.0f);
    EXPECT_EQ(at(tanh_inplace, -kInfinity), -1.0f);
    EXPECT_EQ(at(tanh_inplace, 1e-30f), 1e-30f);
    EXPECT_EQ(at(tanh_inplace, -FLT_TRUE_MIN), -FLT_TRUE_MIN);
    EXPECT_EQ(at(tanh_inplace, -0.0f), 0.0f);
    EXPECT_EQ(at(sigmoid_inplace, kInfinity), 1.0f);
    EXPECT_LT(at(sigmoid_inplace, -kInfinity), FLT_MIN);
    EXPECT_GE(at(sigmoid_inplace, -kInfinity), 0.0f);
    EXPECT_EQ(at(sigmoid_inplace, 0.0f), 0.5f);
    for (const Function& function : kFunctions) EXPECT_TRUE(std::isnan(at(function.apply, kNan))) << function.name;
  }
}

}  // namespace
}  // namespace elman
