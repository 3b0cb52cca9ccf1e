#include "layers/dropout.h"

#include <algorithm>
#include <cmath>

namespace elman {

namespace {

constexpr size_t kBits = 16;            // random bits an element
constexpr size_t kBlock = 128 / kBits;  // elements that a block of random words serves
constexpr size_t kMaxBlocks = 64;       // drawn at a time

// Drops x[i] where 16 bits of words[i] are below the threshold. Nothing branches, so that the compiler makes vectors.
template <class T>
void drop(const uint32_t* words, int shift, int32_t threshold, T scale, T* x, size_t n) {
  for (size_t i = 0; i < n; ++i) {
    x[i] *= static_cast<int32_t>(words[i] >> shift & 0xffff) < threshold ? T{} : scale;
  }
}

}  // namespace

template <class T>
DropoutLayer<T>::DropoutLayer(size_t id, size_t size, double rate)
    : Layer<T>(id), size_(size), threshold_(static_cast<int32_t>(std::lround(rate * 0x1p16))) {}

template <class T>
void DropoutLayer<T>::apply(ThreadPool& pool, const Random& random, size_t first_row, View<T> x) const {
  const T scale = static_cast<T>(0x1p16 / (0x1p16 - threshold_));
  const size_t row_blocks = (size_ + kBlock - 1) / kBlock;
  const uint64_t first = (uint64_t{this->id()} << 40);                  // each layer draws from a range of its own
  const size_t at_once = std::max<size_t>(1, kMaxBlocks / row_blocks);  // rows
  pool.split(x.rows, 64, [&](size_t begin, size_t end) {
    uint32_t words[4 * kMaxBlocks];
    for (size_t r = begin; r < end; r += at_once)
      for (size_t k = 0; k < row_blocks; k += kMaxBlocks) {
        const size_t blocks = std::min(kMaxBlocks, row_blocks - k), n = std::min(blocks * kBlock, size_ - k * kBlock);
        const size_t rows = std::min(at_once, end - r);
        random.fill(first + (first_row + r) * row_blocks + k, {words, 4 * blocks * rows});
        for (size_t i = 0; i < rows; ++i) {
          T* at = x.row(r + i) + k * kBlock;  // its first half takes the low bits, its second half the high ones
          const size_t half = std::min(4 * blocks, n);
          drop(words + 4 * blocks * i, 0, threshold_, scale, at, half);
          drop(words + 4 * blocks * i, kBits, threshold_, scale, at + half, n - half);
        }
      }
  });
}

template <class T>
View<T> DropoutLayer<T>::forward(const Pass<T>& pass, const Steps&, ConstView<T> x) const {
  const View<T> y = pass.kept().matrix(this->id(), kOutput, x.rows, size_);
  copy_rows(x, y);
  const bool drop = pass.dropout && threshold_ > 0;
  if (drop) apply(pass.scratch.pool, *pass.dropout, pass.first_row, y);
  if (pass.tape) {
    auto& entry = pass.tape->entry(this->id());
    entry.dropped = drop;
    if (drop) entry.dropout = *pass.dropout;
    entry.first_row = pass.first_row;
  }
  return y;
}

template <class T>
View<T> DropoutLayer<T>::backward(const BackwardPass<T>& pass, const Steps&, View<T> d_y, bool) const {
  const auto& entry = pass.tape.entry(this->id());
  if (entry.dropped) apply(pass.scratch.pool, entry.dropout, entry.first_row, d_y);
  return d_y;
}

template class DropoutLayer<float>;
template class DropoutLayer<double>;

}  // namespace elman
