#pragma once

#include <cstdint>

#include "base/random.h"
#include "tensor/view.h"

namespace elman {

// Which elements are dropped: those whose 16 random bits are below the threshold. A row takes its bits from
// blocks_of(columns) blocks of random words of its own.
struct DropoutMask {
  static constexpr size_t kElements = 8;  // that a block serves
  static constexpr size_t blocks_of(size_t columns) { return (columns + kElements - 1) / kElements; }

  Random random;
  uint64_t first_block;  // row 0's
  int32_t threshold;     // above 0 and below 2^16
};

// y = 0 where the mask drops, x / (1 - threshold / 2^16) elsewhere. Serial; the same bits under every instruction set.
// REQUIRES: equal shapes; y may be x.
void drop(const DropoutMask& mask, ConstView<float> x, View<float> y) noexcept;
void drop(const DropoutMask& mask, ConstView<double> x, View<double> y) noexcept;

}  // namespace elman
