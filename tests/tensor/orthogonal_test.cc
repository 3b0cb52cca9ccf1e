#include "tensor/orthogonal.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "tensor/tensor.h"

namespace elman {
namespace {

// The largest distance of the products of rows, or of columns when they are fewer, from those of unit vectors.
template <class T>
double distance_from_orthonormal(const Tensor<T>& w) {
  const bool wide = w.rows() <= w.cols();
  const size_t count = std::min(w.rows(), w.cols()), length = std::max(w.rows(), w.cols());
  double largest = 0.0;
  for (size_t i = 0; i < count; ++i)
    for (size_t j = 0; j <= i; ++j) {
      double dot = i == j ? -1.0 : 0.0;
      for (size_t k = 0; k < length; ++k) dot += wide ? double{w(i, k)} * w(j, k) : double{w(k, i)} * w(k, j);
      largest = std::max(largest, std::abs(dot));
    }
  return largest;
}

// Every remainder of groups and lanes. Each of n reflections adds a rounding error; float rounds once more, at the end:
// sqrt(length) of 2^-25 / sqrt(length) each.
TEST(Orthogonal, RowsOrColumnsAreOrthonormal) {
  const auto check = [](size_t rows, size_t cols) {
    Tensor<double> exact(rows, cols);
    Tensor<float> rounded(rows, cols);
    Random first(1, 2), second(1, 2);
    fill_orthogonal(exact.view(), first);
    fill_orthogonal(rounded.view(), second);
    EXPECT_LT(distance_from_orthonormal(exact), 1e-14) << rows << " x " << cols;
    EXPECT_LT(distance_from_orthonormal(rounded), 2e-7) << rows << " x " << cols;
    EXPECT_EQ(rounded(rows - 1, 0), static_cast<float>(exact(rows - 1, 0)));
  };
  for (size_t rows = 1; rows <= 13; ++rows)
    for (size_t cols = 1; cols <= 13; ++cols) check(rows, cols);
  check(131, 131);
  check(66, 259);
}

TEST(Orthogonal, TheFirstRowOrColumnIsTheFirstVectorDrawn) {
  for (const auto& [rows, cols] : {std::pair<size_t, size_t>{5, 9}, {9, 5}, {1, 1}}) {
    Tensor<double> w(rows, cols);
    Random random(3, 4), again(3, 4);
    fill_orthogonal(w.view(), random);
    std::vector<double> drawn(std::max(rows, cols));
    double square = 0.0;
    for (double& x : drawn) {
      x = again.normal();
      square += x * x;
    }
    for (size_t k = 0; k < drawn.size(); ++k)
      EXPECT_NEAR(rows <= cols ? w(0, k) : w(k, 0), drawn[k] / std::sqrt(square), 1e-14);
  }
}

// No direction is preferred: over many matrices the elements have mean 0 and mean square 1 / n, and those of different
// places nothing in common. The bounds are five deviations of the means.
TEST(Orthogonal, EveryMatrixIsAsLikelyAsAnyOther) {
  constexpr size_t kSize = 3, kDraws = 20000;
  Random random(1, 0);
  Tensor<double> w(kSize, kSize);
  double sums[kSize][kSize] = {}, squares[kSize][kSize] = {}, determinants = 0.0, trace_squares = 0.0;
  for (size_t draw = 0; draw < kDraws; ++draw) {
    fill_orthogonal(w.view(), random);
    for (size_t i = 0; i < kSize; ++i)
      for (size_t j = 0; j < kSize; ++j) {
        sums[i][j] += w(i, j);
        squares[i][j] += w(i, j) * w(i, j);
      }
    determinants += w(0, 0) * (w(1, 1) * w(2, 2) - w(1, 2) * w(2, 1)) +
                    w(0, 1) * (w(1, 2) * w(2, 0) - w(1, 0) * w(2, 2)) +
                    w(0, 2) * (w(1, 0) * w(2, 1) - w(1, 1) * w(2, 0));
    const double trace = w(0, 0) + w(1, 1) + w(2, 2);
    trace_squares += trace * trace;
  }
  const double bound = 5 / std::sqrt(static_cast<double>(kDraws));
  for (size_t i = 0; i < kSize; ++i)
    for (size_t j = 0; j < kSize; ++j) {
      EXPECT_NEAR(sums[i][j] / kDraws, 0.0, bound * std::sqrt(1.0 / 3)) << i << ", " << j;
      EXPECT_NEAR(squares[i][j] / kDraws, 1.0 / 3, bound * std::sqrt(4.0 / 45)) << i << ", " << j;  // E x^4 = 1 / 5
    }
  EXPECT_NEAR(determinants / kDraws, 0.0, bound);                    // each sign as often as the other
  EXPECT_NEAR(trace_squares / kDraws, 1.0, bound * std::sqrt(2.0));  // E trace^2 = 1, E trace^4 = 3
}

}  // namespace
}  // namespace elman
