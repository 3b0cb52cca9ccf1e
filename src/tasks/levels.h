#pragma once

#include <cmath>
#include <optional>
#include <span>

namespace elman {

// A level as a mix of one trained level, or of its two neighbours.
struct LevelBlend {
  size_t low = 0, high = 0;
  double share = 0;  // of high

  double mix(double at_low, double at_high) const noexcept { return (1 - share) * at_low + share * at_high; }
};

// Nothing if `level` lies outside the trained ones, which ascend.
inline std::optional<LevelBlend> blend_of(double level, std::span<const double> trained) {
  for (size_t k = 0; k < trained.size(); ++k) {
    if (std::abs(level - trained[k]) < 1e-9) return LevelBlend{k, k, 0.0};
    if (k > 0 && level > trained[k - 1] && level < trained[k])
      return LevelBlend{k - 1, k, (level - trained[k - 1]) / (trained[k] - trained[k - 1])};
  }
  return {};
}

}  // namespace elman
