// Compiled once for each instruction set: the guard toggles instead of closing.
#if defined(ELMAN_KERNELS_GEMM_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef ELMAN_KERNELS_GEMM_INL_H_
#undef ELMAN_KERNELS_GEMM_INL_H_
#else
#define ELMAN_KERNELS_GEMM_INL_H_
#endif

#include <algorithm>
#include <array>
#include <cstddef>
#include <type_traits>
#include <utility>

#include "kernels/gemm.h"
#include "kernels/lanes-inl.h"
#include "tensor/memory.h"
#include "tensor/view.h"

// The register tile both products share: a few rows of C by a few panels of B, summed over one block of k.

HWY_BEFORE_NAMESPACE();
namespace elman {
namespace HWY_NAMESPACE {

// kRows: the most rows of a tile. vectors(rows): how wide a tile of so many rows is. Its sums, ten or more, hide the
// latency of a multiply-add, and fit the 16 or 32 registers beside what is multiplied.
template <class T>
struct GemmShape;

template <>
struct GemmShape<float> {
  static constexpr size_t kVectors = 2;  // of a panel
  static constexpr size_t kRows = HWY_TARGET == HWY_AVX2 ? 6 : 12;
  static constexpr size_t vectors(size_t rows) {
    if (kRows == 6) return rows == 1 ? 8 : 12 / rows;
    return rows <= 3 ? 8 : rows <= 6 ? 4 : 2;
  }
};
// One lane at a time; the compiler makes vectors of the panel.
template <>
struct GemmShape<double> {
  static constexpr size_t kVectors = 8;
  static constexpr size_t kRows = 2;
  static constexpr size_t vectors(size_t rows) { return 16 / rows; }
};

template <class T>
inline constexpr size_t kPanel = Lanes<T>::kCount* GemmShape<T>::kVectors;
// Rows of B summed in one pass: a panel's block stays in the first-level cache.
inline constexpr size_t kDepthBlock = 256;

// Where element (row, k) of a tile of A is. A copied tile's steps are known to the compiler: one pointer reaches every
// row, and no stride of the caller's makes rows evict each other from the cache.
template <size_t kRow>
struct CopiedRows {
  size_t at(size_t row, size_t k) const { return row * kRow + k; }
};
// The same while memory is prefetched: a loop of its own, because even an idle prefetch takes a load's place.
template <class T, size_t kRow>
struct AskingRows : CopiedRows<kRow> {
  Upcoming<T>* upcoming;
};
// The same while the weights that come next are prefetched: one half of each panel's block. The other half is left to
// another tile, or they would be asked for faster than a third-level cache answers.
template <size_t kRow>
struct LeadingRows : CopiedRows<kRow> {
  ptrdiff_t ahead;  // bytes from the panels now read
};
// The same while rows that are to be copied next, kDepthBlock of each, are prefetched where they lie.
template <class T, size_t kRow>
struct NextRows : CopiedRows<kRow> {
  const T* next;
  size_t stride;
};
// Columns of a matrix read in place: the rows of the tile are neighbours.
struct Columns {
  size_t stride;
  size_t at(size_t row, size_t k) const { return k * stride + row; }
};

// The same copied, for the same reasons as rows are.
template <size_t kRows>
struct CopiedColumns {
  bool far;  // C is: each tile asks for the one to its right
  size_t at(size_t row, size_t k) const { return k * kRows + row; }
};
// The same while columns that are to be copied next are prefetched where they lie.
template <class T, size_t kRows>
struct NextColumns : CopiedColumns<kRows> {
  const T* next;
  size_t stride;
};

// Steps of k between two looks at the loop's end, which a processor foresees if they are not too many. More than one
// costs code, for every tile and instruction set: only where it gains.
template <class Steps>
inline constexpr size_t kStepsAtOnce = 1;
template <size_t kRow>
inline constexpr size_t kStepsAtOnce<CopiedRows<kRow>> = kRow == 0 ? 1 : 4;  // 0: a single row
template <size_t kRow>
inline constexpr size_t kStepsAtOnce<LeadingRows<kRow>> = 4;
template <>
inline constexpr size_t kStepsAtOnce<Columns> = 2;

// B's panels for one block of k: `panels` apart by panel_stride, each [depth][kPanel]. S is what they are stored as.
template <class S>
struct TileB {
  const S* data;
  size_t panel_stride, depth;

