#include "kernels/gemm.h"

#include "kernels/targets.h"
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/gemm.cc"
#include "hwy/foreach_target.h"
#include "kernels/gemm-inl.h"
#include "kernels/pack.h"

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

// A call of the C library's for each row would take as long as the copy.
template <class T>
HWY_INLINE void copy_row(const T* HWY_RESTRICT from, size_t n, T* HWY_RESTRICT to) {
  using L = Lanes<T>;
  size_t i = 0;
  for (; i + L::kCount <= n; i += L::kCount) L::store(L::load(from + i), to + i);
  for (; i < n; ++i) to[i] = from[i];
}

HWY_INLINE ptrdiff_t bytes_between(const void* from, const void* to) {
  return static_cast<ptrdiff_t>(reinterpret_cast<uintptr_t>(to) - reinterpret_cast<uintptr_t>(from));
}

// One block of columns, of rows and of k. Its last two tiles of rows ask for half of the `next` block each; none: null.
template <class T, class S>
HWY_INLINE void gemm_block(const ConstView<T>& a, const TileB<S>& b, size_t cols, const TileC<T>& c, const S* next,
                           Upcoming<T>* upcoming) {
  HWY_ALIGN T tile[GemmShape<T>::kRows * kRowStep];
  const RowTiles<T> tiles(a.rows);
  for (size_t t = 0; t < tiles.count(); ++t) {
    const size_t row = tiles.begin(t), rows = tiles.rows(t);
    for (size_t r = 0; r < rows; ++r) copy_row(a.row(row + r), b.depth, tile + r * kRowStep);
    const TileC<T> to = c.from_row(row);
    if constexpr (std::is_same_v<T, S>)
      if (upcoming && upcoming->any_left()) {
        RowKernels<T, S, AskingRows<T, kRowStep>>::multiply(rows, tile, {{}, upcoming}, b, cols, to);
        continue;
      }
    if (next && tiles.count() > 1 && t + 2 >= tiles.count()) {
      const S* half = t + 2 == tiles.count() ? next : next + b.depth * kPanel<T> / 2;
      RowKernels<T, S, LeadingRows<kRowStep>>::multiply(rows, tile, {{}, bytes_between(b.data, half)}, b, cols, to);
      continue;
    }
    size_t first = 0;  // columns during which the next tile's rows are asked for
    if (b.depth == kDepthBlock && t + 1 < tiles.count() && cols > group_columns<T>(rows)) {
      first = group_columns<T>(rows);
      RowKernels<T, S, NextRows<T, kRowStep>>::multiply(rows, tile, {{}, a.row(row + rows), a.stride}, b, first, to);
    }
    RowKernels<T, S, CopiedRows<kRowStep>>::multiply(rows, tile, {}, b.from_panel(first / kPanel<T>), cols - first,
                                                     to.from_col(first));
  }
}

// One block of columns and of rows, for all k. `first` is what the sum starts from, `next` the panels after these.
template <class T, class S>
HWY_INLINE void gemm_rows(ConstView<T> a, const S* panels, View<T> c, TileC<T> first, bool far, const S* next,
                          Upcoming<T>* upcoming) {
  size_t k = 0;
  do {  // once even if there is nothing to sum, for the start value
    const size_t depth = std::min(kDepthBlock, a.cols - k);
    const TileB<S> block{panels + k * kPanel<T>, a.cols * kPanel<T>, depth};
    const TileC<T> so_far{c.data, c.stride, c.data, c.stride};
    k += depth;
    gemm_block(a.slice_cols(k - depth, depth), block, c.cols, k == depth ? first : so_far,
               !far         ? nullptr
               : k < a.cols ? panels + k * kPanel<T>
                            : next,
               upcoming);
  } while (k < a.cols);
}

