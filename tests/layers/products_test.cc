#include "layers/products.h"

#include <gtest/gtest.h>

#include "support/values.h"

namespace elman {
namespace {

// By rows where they are many, by segments of columns where they are few, and by rows where there is but one: never
// does a bit depend on it.
TEST(Multiply, SameBitsHoweverItIsDivided) {
  constexpr size_t kDepth = 96, kSegments = 5, kCols = 64;
  std::vector<Segment> segments;
  for (size_t s = 0; s < kSegments; ++s) segments.push_back({kCols, (kSegments - 1 - s) * kCols});
  const Tensor<float> b = random_tensor<float>(kDepth, kSegments * kCols, 1);
  PackedMatrix<float> many, one;
  many.pack(b, {{}, segments});
  one.pack(b);
  const std::vector<float> bias(kSegments * kCols, 0.25f);
  for (const PackedMatrix<float>* packed : {&many, &one}) {
    for (const size_t rows : {1, 2, 23, 47, 48, 100}) {
      const Tensor<float> a = random_tensor<float>(rows, kDepth, rows);
      Tensor<float> expected(rows, kSegments * kCols);
      gemm<float>(a, *packed, expected.view(), GemmStart::kBias, bias.data());
      for (const size_t threads : {1, 2, 3}) {
        ThreadPool pool(threads);
        Tensor<float> c(rows, kSegments * kCols);
        multiply<float>(pool, a, *packed, c.view(), GemmStart::kBias, bias.data());
        EXPECT_TRUE(same_bits(to_vector(c.view()), to_vector(expected.view()))) << rows << " rows, " << threads;
      }
    }
  }
}

}  // namespace
}  // namespace elman
