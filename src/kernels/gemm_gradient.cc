#include "kernels/gemm.h"
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

// Rows of B from `k`, in zero-padded panels [kPanel] wide.
template <class T>
void pack_panels(ConstView<T> b, T* to) {
  for (size_t col = 0; col < b.cols; col += kPanel<T>) {
    const size_t cols = std::min(kPanel<T>, b.cols - col);
    for (size_t k = 0; k < b.rows; ++k, to += kPanel<T>) {
      std::fill(std::copy_n(b.row(k) + col, cols, to), to + kPanel<T>, T{});
    }
  }
}

// Tiles of A's columns, each [k][kRows].
template <class T>
void pack_tiles(ConstView<T> a, const RowTiles<T>& tiles, T* to) {
  for (size_t t = 0; t < tiles.count(); ++t) {
    for (size_t k = 0; k < a.rows; ++k, to += GemmShape<T>::kRows) {
      std::copy_n(a.row(k) + tiles.begin(t), tiles.rows(t), to);
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
      RowKernels<T, TileSteps<1, kRows>>::multiply(tiles.rows(t), tile + t * a.rows * kRows, block, c.cols,
                                                   {to, c.stride, to, c.stride});
    }
  }
}

template <class T>
void gradient(ConstView<T> a, ConstView<T> b, View<T> c, Buffer<T>& workspace) {
  constexpr size_t kTileSize = kDepthBlock * (kGradientBlock + GemmShape<T>::kRows);
  workspace.resize(kTileSize + kDepthBlock * (c.cols + kPanel<T>));
  for (size_t k = 0; k < a.rows; k += kDepthBlock) {
    const size_t depth = std::min(kDepthBlock, a.rows - k);
    gradient_block(a.slice_rows(k, depth), b.slice_rows(k, depth), c, workspace.data() + kTileSize, workspace.data());
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
