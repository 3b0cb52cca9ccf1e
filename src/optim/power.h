#pragma once

#include <cstdint>

namespace elman {

// base^n by repeated squaring, for n >= 0: the C library's pow has different bits from machine to machine.
inline double power(double base, int64_t n) noexcept {
  double result = 1.0;
  for (; n > 0; n >>= 1, base *= base)
    if (n & 1) result *= base;
  return result;
}

}  // namespace elman
