#include "kernels/gemm.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "kernels/targets.h"
#include "base/random.h"

namespace elman {
namespace {

constexpr size_t kSizes[] = {1, 2, 3, 5, 7, 16, 17, 20, 33, 100, 257};

// A matrix of random values whose rows lie `padding` elements further apart than they are long.
template <class T>
class Padded {
 public:
  Padded(size_t rows, size_t cols, size_t padding, uint64_t stream)
      : values_(rows * (cols + padding)), view_(values_.data(), rows, cols, cols + padding) {
    Random random(7, stream);
    for (T& value : values_) value = static_cast<T>(random.uniform(-1, 1));
  }
  View<T> view() { return view_; }
  const std::vector<T>& values() const { return values_; }

 private:
  std::vector<T> values_;
  View<T> view_;
};

// C += A B, one chain of fused multiply-adds an element.
template <class T>
void reference(ConstView<T> a, ConstView<T> b, View<T> c) {
  for (size_t i = 0; i < c.rows; ++i) {
    for (size_t j = 0; j < c.cols; ++j) {
      for (size_t k = 0; k < a.cols; ++k) c(i, j) = std::fma(a(i, k), b(k, j), c(i, j));
    }
  }
}

template <class T>
Padded<T> transposed(View<T> x) {
  Padded<T> result(x.cols, x.rows, 2, 0);
  for (size_t i = 0; i < x.rows; ++i) {
    for (size_t j = 0; j < x.cols; ++j) result.view()(j, i) = x(i, j);
  }
  return result;
}

template <class T>
void fill(View<T> c, GemmStart start, const std::vector<T>& bias) {
  for (size_t i = 0; i < c.rows && start != GemmStart::kAccumulate; ++i) {
    for (size_t j = 0; j < c.cols; ++j) c(i, j) = start == GemmStart::kBias ? bias[j] : T{};
  }
}

template <class T>
void check_gemm(size_t m, size_t n, size_t k, GemmStart start, bool pack_transposed) {
  Padded<T> a(m, k, 3, 1), b(k, n, 1, 2), expected(m, n, 5, 3), c(m, n, 5, 3);
  const std::vector<T> bias = Padded<T>(1, n, 0, 4).values();
  fill(expected.view(), start, bias);
  reference<T>(a.view(), b.view(), expected.view());

  PackedMatrix<T> packed;
  if (pack_transposed) {
    packed.pack_transposed(transposed(b.view()).view());
  } else {
    packed.pack(b.view());
  }
  gemm<T>(a.view(), packed, c.view(), start, bias.data());
  EXPECT_EQ(c.values(), expected.values()) << m << " x " << n << " x " << k << ", start " << static_cast<int>(start);
}

template <class T>
void check_gradient(size_t rows, size_t m, size_t n, Buffer<T>& workspace) {
  Padded<T> a(rows, m, 3, 1), b(rows, n, 1, 2), expected(m, n, 5, 3), c(m, n, 5, 3);
  reference<T>(transposed(a.view()).view(), b.view(), expected.view());
  gemm_gradient<T>(a.view(), b.view(), c.view(), workspace);
  EXPECT_EQ(c.values(), expected.values()) << rows << " rows, " << m << " x " << n;
}

// Runs the test on each instruction set this machine has.
class GemmTest : public testing::TestWithParam<InstructionSet> {
 protected:
  ForcedTarget forced_{GetParam()};
};

// Comparing with the reference on every target also compares the targets with each other.
TEST_P(GemmTest, IsOneChainOfFusedMultiplyAdds) {
  size_t turn = 0;
  for (size_t m : kSizes) {
    for (size_t n : kSizes) {
      for (size_t k : kSizes) {
        check_gemm<float>(m, n, k, static_cast<GemmStart>(turn % 3), turn % 2 == 0);
        ++turn;
      }
    }
  }
}

TEST_P(GemmTest, DoubleIsOneChainToo) {
  for (size_t m : {1, 2, 5, 17}) {
    for (size_t n : {1, 7, 8, 33}) {
      for (size_t k : {1, 20, 257, 513}) {
        check_gemm<double>(m, n, k, GemmStart::kBias, false);
        check_gemm<double>(m, n, k, GemmStart::kAccumulate, true);
      }
    }
  }
}

TEST_P(GemmTest, CrossesBlocksOfEveryDimension) {
  check_gemm<float>(29, 600, 1030, GemmStart::kBias, false);
  check_gemm<float>(3, 512, 512, GemmStart::kAccumulate, true);
}

TEST_P(GemmTest, EmptySumIsTheStart) {
  for (GemmStart start : {GemmStart::kZero, GemmStart::kBias, GemmStart::kAccumulate}) {
    check_gemm<float>(5, 40, 0, start, false);
  }
}

TEST_P(GemmTest, GradientIsOneChainOfFusedMultiplyAdds) {
  Buffer<float> workspace;
  for (size_t rows : kSizes) {
    for (size_t m : kSizes) {
      for (size_t n : kSizes) check_gradient<float>(rows, m, n, workspace);
    }
  }
}

TEST_P(GemmTest, GradientCrossesBlocksOfEveryDimension) {
  Buffer<float> workspace;
  check_gradient<float>(600, 400, 70, workspace);
  check_gradient<float>(300, 205, 401, workspace);  // wide enough for A to be copied
  Buffer<double> workspace_f64;
  check_gradient<double>(300, 210, 17, workspace_f64);
  check_gradient<double>(300, 110, 101, workspace_f64);
}

TEST_P(GemmTest, RowsDoNotDependOnTheirBatch) {
  constexpr size_t kRows = 37, kCols = 100, kDepth = 300;
  Padded<float> a(kRows, kDepth, 0, 1), b(kDepth, kCols, 0, 2), whole(kRows, kCols, 0, 3), split(kRows, kCols, 0, 3);
  PackedMatrix<float> packed;
  packed.pack(b.view());
  gemm<float>(a.view(), packed, whole.view(), GemmStart::kZero);
  for (size_t begin = 0, count = 1; begin < kRows; begin += count, ++count) {
    const size_t rows = std::min(count, kRows - begin);
    gemm<float>(a.view().slice_rows(begin, rows), packed, split.view().slice_rows(begin, rows), GemmStart::kZero);
  }
  EXPECT_EQ(split.values(), whole.values());
}

// Segments of three widths, in another order in C than in B, multiplied one range at a time.
TEST_P(GemmTest, SegmentsGoWhereTheyBelong) {
  constexpr size_t kRows = 13, kDepth = 270;
  const std::vector<Segment> segments = {{40, 61}, {21, 0}, {33, 25}};
  const size_t cols = 94, width = 101;
  std::vector<size_t> order(cols);
  for (size_t j = 0; j < cols; ++j) order[j] = (j * 37 + 5) % cols;
  Padded<float> a(kRows, kDepth, 0, 1), weight(cols, kDepth, 3, 2), c(kRows, width, 2, 3), expected(kRows, width, 2, 3);
  const std::vector<float> bias = Padded<float>(1, width, 0, 4).values();
  PackedMatrix<float> packed;
  packed.pack_transposed(weight.view(), {order, segments});
  gemm<float>(a.view(), packed, c.view(), GemmStart::kBias, bias.data(), {1, 3});
  gemm<float>(a.view(), packed, c.view(), GemmStart::kBias, bias.data(), {0, 1});

  size_t first = 0;
  for (const Segment& s : segments) {
    for (size_t j = 0; j < s.cols; ++j) {
      for (size_t i = 0; i < kRows; ++i) {
        float sum = bias[s.target + j];
        for (size_t k = 0; k < kDepth; ++k) sum = std::fma(a.view()(i, k), weight.view()(order[first + j], k), sum);
        expected.view()(i, s.target + j) = sum;
      }
    }
    first += s.cols;
  }
  EXPECT_EQ(c.values(), expected.values());

  PackedMatrix<float> rows;
  rows.pack(weight.view(), {order, {}});
  Padded<float> b(kRows, cols, 0, 5), product(kRows, kDepth, 0, 6), reference(kRows, kDepth, 0, 6);
  gemm<float>(b.view(), rows, product.view(), GemmStart::kAccumulate);
  for (size_t i = 0; i < kRows; ++i)
    for (size_t j = 0; j < kDepth; ++j)
      for (size_t k = 0; k < cols; ++k)
        reference.view()(i, j) = std::fma(b.view()(i, k), weight.view()(order[k], j), reference.view()(i, j));
  EXPECT_EQ(product.values(), reference.values());
}

TEST_P(GemmTest, AsksForWhatComesUpAndChangesNoBit) {
  Padded<float> a(20, 40, 3, 1), b(40, 70, 0, 2), expected(20, 70, 5, 3), c(20, 70, 5, 3), next(9, 30, 0, 4);
  PackedMatrix<float> packed;
  packed.pack(b.view());
  gemm<float>(a.view(), packed, expected.view(), GemmStart::kAccumulate);
  Upcoming<float> upcoming;
  upcoming.add(next.view());
  gemm<float>(a.view(), packed, c.view(), GemmStart::kAccumulate, nullptr, {}, &upcoming);
  EXPECT_EQ(c.values(), expected.values());
  EXPECT_EQ(upcoming.take(1), nullptr);  // 40 vectors a tile, and there are more tiles than one
}

// Weights that are far are prefetched: those of the product itself, then the ones named.
TEST_P(GemmTest, FarWeightsChangeNoBit) {
  constexpr size_t kDepth = 300, kCols = 400;
  const std::vector<Segment> segments = {{144, 0}, {256, 144}};
  Padded<float> b(kDepth, kCols, 0, 1);
  for (const bool narrow : {false, true})
    for (const size_t rows : {1, 2, 7, 16, 30, 130}) {
      Padded<float> a(rows, kDepth, 3, 2), near(rows, kCols, 5, 3), far(rows, kCols, 5, 3);
      PackedMatrix<float> packed;
      packed.pack(b.view(), {{}, segments});
      if (narrow) packed.narrow();
      for (const size_t s : {1, 0}) {
        gemm<float>(a.view(), packed, near.view(), GemmStart::kAccumulate, nullptr, {s, s + 1});
        gemm<float>(a.view(), packed, far.view(), GemmStart::kAccumulate, nullptr, {s, s + 1, packed.panels(0)});
      }
      EXPECT_EQ(far.values(), near.values()) << rows << " rows, " << (narrow ? "narrow" : "full");
    }
}

TEST(PackedMatrixTest, KnowsWhetherItIsFar) {
  Padded<float> b(32, 32, 0, 1);
  PackedMatrix<float> packed;
  packed.pack(b.view());
  EXPECT_FALSE(packed.is_far());
  EXPECT_FALSE(are_far(64 << 10));
  EXPECT_TRUE(are_far(size_t{1} << 30));
}

TEST(UpcomingTest, GivesEveryRunInTurn) {
  Padded<float> first(2, 10, 0, 1), second(1, 5, 0, 2);
  Upcoming<float> upcoming;
  EXPECT_EQ(upcoming.take(8), nullptr);
  upcoming.add(first.view());
  upcoming.add(second.view());
  EXPECT_EQ(upcoming.take(8), first.values().data());
  EXPECT_EQ(upcoming.take(8), first.values().data() + 8);
  EXPECT_EQ(upcoming.take(8), first.values().data() + 16);
  EXPECT_EQ(upcoming.take(5), second.values().data());
  EXPECT_EQ(upcoming.take(8), nullptr);
}

TEST(UpcomingTest, LeavesRowsWithGaps) {
  Padded<float> gaps(2, 10, 1, 1), none(0, 10, 0, 2);
  Upcoming<float> upcoming;
  upcoming.add(gaps.view());
  upcoming.add(none.view());
  EXPECT_EQ(upcoming.take(8), nullptr);
}

TEST_P(GemmTest, FewOutputsAreSumsSideBySide) {
  for (const size_t n : {1, 7, 8, 16, 20, 133}) {
    Padded<float> x(5, n, 3, 1), weight(3, n, 2, 2), y(5, 3, 1, 3);
    const std::vector<float> bias = Padded<float>(1, 3, 0, 4).values();
    dot_kernel<float>()(weight.view(), x.view(), bias.data(), y.view());
    for (size_t r = 0; r < 5; ++r)
      for (size_t j = 0; j < 3; ++j) {
        float s[kDotSums] = {};
        for (size_t k = 0; k < n; ++k) s[k % kDotSums] = std::fma(x.view()(r, k), weight.view()(j, k), s[k % kDotSums]);
        for (size_t width = kDotSums / 2; width > 0; width /= 2)
          for (size_t i = 0; i < width; ++i) s[i] += s[i + width];
        EXPECT_EQ(y.view()(r, j), s[0] + bias[j]) << n;
      }
  }
}

TEST_P(GemmTest, GradientRowsFollowTheSegments) {
  const std::vector<Segment> segments = {{40, 30}, {13, 0}, {7, 20}};
  for (const size_t n : {size_t{3}, size_t{50}, size_t{400}}) {
    Padded<float> a(70, 60, 1, 1), b(70, n, 0, 2), c(70, n, 4, 3), expected(70, n, 4, 3);
    size_t first = 0;
    for (const Segment& s : segments) {
      for (size_t i = 0; i < s.cols; ++i)
        for (size_t k = 0; k < 70; ++k)
          for (size_t j = 0; j < n; ++j)
            expected.view()(s.target + i, j) =
                std::fma(a.view()(k, first + i), b.view()(k, j), expected.view()(s.target + i, j));
      first += s.cols;
    }
    Buffer<float> workspace;
    for (const size_t begin : {size_t{0}, size_t{25}}) {
      const size_t end = begin == 0 ? 25 : 60;
      gemm_gradient<float>(a.view(), b.view(), c.view(), workspace, {segments, begin, end});
    }
    EXPECT_EQ(c.values(), expected.values()) << n;
  }
}

TEST_P(GemmTest, GradientRowsDoNotDependOnTheSplit) {
  constexpr size_t kRows = 300, kM = 50, kN = 40;
  Padded<float> a(kRows, kM, 0, 1), b(kRows, kN, 0, 2), whole(kM, kN, 0, 3), split(kM, kN, 0, 3);
  Buffer<float> workspace;
  gemm_gradient<float>(a.view(), b.view(), whole.view(), workspace);
  for (size_t begin : {0, 10, 20, 30, 40}) {
    gemm_gradient<float>(a.view().slice_cols(begin, 10), b.view(), split.view().slice_rows(begin, 10), workspace);
  }
  EXPECT_EQ(split.values(), whole.values());
}

INSTANTIATE_TEST_SUITE_P(Targets, GemmTest, testing::ValuesIn(supported_targets()),
                         [](const auto& test) { return std::string(test.param.name); });

}  // namespace
}  // namespace elman
