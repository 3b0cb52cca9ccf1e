#include "kernels/dropout.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "kernels/targets.h"

namespace elman {
namespace {

constexpr size_t kRows = 5, kWidest = 1200;
constexpr int32_t kThreshold = 20000;

// Which 16 bits decide column c: 512 columns at a time take the low halves of their words first, then the high ones.
bool is_dropped(const DropoutMask& mask, size_t columns, size_t row, size_t column) {
  const size_t first = column / 512 * 512, words = (std::min<size_t>(512, columns - first) + 7) / 8 * 4;
  const size_t word = (column - first) % words, shift = (column - first) / words * 16;
  const uint64_t block = mask.first_block + row * DropoutMask::blocks_of(columns) + first / 8 + word / 4;
  return static_cast<int32_t>(mask.random.block(block)[word % 4] >> shift & 0xffff) < mask.threshold;
}

template <class T>
void expect_dropped(const DropoutMask& mask, size_t columns) {
  std::vector<T> x(kRows * kWidest, T{3}), y(x.size(), T{7});
  const ConstView<T> from(x.data(), kRows, columns, kWidest);
  const View<T> to(y.data(), kRows, columns, kWidest);
  drop(mask, from, to);
  const T kept = T{3} * static_cast<T>(0x1p16 / (0x1p16 - mask.threshold));
  for (size_t r = 0; r < kRows; ++r) {
    for (size_t c = 0; c < columns; ++c)
      ASSERT_EQ(to(r, c), is_dropped(mask, columns, r, c) ? T{0} : kept) << columns << " columns: " << r << ", " << c;
    if (columns < kWidest) {
      EXPECT_EQ(y[r * kWidest + columns], T{7});
    }
  }
  drop(mask, from, View<T>(x.data(), kRows, columns, kWidest));  // in place
  for (size_t r = 0; r < kRows; ++r)
    for (size_t c = 0; c < columns; ++c) ASSERT_EQ(x[r * kWidest + c], to(r, c));
}

TEST(Dropout, DropsWhatTheRandomBlocksSayOnEveryInstructionSet) {
  const DropoutMask mask{Random(3, 5), (1ull << 32) - 70, kThreshold};  // the counter's halves carry
  for (const InstructionSet& set : supported_targets()) {
    const ForcedTarget forced(set);
    for (const size_t columns : {1u, 3u, 8u, 9u, 100u, 256u, 300u, 512u, 513u, 1200u}) {
      expect_dropped<float>(mask, columns);
      expect_dropped<double>(mask, columns);
    }
  }
}

TEST(Dropout, DropsItsShare) {
  std::vector<float> x(1 << 16, 1.0f);
  drop({Random(1, 2), 0, kThreshold}, ConstView<float>(x.data(), 256, 256), View<float>(x.data(), 256, 256));
  const auto dropped = static_cast<double>(std::count(x.begin(), x.end(), 0.0f));
  const double rate = kThreshold * 0x1p-16, n = static_cast<double>(x.size());
  EXPECT_NEAR(dropped / n, rate, 5 * std::sqrt(rate * (1 - rate) / n));  // five deviations
}

}  // namespace
}  // namespace elman