  TileB from_panel(size_t panel) const { return {data + panel * panel_stride, panel_stride, depth}; }
};

// Prefetches into the second-level cache: the first one is full of panels.
HWY_INLINE void ask_for(const void* memory) { __builtin_prefetch(memory, 0, 2); }

// What a tile prefetches at each of its steps of k: as a rule nothing. kPanels: that end within the tile.
template <class T, size_t kPanels, class Steps>
class Requests {
 public:
  template <class S>
  Requests(const Steps&, const TileB<S>&) {}
  HWY_INLINE void at(size_t) const {}
};
template <class T, size_t kPanels, size_t kRow>
class Requests<T, kPanels, LeadingRows<kRow>> {
 public:
  template <class S>
  Requests(const LeadingRows<kRow>& rows, const TileB<S>& b)
      : from_(reinterpret_cast<const char*>(b.data) + rows.ahead),
        step_(kPanel<T> * sizeof(S) / 2),
        panel_(b.panel_stride * sizeof(S)) {}
  HWY_INLINE void at(size_t k) const {
#pragma GCC unroll 4
    for (size_t p = 0; p < kPanels; ++p) ask_for(from_ + p * panel_ + k * step_);
  }

 private:
  const char* from_;
  size_t step_, panel_;
};
template <class T, size_t kPanels, size_t kRows>
class Requests<T, kPanels, NextColumns<T, kRows>> {
 public:
  template <class S>
  Requests(const NextColumns<T, kRows>& columns, const TileB<S>&) : columns_(columns) {}
  HWY_INLINE void at(size_t k) const { ask_for(columns_.next + k * columns_.stride); }

 private:
  NextColumns<T, kRows> columns_;
};
template <class T, size_t kPanels, size_t kRow>
class Requests<T, kPanels, NextRows<T, kRow>> {
 public:
  template <class S>
  Requests(const NextRows<T, kRow>& rows, const TileB<S>&) : rows_(rows) {}
  HWY_INLINE void at(size_t k) const {
    constexpr size_t kLine = kAlignment / sizeof(T), kLines = kDepthBlock / kLine;
    ask_for(rows_.next + k / kLines * rows_.stride + k % kLines * kLine);
  }

 private:
  NextRows<T, kRow> rows_;
};
template <class T, size_t kPanels, size_t kRow>
class Requests<T, kPanels, AskingRows<T, kRow>> {
 public:
  template <class S>
  Requests(const AskingRows<T, kRow>& rows, const TileB<S>& b) {
    const T* next = rows.upcoming->take(b.depth * Lanes<T>::kCount);
    if (next) from_ = next, step_ = Lanes<T>::kCount;
  }
  HWY_INLINE void at(size_t k) const { ask_for(from_ + k * step_); }

 private:
  static constexpr T kHere{};
  const T* from_ = &kHere;  // when nothing is left: cheaper than to ask each time
  size_t step_ = 0;
};

// Keeps a loaded vector in its register. Without it g++ folds the load into each of the multiply-adds that use it,
// which then compete for the load ports.
template <class V>
HWY_INLINE void keep_in_register(V& v) {
#if HWY_ARCH_X86 && HWY_NATIVE_FMA
  if constexpr (!std::is_same_v<V, double>) asm("" : "+v"(v.raw));
#else
  (void)v;
#endif
}

// C[rows, cols] = start + A B. Start has a row stride of its own: a bias or a zero is a row of stride 0, and to
// accumulate is to start at C itself.
template <class T>
struct TileC {
  const T* start;
  size_t start_stride;
  T* data;
  size_t stride;

