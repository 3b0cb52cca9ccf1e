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

// Calls visit(first column of A, count, first row of C) for each run of columns that are neighbours in A and, as rows,
// in C.
template <class Visit>
HWY_INLINE void for_each_run(const GradientRange& range, Visit&& visit) {
  size_t first = 0;
  for (const Segment& s : range.segments) {
    const size_t last = s.target == Segment::kNowhere ? 0 : std::min(first + s.cols, range.end);
    const size_t col = std::max(first, range.begin);
    if (col < last) visit(col, last - col, s.target + col - first);
    first += s.cols;
  }
}

// A tile of A's columns is read again for every panel of B, and its rows, a whole row of gates apart, evict each other
// from the caches: copied, they do not. That pays for products with so many columns, a slab of A's columns at a time.
inline constexpr size_t kWorthCopying = 128, kSlab = 96;
// From one tile's copy to the next: a cache line is left for what the last vector writes too many.
template <class T>
inline constexpr size_t kTileStep = kDepthBlock* GemmShape<T>::kRows + kAlignment / sizeof(T);

// Of the panels of one block of B.
template <class T>
size_t panels_size(size_t cols) {
  return kDepthBlock * (cols + kPanel<T>);
}

// C += A^T B, A read in place.
template <class T>
void multiply_in_place(ConstView<T> a, const TileB<T>& b, View<T> c) {
  const RowTiles<T> tiles(a.cols);
  for (size_t t = 0; t < tiles.count(); ++t) {
    T* to = c.row(tiles.begin(t));
    RowKernels<T, T, Columns>::multiply(tiles.rows(t), a.data + tiles.begin(t), Columns{a.stride}, b, c.cols,
                                        {to, c.stride, to, c.stride});
  }
}

// Copies kRows columns of A, [k][kRows], in whole vectors: the rest of each is overwritten by the next step's.
template <class T>
HWY_INLINE void pack_tile(const T* HWY_RESTRICT from, size_t stride, size_t depth, T* HWY_RESTRICT to) {
  using L = Lanes<T>;
  constexpr size_t kRows = GemmShape<T>::kRows;
  for (size_t k = 0; k < depth; ++k, from += stride, to += kRows) {
    for (size_t i = 0; i < kRows; i += L::kCount) L::store(L::load(from + i), to + i);
  }
}

// A's first columns in tiles, each [k][kRows]; a tile of fewer holds some of those behind it besides.
template <class T>
void pack_tiles(ConstView<T> a, const RowTiles<T>& tiles, T* to) {
  constexpr size_t kRows = GemmShape<T>::kRows,
                   kRead = (kRows + Lanes<T>::kCount - 1) / Lanes<T>::kCount * Lanes<T>::kCount;
  constexpr size_t kAtOnce = 32;  // rows of A, which wait in the first-level cache for the next tile
  for (size_t begin = 0; begin < a.rows; begin += kAtOnce) {
    const size_t depth = std::min(kAtOnce, a.rows - begin);
    for (size_t t = 0; t < tiles.count(); ++t) {
      const size_t cols = a.cols - tiles.begin(t);
      const T* from = a.row(begin) + tiles.begin(t);
      T* tile = to + t * kTileStep<T> + begin * kRows;
      if (cols >= kRead) pack_tile(from, a.stride, depth, tile);
      else
        for (size_t k = 0; k < depth; ++k) copy_padded<kRows>(from + k * a.stride, cols, tile + k * kRows);
    }
  }
}

// C += A^T B for columns [begin, begin + count) of A, copied into `slab` before; the first panel asks for those behind.
template <class T>
void multiply_slab(ConstView<T> a, size_t begin, size_t count, const TileB<T>& b, View<T> c, bool far, T* slab) {
  constexpr size_t kRows = GemmShape<T>::kRows;
  const RowTiles<T> tiles(count);
  pack_tiles(a.slice_cols(begin, a.cols - begin), tiles, slab);
  const size_t end = begin + count, first = end < a.cols ? kPanel<T> : 0;
  for (size_t t = 0; t < tiles.count(); ++t) {
    const T* tile = slab + t * kTileStep<T>;
    T* row = c.row(tiles.begin(t));
    const TileC<T> to{row, c.stride, row, c.stride};
    if (first > 0) {
      const T* next = a.data + std::min(end + tiles.begin(t), a.cols - 1);
      RowKernels<T, T, NextColumns<T, kRows>>::multiply(tiles.rows(t), tile, {{far}, next, a.stride}, b, first, to);
    }
    RowKernels<T, T, CopiedColumns<kRows>>::multiply(tiles.rows(t), tile, {far}, b.from_panel(first / kPanel<T>),
                                                     c.cols - first, to.from_col(first));
  }
}

