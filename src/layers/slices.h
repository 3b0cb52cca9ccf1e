#pragma once

#include <algorithm>
#include <cstddef>

#include "tensor/view.h"

namespace elman {

// How the hidden units of a layer divide for work. A slice's gates lie together in the gate buffer, a row of which is
// [slice][column][unit]: they meet product and pointwise math in the first cache levels, and a thread can own a few
// slices and their weights. Set by the sizes alone, so no result depends on who computes what.
class Slices {
 public:
  Slices(size_t hidden_size, size_t columns)
      : hidden_(hidden_size), columns_(columns), blocks_((hidden_size + kBlock - 1) / kBlock) {
    if (hidden_size >= kWorthDividing) count_ = 2 * ((hidden_size + 2 * kMaxUnits - 1) / (2 * kMaxUnits));
  }

  size_t count() const noexcept { return count_; }
  size_t hidden_size() const noexcept { return hidden_; }
  size_t first(size_t slice) const noexcept { return std::min(hidden_, slice * blocks_ / count_ * kBlock); }
  size_t units(size_t slice) const noexcept { return first(slice + 1) - first(slice); }
  // Where a row of the gate buffer has column `column` of a slice.
  size_t column(size_t slice, size_t column) const noexcept { return first(slice) * columns_ + column * units(slice); }
  // Columns [first, first + count) of a slice of rows of the gate buffer.
  template <class T>
  View<T> columns(View<T> gates, size_t slice, size_t first, size_t count) const {
    return gates.slice_cols(column(slice, first), count * units(slice));
  }

 private:
  static constexpr size_t kBlock = 16;     // units of a slice are whole vectors of every instruction set
  static constexpr size_t kMaxUnits = 64;  // gates of 32 rows of them are 32 KiB
  static constexpr size_t kWorthDividing = 48;

  size_t hidden_, columns_, blocks_, count_ = 1;
};

}  // namespace elman
