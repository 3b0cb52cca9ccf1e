#include "tensor/tensor.h"

#include <gtest/gtest.h>

#include <cstdint>

namespace elman {
namespace {

bool aligned(const void* p) { return reinterpret_cast<uintptr_t>(p) % kAlignment == 0; }

TEST(Buffer, IsAlignedAndKeepsItsMemoryWhenItShrinks) {
  Buffer<float> buffer(100);
  const float* memory = buffer.data();
  EXPECT_TRUE(aligned(memory));
  for (const float x : buffer) EXPECT_EQ(x, 0.0f);
  buffer[2] = 5.0f;
  buffer.resize(3);
  EXPECT_EQ(buffer.size(), 3u);
  buffer.resize(100);
  EXPECT_EQ(buffer.data(), memory);
  EXPECT_EQ(buffer[2], 5.0f);
  buffer.resize(101);
  EXPECT_TRUE(aligned(buffer.data()));
  EXPECT_TRUE(Buffer<float>().empty());
}

TEST(Buffer, CopiesAreApart) {
  Buffer<float> buffer(3);
  Buffer<float> copy = buffer.copy();
  copy[0] = 1.0f;
  EXPECT_EQ(buffer[0], 0.0f);
  const Buffer<float> moved = std::move(copy);
  EXPECT_EQ(moved[0], 1.0f);
  EXPECT_EQ(moved.size(), 3u);
}

TEST(View, SlicesAddressTheSameElements) {
  Tensor<int> x(3, 4);
  for (size_t r = 0; r < 3; ++r)
    for (size_t c = 0; c < 4; ++c) x(r, c) = static_cast<int>(10 * r + c);
  const View<int> part = x.view().slice_rows(1, 2).slice_cols(1, 2);
  EXPECT_EQ(part.rows, 2u);
  EXPECT_EQ(part.cols, 2u);
  EXPECT_EQ(part.stride, 4u);
  EXPECT_EQ(part(0, 0), 11);
  EXPECT_EQ(part(1, 1), 22);
  part(1, 0) = -1;
  EXPECT_EQ(x(2, 1), -1);
  EXPECT_EQ(ConstView<int>(part).row(1)[0], -1);
  EXPECT_FALSE(View<int>());
}

}  // namespace
}  // namespace elman
