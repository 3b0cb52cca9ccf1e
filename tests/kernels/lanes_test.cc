// The lane operations themselves, compiled and run for each instruction set.
#include "kernels/targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/lanes_test.cc"
#include "hwy/foreach_target.h"
#include "kernels/simd-inl.h"

#ifndef ELMAN_TESTS_LANES_ONCE_
#define ELMAN_TESTS_LANES_ONCE_
#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <limits>
#include <vector>

#include "base/random.h"
#endif

HWY_BEFORE_NAMESPACE();
namespace elman {
namespace HWY_NAMESPACE {

// What a function of up to three numbers gives on the first lane.
template <class T, class Function>
T first_lane(Function function, T a, T b = 0, T c = 0) {
  using L = Lanes<T>;
  T result[L::kCount];
  L::store(function(L::splat(a), L::splat(b), L::splat(c)), result);
  for (T other : result) EXPECT_TRUE(other == result[0] || std::isnan(result[0]));
  return result[0];
}

#define ELMAN_LANE_FUNCTION(Name, expression) \
  struct Name {                               \
    template <class V>                        \
    V operator()(V a, V b, V c) const {       \
      (void)b, (void)c;                       \
      return expression;                      \
    }                                         \
  };
ELMAN_LANE_FUNCTION(Fma, fma(a, b, c))
ELMAN_LANE_FUNCTION(Fnma, fnma(a, b, c))
ELMAN_LANE_FUNCTION(Max, max(a, b))
ELMAN_LANE_FUNCTION(Relu, relu(a))
ELMAN_LANE_FUNCTION(Step, step(a))
ELMAN_LANE_FUNCTION(Abs, abs(a))
ELMAN_LANE_FUNCTION(Sqrt, sqrt(a))
ELMAN_LANE_FUNCTION(Half, a* splat<V>(0.5))
#undef ELMAN_LANE_FUNCTION

template <class T>
void check_arithmetic() {
  constexpr T kInfinity = std::numeric_limits<T>::infinity(), kNan = std::numeric_limits<T>::quiet_NaN();
  constexpr T kEpsilon = std::numeric_limits<T>::epsilon();
  // (1 + e)(1 - e) - 1 = -e^2: a product rounded before the sum would give 0.
  EXPECT_EQ(first_lane<T>(Fma(), 1 + kEpsilon, 1 - kEpsilon, -1), -kEpsilon * kEpsilon);
  EXPECT_EQ(first_lane<T>(Fnma(), 1 + kEpsilon, 1 - kEpsilon, 1), kEpsilon * kEpsilon);
  EXPECT_EQ(first_lane<T>(Max(), 2, -3), 2);
  EXPECT_EQ(first_lane<T>(Max(), -3, 2), 2);
  EXPECT_EQ(first_lane<T>(Max(), -kInfinity, -3), -3);
  EXPECT_TRUE(std::isnan(first_lane<T>(Max(), kNan, 1)));
  EXPECT_TRUE(std::isnan(first_lane<T>(Max(), 1, kNan)));
  EXPECT_EQ(first_lane<T>(Relu(), 3), 3);
  EXPECT_EQ(first_lane<T>(Relu(), -3), 0);
  EXPECT_TRUE(std::isnan(first_lane<T>(Relu(), kNan)));
  EXPECT_EQ(first_lane<T>(Step(), 3), 1);
  EXPECT_EQ(first_lane<T>(Step(), 0), 0);
  EXPECT_EQ(first_lane<T>(Step(), -3), 0);
  EXPECT_EQ(first_lane<T>(Abs(), -3), 3);
  EXPECT_EQ(first_lane<T>(Sqrt(), 9), 3);
  EXPECT_EQ(first_lane<T>(Half(), 3), T(1.5));
}

// Random operands of all sizes, and sums that nearly cancel: where a second rounding would show.
void check_fused() {
  Random random(3, 0);
  for (int i = 0; i < 100000; ++i) {
    const float a = std::bit_cast<float>(random.next()), b = std::bit_cast<float>(random.next());
    const float other = std::bit_cast<float>(random.next());
    const float c = i % 2 == 0 ? other : std::nextafter(-a * b, other);
    const float got = first_lane<float>(Fma(), a, b, c), want = std::fma(a, b, c);
    EXPECT_TRUE(got == want || (std::isnan(got) && std::isnan(want))) << a << " * " << b << " + " << c;
  }
  // The product is 2^-24 - 2^-70, a hair less than half a unit: rounded to double first, it would be a tie and go up.
  EXPECT_EQ(first_lane<float>(Fma(), 0x1.000002p-12f, 0x1.fffffcp-13f, 0x1.000002p0f), 0x1.000002p0f);
}

template <class T>
void check_partial_access() {
  using L = Lanes<T>;
  for (size_t n = 0; n <= L::kCount; ++n) {
    // Exactly n elements, so that the address sanitizer sees any access beyond them.
    std::vector<T> from(n, T(5)), to(n, T(7));
    T loaded[L::kCount];
    L::store(L::load_some(from.data(), n), loaded);
    for (size_t i = 0; i < L::kCount; ++i) EXPECT_EQ(loaded[i], i < n ? 5 : 0);
    std::vector<T> around(L::kCount + 1, T(7));
    L::store_some(L::splat(3), around.data(), n);
    for (size_t i = 0; i < around.size(); ++i) EXPECT_EQ(around[i], i < n ? 3 : 7);
    L::store_some(L::splat(3), to.data(), n);
    EXPECT_EQ(to, std::vector<T>(n, T(3)));
  }
}

void check_lanes() {
  check_arithmetic<float>();
  check_arithmetic<double>();
  check_fused();
  check_partial_access<float>();
  check_partial_access<double>();
}

}  // namespace HWY_NAMESPACE
}  // namespace elman
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace elman {

HWY_EXPORT(check_lanes);

namespace {

TEST(Lanes, ComputeAlikeOnEveryTarget) {
  for (const InstructionSet& target : supported_targets()) {
    const ForcedTarget forced(target);
    SCOPED_TRACE(target.name);
    HWY_DYNAMIC_DISPATCH(check_lanes)();
  }
}

TEST(Targets, EndWithTheBaselineAndCanBeForced) {
  const std::vector<InstructionSet> targets = supported_targets();
  ASSERT_FALSE(targets.empty());
  for (const InstructionSet& target : targets) {
    const ForcedTarget forced(target);
    ASSERT_EQ(supported_targets().front().name, target.name);
  }
  EXPECT_EQ(supported_targets().size(), targets.size());
}

}  // namespace
}  // namespace elman
#endif  // HWY_ONCE
