#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/random.h"

namespace elman {

// Draws symbols from the softmax of logits / temperature, restricted to the top_k likeliest (0: all). Temperature 0
// takes the likeliest; ties go to the lower index. In double and IEEE-exact: a seed gives the same symbols on any
// machine.
class TextSampler {
 public:
  // Throws kUsage when the temperature is not a number at least 0.
  TextSampler(double temperature, size_t top_k, uint64_t seed);
  uint32_t draw(std::span<const float> logits);

 private:
  double temperature_;
  size_t top_k_;
  Random random_;
  std::vector<uint32_t> candidates_;
  std::vector<double> weights_;
};

}  // namespace elman
