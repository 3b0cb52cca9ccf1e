#pragma once

#include <cstddef>

#include "tensor/tensor.h"

namespace elman {

// The right-hand matrix B [k, n] of a product, copied into panels of as many columns as the register tile is wide,
// zero-padded. The panel width is the chosen instruction set's own; a packed matrix lives and dies with it.
template <class T>
class PackedMatrix {
 public:
  // B(k, j) = source(k, j).
  void pack(ConstView<T> source);
  // B(k, j) = source(j, k): packs a weight [n, k] in PyTorch's orientation.
  void pack_transposed(ConstView<T> source);

  size_t depth() const noexcept { return depth_; }
  size_t cols() const noexcept { return cols_; }
  size_t panel() const noexcept { return panel_; }
  const T* data() const noexcept { return data_.data(); }

 private:
  void reshape(size_t depth, size_t cols);

  Buffer<T> data_;  // [cols / panel][depth][panel]
  size_t depth_ = 0, cols_ = 0, panel_ = 0;
};

// What C holds before the sum.
enum class GemmStart { kZero, kBias, kAccumulate };

// C[i, j] = start + sum_k A[i, k] B[k, j]. Each element is one chain of fused multiply-adds over ascending k, from the
// start value: no tile, thread count or vector width changes a bit. Serial and noexcept: callers split rows over
// threads. REQUIRES: a.cols == b.depth(), c.rows == a.rows, c.cols == b.cols(); bias has c.cols elements for kBias.
template <class T>
void gemm(ConstView<T> a, const PackedMatrix<T>& b, View<T> c, GemmStart start, const T* bias = nullptr) noexcept;

// C[i, j] += sum_k A[k, i] B[k, j]: the gradient of a weight from A = d_gates [rows, m] and B = inputs [rows, n], k
// ascending over rows in one chain. C is [m, n]. Serial over the given ranges of C's rows.
// `workspace` is reused between calls.
template <class T>
void gemm_gradient(ConstView<T> a, ConstView<T> b, View<T> c, Buffer<T>& workspace);

}  // namespace elman
