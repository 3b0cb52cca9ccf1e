#include "base/random.h"

#include <numeric>
#include <utility>

namespace elman {

std::array<uint32_t, 4> Random::block(uint64_t counter) const noexcept {
  std::array<uint32_t, 4> words = {static_cast<uint32_t>(counter), static_cast<uint32_t>(counter >> 32),
                                   static_cast<uint32_t>(stream_), static_cast<uint32_t>(stream_ >> 32)};
  Key key = this->key();
  for (int round = 0; round < kRounds; ++round, key.advance()) {
    const uint64_t p0 = kFactors[0] * words[0], p1 = kFactors[1] * words[2];
    words = {static_cast<uint32_t>(p1 >> 32) ^ words[1] ^ key.words[0], static_cast<uint32_t>(p1),
             static_cast<uint32_t>(p0 >> 32) ^ words[3] ^ key.words[1], static_cast<uint32_t>(p0)};
  }
  return words;
}

uint32_t Random::next() noexcept {
  if (position_ % 4 == 0) words_ = block(position_ / 4);
  return words_[position_++ % 4];
}

void Random::seek(uint64_t position) noexcept {
  position_ = position;
  words_ = block(position / 4);
}

double Random::normal() noexcept {
  double sum = -6.0;
  for (int i = 0; i < 12; ++i) sum += uniform();
  return sum;
}

uint64_t Random::below(uint64_t n) noexcept {
  const uint64_t limit = UINT64_MAX - UINT64_MAX % n;  // reject the uneven tail
  for (;;) {
    const uint64_t high = next();
    const uint64_t value = high << 32 | next();
    if (value < limit) return value % n;
  }
}

std::vector<uint32_t> permutation(uint32_t n, Random random) {
  std::vector<uint32_t> order(n);
  std::iota(order.begin(), order.end(), 0u);
  for (uint32_t i = n; i > 1; --i) std::swap(order[i - 1], order[random.below(i)]);
  return order;
}

}  // namespace elman