// One row of C reads each panel in one go, and A where it lies: nothing is used twice that a cache could keep. Apart
// from the rest, whose many variables would not leave it the registers.
template <class T, class S>
HWY_NOINLINE void gemm_row(const T* a, const S* panels, size_t depth, size_t cols, const T* start, T* c,
                           Upcoming<T>* upcoming) {
  if (start == kZeros<T>) {
    std::fill_n(c, cols, T{});
    start = c;
  }
  const TileB<S> b{panels, depth * kPanel<T>, depth};
  const TileC<T> to{start, 0, c, 0};
  if constexpr (std::is_same_v<T, S>)
    if (upcoming && upcoming->any_left())
      return multiply_rows_here<T, 1, S, AskingRows<T, 0>>(a, {{}, upcoming}, b, cols, to);
  multiply_rows_here<T, 1, S, CopiedRows<0>>(a, {}, b, cols, to);
}

// What a block of C that begins with column `col` starts from.
template <class T>
HWY_INLINE TileC<T> tile_of(const View<T>& block, GemmStart start, const T* bias, size_t col) {
  if (start == GemmStart::kBias) return {bias + col, 0, block.data, block.stride};
  if (start == GemmStart::kZero) return {kZeros<T>, 0, block.data, block.stride};
  return {block.data, block.stride, block.data, block.stride};
}

template <class T, class S>
HWY_INLINE void gemm_segment(const ConstView<T>& a, const S* panels, const View<T>& c, GemmStart start, const T* bias,
                             const Placed& segment, bool far, const S* next, Upcoming<T>* upcoming) {
  panels += segment.offset;
  if (c.rows == 1) {
    const View<T> row = c.slice_cols(segment.target, segment.cols);
    return gemm_row<T, S>(a.data, panels, a.cols, row.cols, tile_of(row, start, bias, segment.target).start, row.data,
                          upcoming);
  }
  for (size_t done = 0; done < segment.cols; done += kColumnBlock) {
    const size_t cols = std::min(kColumnBlock, segment.cols - done), col = segment.target + done;
    for (size_t row = 0; row < c.rows; row += kRowBlock) {
      const size_t rows = std::min(kRowBlock, c.rows - row);
      const View<T> block = c.slice_cols(col, cols).slice_rows(row, rows);
      const S *here = panels + done * a.cols, *after = panels + (done + cols) * a.cols;
      gemm_rows(a.slice_rows(row, rows), here, block, tile_of(block, start, bias, col), far,
                row + rows < c.rows          ? here
                : done + cols < segment.cols ? after
                                             : next,
                upcoming);
    }
  }
}

template <class T, class S>
HWY_INLINE void gemm_segments(const ConstView<T>& a, const PackedMatrix<T>& b, const S* panels, const View<T>& c,
                              GemmStart start, const T* bias, const SegmentRange& range, Upcoming<T>* upcoming) {
  const std::span<const Placed> segments = b.segments();
  const size_t end = std::min(range.end, segments.size());
  const bool far = b.is_far() || range.next;
  for (size_t s = range.begin; s < end;) {
    Placed run = segments[s++];
    // Whole panels that go on where the last one ended, here and in C, are one segment: A is copied once for it.
    while (s < end && run.cols % kPanel<T> == 0 && segments[s].target == run.target + run.cols)
      run.cols += segments[s++].cols;
    const S* next = s < end ? panels + segments[s].offset : static_cast<const S*>(range.next);
    gemm_segment(a, panels, c, start, bias, run, far, next, upcoming);
  }
}

template <class T>
HWY_INLINE void gemm_all(const ConstView<T>& a, const PackedMatrix<T>& b, const View<T>& c, GemmStart start,
                         const T* bias, const SegmentRange& range, Upcoming<T>* upcoming) {
  if (b.is_narrow()) gemm_segments(a, b, b.narrow_data(), c, start, bias, range, upcoming);
  else gemm_segments(a, b, b.data(), c, start, bias, range, upcoming);
}

// For double precision and machines without wide vectors, one number at a time.
template <class T>
HWY_INLINE T dot_product(const T* HWY_RESTRICT x, const T* HWY_RESTRICT weight, size_t n) {
  T sums[kDotSums] = {};
  for (size_t k = 0; k < n; ++k) sums[k % kDotSums] = fma(x[k], weight[k], sums[k % kDotSums]);
  for (size_t width = kDotSums / 2; width > 0; width /= 2)
    for (size_t i = 0; i < width; ++i) sums[i] += sums[i + width];
  return sums[0];
}

