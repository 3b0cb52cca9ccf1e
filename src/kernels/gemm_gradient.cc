#include "kernels/gemm.h"

#include <cstring>

#include "kernels/targets.h"
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/gemm_gradient.cc"
#include "hwy/foreach_target.h"
#include "kernels/gemm-inl.h"

HWY_BEFORE_NAMESPACE();
namespace elman {
namespace HWY_NAMESPACE {

// Columns of A copied at a time: the copy stays in the second-level cache, and reads whole cache lines.
inline constexpr size_t kGradientBlock = 192;

// Copies the first `cols` of kWidth elements and zeroes the rest. A length known to the compiler becomes a few vector
// moves.
template <size_t kWidth, class T>
HWY_INLINE void copy_padded(const T* from, size_t cols, T* to) {
  if (cols >= kWidth) {
    std::memcpy(to, from, kWidth * sizeof(T));
  } else {
    std::fill(std::copy_n(from, cols, to), to + kWidth, T{});
  }
}

// B in zero-padded panels, each [k][kPanel].
template <class T>
void pack_panels(ConstView<T> b, T* to) {
  for (size_t col = 0; col < b.cols; col += kPanel<T>) {
    for (size_t k = 0; k < b.rows; ++k, to += kPanel<T>) copy_padded<kPanel<T>>(b.row(k) + col, b.cols - col, to);
  }
}

// A vector more than a tile's own size, so that tiles start in different cache sets.
template <class T>
inline constexpr size_t kTileStride = kDepthBlock* GemmShape<T>::kRows + 16;

// Tiles of A's columns, each [k][kRows]; what lies beyond a tile's own rows is not used.
template <class T>
void pack_tiles(ConstView<T> a, const RowTiles<T>& tiles, T* to) {
  constexpr size_t kRows = GemmShape<T>::kRows;
  for (size_t k = 0; k < a.rows; ++k, to += kRows) {
    for (size_t t = 0; t < tiles.count(); ++t) {
      const size_t col = tiles.begin(t);
      copy_padded<kRows>(a.row(k) + col, a.cols - col, to + t * kTileStride<T>);
    }
  }
}

// One block of k for all of C.
template <class T>
void gradient_block(ConstView<T> a, ConstView<T> b, View<T> c, T* panels, T* tile) {
  constexpr size_t kRows = GemmShape<T>::kRows;
  pack_panels(b, panels);
  const TileB<T> block{panels, b.rows * kPanel<T>, b.rows};
  for (size_t row = 0; row < c.rows; row += kGradientBlock) {
    const RowTiles<T> tiles(std::min(kGradientBlock, c.rows - row));
    pack_tiles(a.slice_cols(row, std::min(kGradientBlock, c.rows - row)), tiles, tile);
    for (size_t t = 0; t < tiles.count(); ++t) {
      T* to = c.row(row + tiles.begin(t));
      RowKernels<T, TileSteps<1, kRows>>::multiply(tiles.rows(t), tile + t * kTileStride<T>, block, c.cols,
                                                   {to, c.stride, to, c.stride});
    }
  }
}

template <class T>
inline constexpr size_t kTilesSize = (kGradientBlock / GemmShape<T>::kRows + 1) * kTileStride<T>;

template <class T>
size_t workspace_size(View<T> c) {
  return kTilesSize<T> + kDepthBlock * (c.cols + kPanel<T>);
}

template <class T>
void gradient_blocks(ConstView<T> a, ConstView<T> b, View<T> c, T* workspace) {
  for (size_t k = 0; k < a.rows; k += kDepthBlock) {
    const size_t depth = std::min(kDepthBlock, a.rows - k);
    gradient_block(a.slice_rows(k, depth), b.slice_rows(k, depth), c, workspace + kTilesSize<T>, workspace);
  }
}

template <class T>
void transpose(ConstView<T> from, View<T> to) {
  for (size_t i = 0; i < from.rows; ++i) {
    for (size_t j = 0; j < from.cols; ++j) to(j, i) = from(i, j);
  }
}

// Few columns would leave most of a panel empty: as rows, in C^T += B^T A, they leave nothing.
template <class T>
void gradient(ConstView<T> a, ConstView<T> b, View<T> c, Buffer<T>& workspace) {
  const bool narrow = c.cols <= kPanel<T> / 2 && c.cols < c.rows;
  if (narrow) {
    View<T> turned(nullptr, c.cols, c.rows);
    workspace.resize(workspace_size(turned) + c.rows * c.cols);
    turned.data = workspace.data() + workspace_size(turned);
    transpose<T>(c, turned);
    gradient_blocks(b, a, turned, workspace.data());
    transpose<T>(turned, c);
  } else {
    workspace.resize(workspace_size(c));
    gradient_blocks(a, b, c, workspace.data());
  }
}

void gradient_f32(ConstView<float> a, ConstView<float> b, View<float> c, Buffer<float>& workspace) {
  gradient(a, b, c, workspace);
}
void gradient_f64(ConstView<double> a, ConstView<double> b, View<double> c, Buffer<double>& workspace) {
  gradient(a, b, c, workspace);
}

}  // namespace HWY_NAMESPACE
}  // namespace elman
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace elman {

HWY_EXPORT(gradient_f32);
HWY_EXPORT(gradient_f64);

template <class T>
void gemm_gradient(ConstView<T> a, ConstView<T> b, View<T> c, Buffer<T>& workspace) {
  ELMAN_DCHECK(a.rows == b.rows && c.rows == a.cols && c.cols == b.cols);
  if constexpr (sizeof(T) == sizeof(float)) {
    HWY_DYNAMIC_DISPATCH(gradient_f32)(a, b, c, workspace);
  } else {
    HWY_DYNAMIC_DISPATCH(gradient_f64)(a, b, c, workspace);
  }
}

template void gemm_gradient(ConstView<float>, ConstView<float>, View<float>, Buffer<float>&);
template void gemm_gradient(ConstView<double>, ConstView<double>, View<double>, Buffer<double>&);

}  // namespace elman
#endif  // HWY_ONCE
