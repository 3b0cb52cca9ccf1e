#include "kernels/elementwise.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <numeric>
#include <string>
#include <vector>

#include "kernels/targets.h"
#include "base/random.h"

namespace elman {
namespace {

// Around every vector width and the sixteen partial sums.
constexpr size_t kSizes[] = {0, 1, 3, 4, 7, 8, 9, 15, 16, 17, 31, 33, 64, 100, 1000};

template <class T>
std::vector<T> random_values(size_t n, uint64_t stream, double low = -2, double high = 2) {
  Random random(11, stream);
  std::vector<T> x(n);
  for (T& value : x) value = static_cast<T>(random.uniform(low, high));
  return x;
}

// Sixteen partial sums, element i in sum i mod 16, added in pairs.
template <class T>
T sum_in_sixteen(const std::vector<T>& x) {
  std::vector<T> parts(16);
  for (size_t i = 0; i < x.size(); ++i) parts[i % 16] += x[i];
  for (size_t half = 8; half > 0; half /= 2) {
    for (size_t i = 0; i < half; ++i) parts[i] += parts[i + half];
  }
  return parts[0];
}

template <class T>
void expect_near(const std::vector<T>& got, const std::vector<double>& want, double relative) {
  ASSERT_EQ(got.size(), want.size());
  for (size_t i = 0; i < got.size(); ++i) EXPECT_NEAR(got[i], want[i], relative * std::abs(want[i])) << "at " << i;
}

class ElementwiseTest : public testing::TestWithParam<InstructionSet> {
 protected:
  ForcedTarget forced_{GetParam()};
};

TEST_P(ElementwiseTest, FunctionsReachEveryElementAndNoOther) {
  for (size_t n : kSizes) {
    std::vector<float> x = random_values<float>(n + 1, n), y = x;
    sigmoid_inplace({y.data(), n});
    for (size_t i = 0; i < n; ++i) EXPECT_NEAR(y[i], 1 / (1 + std::exp(-x[i])), 1e-6f);
    EXPECT_EQ(y[n], x[n]);
  }
}

TEST_P(ElementwiseTest, DoubleFunctionsAreTheStandardLibrarys) {
  const std::vector<double> x = random_values<double>(9, 1, 0.1, 2);
  std::vector<double> e = x, l = x, t = x, s = x;
  exp_inplace(e);
  log_inplace(l);
  tanh_inplace(t);
  sigmoid_inplace(s);
  for (size_t i = 0; i < x.size(); ++i) {
    EXPECT_DOUBLE_EQ(e[i], std::exp(x[i]));
    EXPECT_DOUBLE_EQ(l[i], std::log(x[i]));
    EXPECT_DOUBLE_EQ(t[i], std::tanh(x[i]));
    EXPECT_DOUBLE_EQ(s[i], 1 / (1 + std::exp(-x[i])));
  }
}

template <class T>
void check_softmax(size_t n, double tolerance) {
  std::vector<T> x = random_values<T>(3 * (n + 1), n, -8, 8), y = x;
  softmax_rows(View<T>(y.data(), 3, n, n + 1));
  for (size_t r = 0; r < 3; ++r) {
    const std::vector<T> logits(x.begin() + r * (n + 1), x.begin() + r * (n + 1) + n);
    const double top = *std::max_element(logits.begin(), logits.end());
    std::vector<double> want(logits.begin(), logits.end());
    for (double& w : want) w = std::exp(w - top);
    const double sum = std::accumulate(want.begin(), want.end(), 0.0);
    for (double& w : want) w /= sum;
    expect_near(std::vector<T>(y.begin() + r * (n + 1), y.begin() + r * (n + 1) + n), want, tolerance);
    EXPECT_EQ(y[r * (n + 1) + n], x[r * (n + 1) + n]) << "wrote past row " << r;
  }
}

TEST_P(ElementwiseTest, SoftmaxOfRandomRows) {
  for (size_t n : kSizes) {
    if (n > 0) check_softmax<float>(n, 2e-6), check_softmax<double>(n, 1e-13);
  }
}

// The row's sum in the documented order, from the exponentials the library itself computes.
TEST_P(ElementwiseTest, SoftmaxSumsInSixteenParts) {
  for (size_t n : {5, 16, 37, 1000}) {
    std::vector<float> row = random_values<float>(n, n), want = row;
    const float top = *std::max_element(row.begin(), row.end());
    for (float& w : want) w -= top;
    exp_inplace(want);
    const float factor = 1 / sum_in_sixteen(want);
    for (float& w : want) w *= factor;
    softmax_rows(View<float>(row.data(), 1, n));
    EXPECT_EQ(row, want);
  }
}

TEST_P(ElementwiseTest, SoftmaxOfExtremes) {
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  std::vector<float> huge = {3e38f, -3e38f, 3e38f}, masked(20, -kInfinity), broken(20, 1.0f);
  softmax_rows(View<float>(huge.data(), 1, 3));
  EXPECT_EQ(huge, (std::vector<float>{0.5f, 0.0f, 0.5f}));
  masked[18] = -1e30f;
  softmax_rows(View<float>(masked.data(), 1, 20));
  EXPECT_EQ(masked[18], 1.0f);
  EXPECT_EQ(std::count(masked.begin(), masked.end(), 0.0f), 19);
  for (size_t at : {0, 7, 15, 16, 19}) {
    std::fill(broken.begin(), broken.end(), 1.0f);
    broken[at] = std::numeric_limits<float>::quiet_NaN();
    softmax_rows(View<float>(broken.data(), 1, 20));
    EXPECT_TRUE(std::all_of(broken.begin(), broken.end(), [](float p) { return std::isnan(p); })) << at;
  }
}

TEST_P(ElementwiseTest, ScaleAndAxpy) {
  for (size_t n : kSizes) {
    const std::vector<float> x = random_values<float>(n, 1);
    std::vector<float> y = random_values<float>(n, 2), want = y, scaled = x;
    for (size_t i = 0; i < n; ++i) want[i] = std::fma(0.3f, x[i], want[i]);
    axpy(0.3f, x, y);
    EXPECT_EQ(y, want);
    for (size_t i = 0; i < n; ++i) want[i] = 0.3f * x[i];
    scale(0.3f, scaled);
    EXPECT_EQ(scaled, want);
  }
}

TEST_P(ElementwiseTest, SumOfSquaresInSixteenParts) {
  for (size_t n : kSizes) {
    const std::vector<float> x = random_values<float>(n, n);
    std::vector<double> squares(x.begin(), x.end());
    for (double& s : squares) s *= s;
    EXPECT_EQ(sum_of_squares(x), sum_in_sixteen(squares));
  }
  EXPECT_EQ(sum_of_squares(std::vector<double>{3, 4}), 25);
}

TEST_P(ElementwiseTest, ColumnSumsAddRowsInOrder) {
  for (size_t cols : kSizes) {
    const std::vector<float> x = random_values<float>(7 * (cols + 2), cols);
    const ConstView<float> view(x.data(), 7, cols, cols + 2);
    std::vector<float> sums = random_values<float>(cols + 1, 5), want = sums;
    for (size_t r = 0; r < 7; ++r) {
      for (size_t c = 0; c < cols; ++c) want[c] += view(r, c);
    }
    column_sums(view, sums.data());
    EXPECT_EQ(sums, want);
  }
}

// One parameter of PyTorch's AdamW in double, as its documentation writes it.
struct AdamReference {
  double w, m, v;
  void step(double g, double t, double rate, double decay) {
    w -= rate * decay * w;
    m = 0.9 * m + 0.1 * g;
    v = 0.999 * v + 0.001 * g * g;
    w -= rate * (m / (1 - std::pow(0.9, t))) / (std::sqrt(v / (1 - std::pow(0.999, t))) + 1e-8);
  }
};

template <class T>
void check_adam(size_t n, double tolerance) {
  constexpr double kRate = 0.01, kDecay = 0.1;
  std::vector<T> w = random_values<T>(n, 1), m(n), v(n);
  std::vector<AdamReference> want;
  for (T x : w) want.push_back({x, 0, 0});
  for (int t = 1; t <= 5; ++t) {
    const std::vector<T> g = random_values<T>(n, 10 + t);
    AdamCoefficients c;
    c.step_size = kRate / (1 - std::pow(c.beta1, t));
    c.second_root = std::sqrt(1 - std::pow(c.beta2, t));
    c.keep = 1 - kRate * kDecay;
    c.gradient_scale = 0.5;
    adam_update({w, g, m, v}, c);
    for (size_t i = 0; i < n; ++i) want[i].step(0.5 * g[i], t, kRate, kDecay);
  }
  for (size_t i = 0; i < n; ++i) {
    EXPECT_NEAR(w[i], want[i].w, tolerance);
    EXPECT_NEAR(m[i], want[i].m, tolerance);
    EXPECT_NEAR(v[i], want[i].v, tolerance);
  }
}

TEST_P(ElementwiseTest, AdamFollowsItsDefinition) {
  for (size_t n : {1, 15, 16, 37}) check_adam<float>(n, 1e-6), check_adam<double>(n, 1e-14);
}

INSTANTIATE_TEST_SUITE_P(Targets, ElementwiseTest, testing::ValuesIn(supported_targets()),
                         [](const auto& test) { return std::string(test.param.name); });

// What the tests above do not fix to the bit must agree between targets.
std::vector<float> everything() {
  std::vector<float> w = random_values<float>(1003, 1), m = random_values<float>(1003, 2);
  std::vector<float> v = random_values<float>(1003, 3, 0, 1);
  const std::vector<float> g = random_values<float>(1003, 4);
  AdamCoefficients c;
  c.keep = 0.99, c.gradient_scale = 0.7, c.second_root = 0.3;
  adam_update({w, g, m, v}, c);
  w.insert(w.end(), m.begin(), m.end());
  w.insert(w.end(), v.begin(), v.end());
  std::vector<float> rows = random_values<float>(1000, 5, -20, 20);
  softmax_rows(View<float>(rows.data(), 8, 125));
  w.insert(w.end(), rows.begin(), rows.end());
  return w;
}

TEST(ElementwiseBits, AreTheSameOnEveryTarget) {
  const std::vector<InstructionSet> targets = supported_targets();
  std::vector<float> expected;
  {
    const ForcedTarget baseline(targets.back());
    expected = everything();
  }
  for (const InstructionSet& target : targets) {
    const ForcedTarget forced(target);
    EXPECT_EQ(everything(), expected) << target.name;
  }
}

}  // namespace
}  // namespace elman