#if HWY_MAX_BYTES >= 32  // kDotSums floats
template <class D>
HWY_INLINE float sum_of_halves(D d, hn::Vec<D> v) {
  if constexpr (hn::MaxLanes(D()) == 1) {
    return hn::GetLane(v);
  } else {
    const hn::Half<D> half;
    return sum_of_halves(half, hn::Add(hn::LowerHalf(half, v), hn::UpperHalf(half, v)));
  }
}
HWY_INLINE float dot_product(const float* HWY_RESTRICT x, const float* HWY_RESTRICT weight, size_t n) {
  const hn::CappedTag<float, kDotSums> d;
  auto sums = hn::Zero(d);
  size_t k = 0;
  for (; k + kDotSums <= n; k += kDotSums) sums = hn::MulAdd(hn::LoadU(d, x + k), hn::LoadU(d, weight + k), sums);
  if (k < n) sums = hn::MulAdd(load_first(d, x + k, n - k), load_first(d, weight + k, n - k), sums);
  return sum_of_halves(d, sums);
}
#endif

template <class T>
void dot_products(const ConstView<T>& weight, const ConstView<T>& x, const T* bias, const View<T>& y) {
  for (size_t r = 0; r < x.rows; ++r)
    for (size_t j = 0; j < weight.rows; ++j) y(r, j) = bias[j] + dot_product(x.row(r), weight.row(j), weight.cols);
}

DotKernel<float> dot_f32() { return dot_products<float>; }
DotKernel<double> dot_f64() { return dot_products<double>; }
void gemm_f32(const ConstView<float>& a, const PackedMatrix<float>& b, const View<float>& c, GemmStart start,
              const float* bias, const SegmentRange& range, Upcoming<float>* upcoming) {
  gemm_all(a, b, c, start, bias, range, upcoming);
}
void gemm_f64(const ConstView<double>& a, const PackedMatrix<double>& b, const View<double>& c, GemmStart start,
              const double* bias, const SegmentRange& range, Upcoming<double>* upcoming) {
  gemm_all(a, b, c, start, bias, range, upcoming);
}

}  // namespace HWY_NAMESPACE
}  // namespace elman
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace elman {

HWY_EXPORT(dot_f32);
HWY_EXPORT(dot_f64);
HWY_EXPORT(gemm_f32);
HWY_EXPORT(gemm_f64);

template <class T>
void gemm(const ConstView<T>& a, const PackedMatrix<T>& b, const View<T>& c, GemmStart start, const T* bias,
          const SegmentRange& range, Upcoming<T>* upcoming) noexcept {
  ELMAN_DCHECK(a.cols == b.depth() && c.rows == a.rows);
  ELMAN_DCHECK(b.panel() == panel_of_target<T>());
  ELMAN_DCHECK(start != GemmStart::kBias || bias != nullptr);
  if constexpr (sizeof(T) == sizeof(float)) {
    HWY_DYNAMIC_DISPATCH(gemm_f32)(a, b, c, start, bias, range, upcoming);
  } else {
    HWY_DYNAMIC_DISPATCH(gemm_f64)(a, b, c, start, bias, range, upcoming);
  }
}

template <>
DotKernel<float> dot_kernel() {
  return HWY_DYNAMIC_DISPATCH(dot_f32)();
}
template <>
DotKernel<double> dot_kernel() {
  return HWY_DYNAMIC_DISPATCH(dot_f64)();
}

template void gemm(const ConstView<float>&, const PackedMatrix<float>&, const View<float>&, GemmStart, const float*,
                   const SegmentRange&, Upcoming<float>*) noexcept;
template void gemm(const ConstView<double>&, const PackedMatrix<double>&, const View<double>&, GemmStart, const double*,
                   const SegmentRange&, Upcoming<double>*) noexcept;

}  // namespace elman
#endif  // HWY_ONCE
