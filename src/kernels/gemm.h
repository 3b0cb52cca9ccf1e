#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "base/threads.h"
#include "tensor/bfloat16.h"
#include "tensor/tensor.h"

namespace elman {

// Each value rounded.
template <class T>
Buffer<BFloat16> narrowed(const Buffer<T>& values) {
  Buffer<BFloat16> narrow;
  narrow.resize(values.size());
  std::transform(values.begin(), values.end(), narrow.begin(),
                 [](T value) { return BFloat16::round(static_cast<float>(value)); });
  return narrow;
}

// `cols` neighbouring columns, which belong to columns (or rows) target, target + 1, … of the other matrix.
struct Segment {
  static constexpr size_t kNowhere = SIZE_MAX;  // as target, where the columns may take no part
  size_t cols, target;
};

// How a source matrix becomes B. Empty: as it is.
struct PackOrder {
  std::span<const size_t> rows;       // which row of the source comes where
  std::span<const Segment> segments;  // B's columns in order, and where C has them
};

// A segment of a packed matrix.
struct Placed : Segment {
  size_t offset;  // of its first panel in the packed data
};

// Whether so many bytes of weights, read in turn, have left a second-level cache when their turn comes again.
bool are_far(size_t bytes);

// The right-hand matrix B [k, n] of a product, copied into panels of as many columns as the register tile is wide,
// zero-padded. The panel width is the chosen instruction set's own; a packed matrix lives and dies with it. Each
// segment of columns starts a panel, so that any range of them can be multiplied alone.
template <class T>
class PackedMatrix {
 public:
  // B(k, j) = source(rows[k], j). With a pool, its threads share the work.
  void pack(ConstView<T> source, const PackOrder& order = {}, ThreadPool* pool = nullptr) {
    fill(source, order, false, pool);
  }
  // B(k, j) = source(rows[j], k): packs a weight [n, k] in PyTorch's orientation.
  void pack_transposed(ConstView<T> source, const PackOrder& order = {}, ThreadPool* pool = nullptr) {
    fill(source, order, true, pool);
  }

  // Rounds what is packed to BFloat16: half the memory, and half the reading. Until it is packed again.
  void narrow();
  bool is_narrow() const noexcept { return !narrow_.empty(); }

  size_t depth() const noexcept { return depth_; }
  size_t cols() const noexcept { return cols_; }
  size_t panel() const noexcept { return panel_; }
  const T* data() const noexcept { return data_.data(); }
  const BFloat16* narrow_data() const noexcept { return narrow_.data(); }
  std::span<const Placed> segments() const noexcept { return segments_; }
  // Where the panels of a segment begin.
  const void* panels(size_t segment) const noexcept {
    const size_t offset = segments_[segment].offset;
    return is_narrow() ? static_cast<const void*>(narrow_.data() + offset) : data_.data() + offset;
  }
  size_t bytes() const noexcept { return data_.size() * sizeof(T) + narrow_.size() * sizeof(BFloat16); }
  bool is_far() const noexcept { return far_; }  // are_far(bytes())

 private:
  void fill(ConstView<T> source, const PackOrder& order, bool transposed, ThreadPool* pool);

  Buffer<T> data_;           // for each segment [cols / panel][depth][panel]
  Buffer<BFloat16> narrow_;  // the same, instead
  std::vector<Placed> segments_;
  size_t depth_ = 0, cols_ = 0, panel_ = 0;
  bool far_ = false;
};

// What C holds before the sum.
enum class GemmStart { kZero, kBias, kAccumulate };

// Segments [begin, end) of a packed matrix. `next`: panels that a product after this one begins with, if all of its
// weights together are far.
struct SegmentRange {
  size_t begin = 0, end = SIZE_MAX;
  const void* next = nullptr;
};

// What the caller reads next, a few runs of memory, for products to prefetch while they multiply: a vector for each
// step of k, so that it is in the cache when they are done. Prefetched all at once, most of it would be dropped, as a
// core waits for few cache lines at a time.
template <class T>
class Upcoming {
 public:
  // Rows that follow each other without a gap; others, and more than kMaxRuns, are left to themselves.
  void add(ConstView<T> rows) noexcept {
    const size_t size = rows.rows * rows.cols;
    if (rows.stride == rows.cols && size > 0 && count_ < kMaxRuns) runs_[count_++] = {rows.data, rows.data + size};
  }
  bool any_left() const noexcept { return next_ < count_; }
  // Where the next `size` elements to prefetch begin, perhaps some too many; null: none are left.
  const T* take(size_t size) noexcept {
    if (!any_left()) return nullptr;
    Run& run = runs_[next_];
    const T* taken = run.begin;
    if (static_cast<size_t>(run.end - run.begin) > size) run.begin += size;
    else ++next_;
    return taken;
  }

 private:
  static constexpr size_t kMaxRuns = 8;
  struct Run {
    const T *begin, *end;
  };
  std::array<Run, kMaxRuns> runs_;
  size_t count_ = 0, next_ = 0;
};

// C[i, j] = start + sum_k A[i, k] B[k, j] for the columns j of the chosen segments. Each element is one chain of fused
// multiply-adds over ascending k, from the start value: no tile, thread count or vector width changes a bit. Serial and
// noexcept: callers split rows or segments over threads. Weights that are far are prefetched, a block ahead; the views
// come by reference, as a copy just made is slow to read. REQUIRES: a.cols == b.depth(), c.rows == a.rows, the
// segments' targets lie in C; for kBias `bias` has an element for each column of C. `upcoming`, if any, is prefetched
// meanwhile.
template <class T>
void gemm(const ConstView<T>& a, const PackedMatrix<T>& b, const View<T>& c, GemmStart start, const T* bias = nullptr,
          const SegmentRange& range = {}, Upcoming<T>* upcoming = nullptr) noexcept;

// y[r, j] = sum_k x[r, k] weight[j, k] + bias[j], for few outputs, which would leave a panel empty. The sum over k is
// kDotSums side by side, that of k = i modulo kDotSums in the i-th, joined by halves in the end: as one chain it would
// outlast the recurrent step before it. The same bits on every instruction set, but not those of gemm. REQUIRES: y does
// not overlap x.
inline constexpr size_t kDotSums = 8;
template <class T>
using DotKernel = void (*)(const ConstView<T>& weight, const ConstView<T>& x, const T* bias, const View<T>& y);
// Of the instruction set chosen now: layers ask once, not at every step.
template <class T>
DotKernel<T> dot_kernel();

// Columns [begin, end) of A, each with a row of C of its own or nowhere: segments say which; none, the same.
struct GradientRange {
  std::span<const Segment> segments = {};
  size_t begin = 0, end = SIZE_MAX;
};

// C[row(i), j] += sum_k A[k, i] B[k, j]: the gradient of a weight from A = d_gates [rows, m] and B = inputs [rows, n],
// k ascending over rows in one chain. Serial; `workspace` is reused between calls.
template <class T>
void gemm_gradient(ConstView<T> a, ConstView<T> b, View<T> c, Buffer<T>& workspace, GradientRange range = {});

}  // namespace elman
