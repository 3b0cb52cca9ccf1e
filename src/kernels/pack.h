#pragma once

#include <span>

#include "kernels/gemm.h"

namespace elman {

// What PackedMatrix asks of the instruction set's own code.
template <class T>
struct Packing {
  ConstView<T> source;
  const size_t* rows;  // null: as they are
  std::span<const Placed> segments;
  size_t depth;
  bool transposed;
  T* to;
};

// Columns of a panel under the chosen instruction set.
template <class T>
size_t panel_of_target();
template <>
size_t panel_of_target<float>();
template <>
size_t panel_of_target<double>();

}  // namespace elman
