#include "kernels/gemm.h"

#include "kernels/targets.h"
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/gemm.cc"
#include "hwy/foreach_target.h"
#include "kernels/gemm-inl.h"

HWY_BEFORE_NAMESPACE();
namespace elman {
namespace HWY_NAMESPACE {

// B is read a block of columns at a time, kDepthBlock deep, which fits half of a second-level cache. A block of rows
// goes through all of k before the next one, so that its part of C waits in the cache too.
inline constexpr size_t kColumnBlock = 256, kRowBlock = 96;
// A vector more than kDepthBlock: rows start in different cache sets.
inline constexpr size_t kRowStep = kDepthBlock + 16;
template <class T>
inline constexpr T kZeros[kColumnBlock] = {};

// One block of columns, of rows and of k.
template <class T>
HWY_INLINE void gemm_block(const ConstView<T>& a, const TileB<T>& b, size_t cols, const TileC<T>& c) {
  HWY_ALIGN T tile[GemmShape<T>::kRows * kRowStep];
  const RowTiles<T> tiles(a.rows);
  for (size_t t = 0; t < tiles.count(); ++t) {
    const size_t row = tiles.begin(t), rows = tiles.rows(t);
    for (size_t r = 0; r < rows; ++r) std::copy_n(a.row(row + r), b.depth, tile + r * kRowStep);
    RowKernels<T, TileSteps<kRowStep, 1>>::multiply(rows, tile, b, cols, c.from_row(row));
  }
}

// One block of columns and of rows, for all k. `first` is what the sum starts from.
template <class T>
HWY_INLINE void gemm_rows(ConstView<T> a, const T* panels, View<T> c, TileC<T> first) {
  size_t k = 0;
  do {  // once even if there is nothing to sum, for the start value
    const size_t depth = std::min(kDepthBlock, a.cols - k);
    const TileB<T> block{panels + k * kPanel<T>, a.cols * kPanel<T>, depth};
    const TileC<T> so_far{c.data, c.stride, c.data, c.stride};
    gemm_block(a.slice_cols(k, depth), block, c.cols, k == 0 ? first : so_far);
    k += kDepthBlock;
  } while (k < a.cols);
}

template <class T>
HWY_INLINE void gemm_all(const ConstView<T>& a, const PackedMatrix<T>& b, const View<T>& c, GemmStart start,
                         const T* bias) {
  for (size_t col = 0; col < c.cols; col += kColumnBlock) {
    for (size_t row = 0; row < c.rows; row += kRowBlock) {
      const size_t rows = std::min(kRowBlock, c.rows - row);
      const View<T> block = c.slice_cols(col, std::min(kColumnBlock, c.cols - col)).slice_rows(row, rows);
      TileC<T> first{block.data, block.stride, block.data, block.stride};
      if (start == GemmStart::kBias) first.start = bias + col, first.start_stride = 0;
      if (start == GemmStart::kZero) first.start = kZeros<T>, first.start_stride = 0;
      gemm_rows(a.slice_rows(row, rows), b.data() + col * a.cols, block, first);
    }
  }
}

size_t panel_f32() { return kPanel<float>; }
size_t panel_f64() { return kPanel<double>; }
void gemm_f32(const ConstView<float>& a, const PackedMatrix<float>& b, const View<float>& c, GemmStart start,
              const float* bias) {
  gemm_all(a, b, c, start, bias);
}
void gemm_f64(const ConstView<double>& a, const PackedMatrix<double>& b, const View<double>& c, GemmStart start,
              const double* bias) {
  gemm_all(a, b, c, start, bias);
}

}  // namespace HWY_NAMESPACE
}  // namespace elman
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace elman {

HWY_EXPORT(panel_f32);
HWY_EXPORT(panel_f64);
HWY_EXPORT(gemm_f32);
HWY_EXPORT(gemm_f64);

namespace {

template <class T>
size_t panel_of_target() {
  if constexpr (sizeof(T) == sizeof(float)) {
    return HWY_DYNAMIC_DISPATCH(panel_f32)();
  } else {
    return HWY_DYNAMIC_DISPATCH(panel_f64)();
  }
}

}  // namespace

template <class T>
void PackedMatrix<T>::reshape(size_t depth, size_t cols) {
  depth_ = depth;
  cols_ = cols;
  panel_ = panel_of_target<T>();
  data_.resize((cols + panel_ - 1) / panel_ * depth * panel_);
}

template <class T>
void PackedMatrix<T>::pack(ConstView<T> source) {
  reshape(source.rows, source.cols);
  T* to = data_.data();
  for (size_t col = 0; col < cols_; col += panel_) {
    const size_t cols = std::min(panel_, cols_ - col);
    for (size_t k = 0; k < depth_; ++k, to += panel_) {
      std::fill(std::copy_n(source.row(k) + col, cols, to), to + panel_, T{});
    }
  }
}

template <class T>
void PackedMatrix<T>::pack_transposed(ConstView<T> source) {
  reshape(source.cols, source.rows);
  for (size_t col = 0; col < cols_; col += panel_) {
    const size_t cols = std::min(panel_, cols_ - col);
    T* panel = data_.data() + col * depth_;
    if (cols < panel_) std::fill_n(panel, depth_ * panel_, T{});
    for (size_t j = 0; j < cols; ++j) {
      const T* from = source.row(col + j);
      for (size_t k = 0; k < depth_; ++k) panel[k * panel_ + j] = from[k];
    }
  }
}

template class PackedMatrix<float>;
template class PackedMatrix<double>;

template <class T>
void gemm(ConstView<T> a, const PackedMatrix<T>& b, View<T> c, GemmStart start, const T* bias) noexcept {
  ELMAN_DCHECK(a.cols == b.depth() && c.rows == a.rows && c.cols == b.cols());
  ELMAN_DCHECK(b.panel() == panel_of_target<T>());
  ELMAN_DCHECK(start != GemmStart::kBias || bias != nullptr);
  if constexpr (sizeof(T) == sizeof(float)) {
    HWY_DYNAMIC_DISPATCH(gemm_f32)(a, b, c, start, bias);
  } else {
    HWY_DYNAMIC_DISPATCH(gemm_f64)(a, b, c, start, bias);
  }
}

template void gemm(ConstView<float>, const PackedMatrix<float>&, View<float>, GemmStart, const float*) noexcept;
template void gemm(ConstView<double>, const PackedMatrix<double>&, View<double>, GemmStart, const double*) noexcept;

}  // namespace elman
#endif  // HWY_ONCE
