#pragma once

#include <bit>
#include <cmath>
#include <cstdint>

namespace elman {

// The upper half of a float: its range, 8 bits of precision. Weights are kept so where reading them is what takes time.
struct BFloat16 {
  uint16_t bits;

  // To the nearest, ties to even: within 2^-9 of the value. NaN stays NaN.
  static BFloat16 round(float x) noexcept {
    const auto u = std::bit_cast<uint32_t>(x);
    if (std::isnan(x)) return {static_cast<uint16_t>(u >> 16 | 0x40)};
    return {static_cast<uint16_t>((u + 0x7fff + (u >> 16 & 1)) >> 16)};
  }
  float value() const noexcept { return std::bit_cast<float>(static_cast<uint32_t>(bits) << 16); }
};

}  // namespace elman