  TileC from_col(size_t col) const { return {start + col, start_stride, data + col, stride}; }
  TileC from_row(size_t row) const { return {start + row * start_stride, start_stride, data + row * stride, stride}; }
};

// For the tile of C that begins with column `col`, which may lie behind the last.
template <class T, size_t kRows, size_t kVectors>
HWY_INLINE void ask_for_tile(const TileC<T>& c, size_t col) {
  constexpr size_t kWidth = kVectors * Lanes<T>::kCount;
  const uintptr_t begin = reinterpret_cast<uintptr_t>(c.data) + col * sizeof(T);
#pragma GCC unroll 16
  for (size_t r = 0; r < kRows; ++r) {
#pragma GCC unroll 16
    for (size_t i = 0; i < kWidth * sizeof(T); i += kAlignment)
      // A pointer behind the last column would be one that C++ does not know. NOLINTNEXTLINE(performance-no-int-to-ptr)
      ask_for(reinterpret_cast<const void*>(begin + r * c.stride * sizeof(T) + i));
  }
}

// One step of k. No lambda: g++ 12 then spills around small tiles, which cost a tenth of a step of one sequence.
template <class T, size_t kRows, size_t kFirst, size_t kVectors, class S, class Steps, class Requests>
HWY_INLINE void add_products(const T* HWY_RESTRICT a, const Steps& steps, const TileB<S>& b, const Requests& requests,
                             size_t k, typename Lanes<T>::V (&sum)[kRows][kVectors]) {
  using L = Lanes<T>;
  using V = typename L::V;
  constexpr size_t kPerPanel = GemmShape<T>::kVectors;
  const auto load_column = [&](size_t v) HWY_ATTR {
    const size_t panel = (kFirst + v) / kPerPanel, place = (kFirst + v) % kPerPanel;
    V column = L::load(b.data + panel * b.panel_stride + k * kPanel<T> + place * L::kCount);
    keep_in_register(column);
    return column;
  };
  requests.at(k);
  if constexpr (kRows < kVectors) {
    V rows[kRows];
#pragma GCC unroll 16
    for (size_t r = 0; r < kRows; ++r) {
      rows[r] = L::splat(a[steps.at(r, k)]);
      keep_in_register(rows[r]);
    }
#pragma GCC unroll 16
    for (size_t v = 0; v < kVectors; ++v) {
      const V column = load_column(v);
#pragma GCC unroll 16
      for (size_t r = 0; r < kRows; ++r) sum[r][v] = fma(rows[r], column, sum[r][v]);
    }
  } else {
    V columns[kVectors];
#pragma GCC unroll 16
    for (size_t v = 0; v < kVectors; ++v) columns[v] = load_column(v);
#pragma GCC unroll 16
    for (size_t r = 0; r < kRows; ++r) {
      const V row = L::splat(a[steps.at(r, k)]);
#pragma GCC unroll 16
      for (size_t v = 0; v < kVectors; ++v) sum[r][v] = fma(row, columns[v], sum[r][v]);
    }
  }
}

// Vectors [kFirst, kFirst + kVectors) of neighbouring panels. The shorter side of the tile is kept in registers while
// the longer one passes.
template <class T, size_t kRows, size_t kFirst, size_t kVectors, class S, class Steps>
HWY_INLINE void multiply_tile(const T* HWY_RESTRICT a, Steps steps, const TileB<S>& b, const TileC<T>& c) {
  using L = Lanes<T>;
  using V = typename L::V;
  constexpr size_t kPerPanel = GemmShape<T>::kVectors;
  V sum[kRows][kVectors];
#pragma GCC unroll 16
  for (size_t r = 0; r < kRows; ++r) {
#pragma GCC unroll 16
    for (size_t v = 0; v < kVectors; ++v) sum[r][v] = L::load(c.start + r * c.start_stride + v * L::kCount);
  }
  // Where a tile goes that is not read before: it may be far away, and later tiles' stores would wait for this one's.
  if (c.start != c.data) ask_for_tile<T, kRows, kVectors>(c, 0);
  if constexpr (requires { steps.far; })
    if (steps.far) ask_for_tile<T, kRows, kVectors>(c, kVectors * L::kCount);
  const Requests<T, std::max<size_t>(1, (kFirst + kVectors) / kPerPanel), Steps> requests(steps, b);
  size_t k = 0;
  // Sums, a column or row, and one factor: where they take all registers, g++ moves sums to memory between steps.
  constexpr bool kCrowded = HWY_TARGET == HWY_AVX2 && kRows * kVectors + std::min(kRows, kVectors) + 1 >= 16;
  constexpr size_t kAtOnce = std::is_same_v<T, S> && !kCrowded ? kStepsAtOnce<Steps> : 1;
  if constexpr (kAtOnce > 1) {
    for (; k + kAtOnce <= b.depth; k += kAtOnce) {
#pragma GCC unroll 16
      for (size_t i = 0; i < kAtOnce; ++i) add_products<T, kRows, kFirst, kVectors>(a, steps, b, requests, k + i, sum);
    }
  }
  for (; k < b.depth; ++k) add_products<T, kRows, kFirst, kVectors>(a, steps, b, requests, k, sum);
#pragma GCC unroll 16
  for (size_t r = 0; r < kRows; ++r) {
#pragma GCC unroll 16
    for (size_t v = 0; v < kVectors; ++v) L::store(sum[r][v], c.data + r * c.stride + v * L::kCount);
  }
}

// The last columns, fewer than a panel: B is padded, C is not, so the tile works on a copy.
template <class T, size_t kRows, size_t kVectors, class S, class Steps>
HWY_NOINLINE void multiply_edge(const T* a, Steps steps, const TileB<S>& b, size_t cols, const TileC<T>& c) {
  constexpr size_t kStride = kVectors * Lanes<T>::kCount;
  T tile[kRows * kStride] = {};
  for (size_t r = 0; r < kRows; ++r) std::copy_n(c.start + r * c.start_stride, cols, tile + r * kStride);
  multiply_tile<T, kRows, 0, kVectors>(a, steps, b, {tile, kStride, tile, kStride});
  for (size_t r = 0; r < kRows; ++r) std::copy_n(tile + r * kStride, cols, c.data + r * c.stride);
}

// Columns that tiles of so many rows take together: whole panels, in one tile or, of one and a half each, in two.
template <class T>
constexpr size_t group_columns(size_t rows) {
  const size_t vectors = GemmShape<T>::vectors(rows);
  return vectors % GemmShape<T>::kVectors == 0 ? vectors * Lanes<T>::kCount : 2 * vectors * Lanes<T>::kCount;
}

// As many whole groups of kPanels panels as the columns hold, then smaller ones. Returns the columns done.
template <class T, size_t kRows, size_t kPanels, class S, class Steps>
HWY_INLINE size_t multiply_panels(const T* a, Steps steps, TileB<S> b, size_t cols, const TileC<T>& c) {
  constexpr size_t kVectors = GemmShape<T>::vectors(kRows), kPerPanel = GemmShape<T>::kVectors;
  constexpr size_t kGroup = kPanels * kPanel<T>, kFirst = kVectors % kPerPanel;
  size_t col = 0;
  for (; col + kGroup <= cols; col += kGroup, b.data += kPanels * b.panel_stride) {
    if constexpr (kGroup == group_columns<T>(kRows) && kFirst != 0) {
      constexpr size_t kWhole = kVectors / kPerPanel;
      multiply_tile<T, kRows, 0, kVectors>(a, steps, b, c.from_col(col));
      multiply_tile<T, kRows, kFirst, kVectors>(a, steps, b.from_panel(kWhole),
                                                c.from_col(col + kVectors * Lanes<T>::kCount));
    } else {
      multiply_tile<T, kRows, 0, kPanels * kPerPanel>(a, steps, b, c.from_col(col));
    }
  }
  if constexpr (kPanels > 1) {
    constexpr size_t kNext = kFirst != 0 || kPanels == 2 ? 1 : 2;
    col += multiply_panels<T, kRows, kNext>(a, steps, b, cols - col, c.from_col(col));
  }
  return col;
}

// kRows rows of C, all columns. In its caller, as structures handed over in memory are slow to read at once.
template <class T, size_t kRows, class S, class Steps>
HWY_INLINE void multiply_rows_here(const T* a, Steps steps, const TileB<S>& b, size_t cols, const TileC<T>& c) {
  constexpr size_t kVectors = GemmShape<T>::kVectors, kPanels = group_columns<T>(kRows) / kPanel<T>;
  const size_t done = multiply_panels<T, kRows, kPanels>(a, steps, b, cols, c), rest = cols - done;
  const TileB<S> last = b.from_panel(done / kPanel<T>);
  if (rest > kPanel<T> / 2) {
    multiply_edge<T, kRows, kVectors>(a, steps, last, rest, c.from_col(done));
  } else if (rest > 0) {
    multiply_edge<T, kRows, kVectors / 2>(a, steps, last, rest, c.from_col(done));
  }
}

template <class T, size_t kRows, class S, class Steps>
void multiply_rows(const T* a, Steps steps, const TileB<S>& b, size_t cols, const TileC<T>& c) {
  multiply_rows_here<T, kRows>(a, steps, b, cols, c);
}

// multiply_rows for a row count known at run time.
template <class T, class S, class Steps>
class RowKernels {
 public:
  static HWY_INLINE void multiply(size_t rows, const T* a, Steps steps, const TileB<S>& b, size_t cols,
                                  const TileC<T>& c) {
    kTable[rows - 1](a, steps, b, cols, c);
  }

