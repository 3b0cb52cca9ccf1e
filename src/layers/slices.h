#pragma once

#include <algorithm>
#include <cstddef>
#include <vector>

#include "tensor/view.h"

namespace elman {

// How the hidden units of a layer divide for work. A slice's gates lie together in the gate buffer, a row of which is
// [slice][column][unit]: they meet product and pointwise math in the first cache levels, and a thread can own a few
// slices and their weights. Set by the sizes alone, so no result depends on who computes what.
class Slices {
 public:
  Slices(size_t hidden_size, size_t columns) : columns_(columns) {
    const size_t blocks = (hidden_size + kBlock - 1) / kBlock;
    const size_t most = std::max(kMaxUnits, kLeastColumns / columns);
    const size_t count = hidden_size < kWorthDividing ? 1 : 2 * ((hidden_size + 2 * most - 1) / (2 * most));
    for (size_t s = 0; s <= count; ++s) bounds_.push_back(std::min(hidden_size, s * blocks / count * kBlock));
  }

  size_t count() const noexcept { return bounds_.size() - 1; }
  size_t hidden_size() const noexcept { return bounds_.back(); }
  size_t first(size_t slice) const noexcept { return bounds_[slice]; }
  size_t units(size_t slice) const noexcept { return first(slice + 1) - first(slice); }
  // Where a row of the gate buffer has column `column` of a slice.
  size_t column(size_t slice, size_t column) const noexcept { return first(slice) * columns_ + column * units(slice); }
  // Columns [first, first + count) of a slice of rows of the gate buffer.
  template <class T>
  View<T> columns(View<T> gates, size_t slice, size_t first, size_t count) const {
    return gates.slice_cols(column(slice, first), count * units(slice));
  }

 private:
  static constexpr size_t kBlock = 16;  // units of a slice are whole vectors of every instruction set
  // Gates of 32 rows of 64 units of four gates each are 32 KiB. Fewer than 128 columns do not pay for copying h, so a
  // cell of one gate has more units.
  static constexpr size_t kMaxUnits = 64, kLeastColumns = 128;
  static constexpr size_t kWorthDividing = 48;

  size_t columns_;
  std::vector<size_t> bounds_;  // units of a slice are [bounds_[slice], bounds_[slice + 1])
};

}  // namespace elman
