#pragma once

#include <algorithm>
#include <cstddef>
#include <type_traits>

#include "base/error.h"

namespace elman {

// A non-owning matrix [rows, cols], rows `stride` elements apart. View<const T> reads only.
template <class T>
struct View {
  T* data = nullptr;
  size_t rows = 0, cols = 0, stride = 0;

  View() = default;
  View(T* d, size_t r, size_t c) noexcept : View(d, r, c, c) {}
  View(T* d, size_t r, size_t c, size_t s) noexcept : data(d), rows(r), cols(c), stride(s) {}

  operator View<const T>() const noexcept requires(!std::is_const_v<T>) { return {data, rows, cols, stride}; }
  explicit operator bool() const noexcept { return data != nullptr; }
  T* row(size_t r) const noexcept { return data + r * stride; }
  T& operator()(size_t r, size_t c) const noexcept { return data[r * stride + c]; }
  View slice_rows(size_t begin, size_t count) const noexcept {
    ELMAN_DCHECK(begin + count <= rows);
    return {data + begin * stride, count, cols, stride};
  }
  View slice_cols(size_t begin, size_t count) const noexcept {
    ELMAN_DCHECK(begin + count <= cols);
    return {data + begin, rows, count, stride};
  }
};

template <class T>
using ConstView = View<const T>;

// REQUIRES: equal shapes, no overlap.
template <class T>
void copy_rows(ConstView<T> from, View<T> to) {
  ELMAN_DCHECK(from.rows == to.rows && from.cols == to.cols);
  for (size_t r = 0; r < from.rows; ++r) std::copy_n(from.row(r), from.cols, to.row(r));
}

}  // namespace elman