 private:
  using Kernel = void (*)(const T*, Steps, const TileB<S>&, size_t, const TileC<T>&);
  template <size_t... kIndex>
  static constexpr std::array<Kernel, sizeof...(kIndex)> table(std::index_sequence<kIndex...>) {
    return {&multiply_rows<T, kIndex + 1, S, Steps>...};
  }
  static constexpr auto kTable = table(std::make_index_sequence<GemmShape<T>::kRows>());
};

// Splits rows into tiles whose sizes differ by at most one: 16 rows are 6 + 5 + 5, not 6 + 6 + 4.
template <class T>
class RowTiles {
 public:
  explicit RowTiles(size_t rows)
      : count_((rows + GemmShape<T>::kRows - 1) / GemmShape<T>::kRows),
        size_(count_ <= 1 ? rows : rows / count_),
        larger_(count_ <= 1 ? 0 : rows % count_) {}
  size_t count() const { return count_; }
  size_t begin(size_t tile) const { return tile * size_ + std::min(tile, larger_); }
  size_t rows(size_t tile) const { return tile < larger_ ? size_ + 1 : size_; }

 private:
  size_t count_, size_, larger_;  // the first `larger_` tiles have a row more
};

}  // namespace HWY_NAMESPACE
}  // namespace elman
HWY_AFTER_NAMESPACE();

#endif  // per-target include guard