// One block of k for all of C.
template <class T>
void gradient_block(ConstView<T> a, ConstView<T> b, View<T> c, const GradientRange& range, T* workspace) {
  T* const slab = workspace + panels_size<T>(c.cols);
  pack_panels(b, workspace);
  const TileB<T> block{workspace, b.rows * kPanel<T>, b.rows};
  const bool far = are_far(c.rows * c.cols * sizeof(T));
  for_each_run(range, [&](size_t col, size_t cols, size_t row) {
    if (c.cols < kWorthCopying || cols < kSlab / 4)
      return multiply_in_place(a.slice_cols(col, cols), block, c.slice_rows(row, cols));
    for (size_t done = 0; done < cols; done += kSlab) {
      const size_t count = std::min(kSlab, cols - done);
      multiply_slab(a, col + done, count, block, c.slice_rows(row + done, count), far, slab);
    }
  });
}

template <class T>
size_t workspace_size(View<T> c) {
  return panels_size<T>(c.cols) + (kSlab + GemmShape<T>::kRows - 1) / GemmShape<T>::kRows * kTileStep<T>;
}

template <class T>
void gradient_blocks(ConstView<T> a, ConstView<T> b, View<T> c, const GradientRange& range, T* workspace) {
  for (size_t k = 0; k < a.rows; k += kDepthBlock) {
    const size_t depth = std::min(kDepthBlock, a.rows - k);
    gradient_block(a.slice_rows(k, depth), b.slice_rows(k, depth), c, range, workspace);
  }
}

// Few columns would leave most of a panel empty: as rows, in C^T += B^T A, they leave nothing.
template <class T>
void turned_gradient(ConstView<T> a, ConstView<T> b, View<T> c, const GradientRange& range, Buffer<T>& workspace) {
  View<T> turned(nullptr, c.cols, range.end - range.begin);
  workspace.resize(workspace_size(turned) + turned.rows * turned.cols);
  turned.data = workspace.data() + workspace_size(turned);
  const auto for_each_element = [&](auto&& visit) {
    for_each_run(range, [&](size_t col, size_t cols, size_t row) {
      for (size_t i = 0; i < cols; ++i)
        for (size_t j = 0; j < c.cols; ++j) visit(turned(j, col - range.begin + i), c(row + i, j));
    });
  };
  for_each_element([](T& t, T& element) { t = element; });
  const Segment all{c.cols, 0};
  gradient_blocks(b, a.slice_cols(range.begin, turned.cols), turned, {{&all, 1}, 0, c.cols}, workspace.data());
  for_each_element([](T& t, T& element) { element = t; });
}

template <class T>
void gradient(const ConstView<T>& a, const ConstView<T>& b, const View<T>& c, const GradientRange& range,
              Buffer<T>& workspace) {
  if (c.cols <= kPanel<T> / 2 && c.cols < range.end - range.begin) {
    turned_gradient(a, b, c, range, workspace);
  } else {
    workspace.resize(workspace_size(c));
    gradient_blocks(a, b, c, range, workspace.data());
  }
}

void gradient_f32(const ConstView<float>& a, const ConstView<float>& b, const View<float>& c,
                  const GradientRange& range, Buffer<float>& workspace) {
  gradient(a, b, c, range, workspace);
}
void gradient_f64(const ConstView<double>& a, const ConstView<double>& b, const View<double>& c,
                  const GradientRange& range, Buffer<double>& workspace) {
  gradient(a, b, c, range, workspace);
}

}  // namespace HWY_NAMESPACE
}  // namespace elman
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace elman {

HWY_EXPORT(gradient_f32);
HWY_EXPORT(gradient_f64);

template <class T>
void gemm_gradient(ConstView<T> a, ConstView<T> b, View<T> c, Buffer<T>& workspace, GradientRange range) {
  ELMAN_DCHECK(a.rows == b.rows && c.cols == b.cols);
  const Segment all{a.cols, 0};
  if (range.segments.empty()) range.segments = {&all, 1};
  range.end = std::min(range.end, a.cols);
  if constexpr (sizeof(T) == sizeof(float)) {
    HWY_DYNAMIC_DISPATCH(gradient_f32)(a, b, c, range, workspace);
  } else {
    HWY_DYNAMIC_DISPATCH(gradient_f64)(a, b, c, range, workspace);
  }
}

template void gemm_gradient(ConstView<float>, ConstView<float>, View<float>, Buffer<float>&, GradientRange);
template void gemm_gradient(ConstView<double>, ConstView<double>, View<double>, Buffer<double>&, GradientRange);

}  // namespace elman
#endif  // HWY_ONCE
