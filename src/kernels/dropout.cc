#include "kernels/dropout.h"

#include <algorithm>

#include "kernels/targets.h"
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/dropout.cc"
#include "hwy/foreach_target.h"
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace elman {
namespace HWY_NAMESPACE {

inline constexpr size_t kWords = 4;        // of a block
inline constexpr size_t kSideBySide = 32;  // blocks: what compilers make vectors of rather than unroll
inline constexpr size_t kMostBlocks = 64;  // drawn at a time
inline constexpr size_t kBits = 16;        // that decide an element

// Random::block of kSideBySide counters at once.
void draw(const Random& random, uint64_t counter, uint32_t* out, size_t blocks) {
  uint32_t words[kWords][kSideBySide];
  for (size_t i = 0; i < kSideBySide; ++i) {
    words[0][i] = static_cast<uint32_t>(counter + i);
    words[1][i] = static_cast<uint32_t>((counter + i) >> 32);
    words[2][i] = static_cast<uint32_t>(random.stream());
    words[3][i] = static_cast<uint32_t>(random.stream() >> 32);
  }
  Random::Key key = random.key();
  for (int round = 0; round < Random::kRounds; ++round, key.advance())
    for (size_t i = 0; i < kSideBySide; ++i) {
      const uint64_t p0 = Random::kFactors[0] * words[0][i], p1 = Random::kFactors[1] * words[2][i];
      words[0][i] = static_cast<uint32_t>(p1 >> 32) ^ words[1][i] ^ key.words[0];
      words[1][i] = static_cast<uint32_t>(p1);
      words[2][i] = static_cast<uint32_t>(p0 >> 32) ^ words[3][i] ^ key.words[1];
      words[3][i] = static_cast<uint32_t>(p0);
    }
  for (size_t i = 0; i < blocks; ++i)
    for (size_t k = 0; k < kWords; ++k) out[kWords * i + k] = words[k][i];
}

// Nothing branches, so that the compiler makes vectors.
template <class T>
void drop_some(const uint32_t* words, int shift, int32_t threshold, T scale, const T* x, T* y, size_t n) {
  for (size_t i = 0; i < n; ++i)
    y[i] = x[i] * (static_cast<int32_t>(words[i] >> shift & 0xffff) < threshold ? T{} : scale);
}

template <class T>
void drop_rows(const DropoutMask& mask, ConstView<T> x, View<T> y) {
  const T scale = static_cast<T>(0x1p16 / (0x1p16 - mask.threshold));
  const size_t row_blocks = DropoutMask::blocks_of(x.cols);
  const size_t at_once = std::max<size_t>(1, kMostBlocks / row_blocks);  // rows
  uint32_t words[kWords * kMostBlocks];
  for (size_t r = 0; r < x.rows; r += at_once)
    for (size_t k = 0; k < row_blocks; k += kMostBlocks) {
      const size_t blocks = std::min(kMostBlocks, row_blocks - k), rows = std::min(at_once, x.rows - r);
      const size_t first = k * DropoutMask::kElements, n = std::min(blocks * DropoutMask::kElements, x.cols - first);
      for (size_t b = 0; b < blocks * rows; b += kSideBySide)
        draw(mask.random, mask.first_block + r * row_blocks + k + b, words + kWords * b,
             std::min(kSideBySide, blocks * rows - b));
      const size_t half = std::min(kWords * blocks, n);  // takes the low bits, the rest the high ones
      for (size_t i = 0; i < rows; ++i) {
        const uint32_t* of_row = words + kWords * blocks * i;
        const T* from = x.row(r + i) + first;
        T* to = y.row(r + i) + first;
        drop_some(of_row, 0, mask.threshold, scale, from, to, half);
        drop_some(of_row, kBits, mask.threshold, scale, from + half, to + half, n - half);
      }
    }
}

void drop_f32(const DropoutMask& mask, ConstView<float> x, View<float> y) { drop_rows(mask, x, y); }
void drop_f64(const DropoutMask& mask, ConstView<double> x, View<double> y) { drop_rows(mask, x, y); }

}  // namespace HWY_NAMESPACE
}  // namespace elman
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace elman {

HWY_EXPORT(drop_f32);
HWY_EXPORT(drop_f64);

void drop(const DropoutMask& mask, ConstView<float> x, View<float> y) noexcept {
  HWY_DYNAMIC_DISPATCH(drop_f32)(mask, x, y);
}
void drop(const DropoutMask& mask, ConstView<double> x, View<double> y) noexcept {
  HWY_DYNAMIC_DISPATCH(drop_f64)(mask, x, y);
}

}  // namespace elman
#endif  // HWY_ONCE
