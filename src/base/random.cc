#include "base/random.h"

#include <numeric>
#include <utility>

namespace elman {

std::array<uint32_t, 4> Random::block(uint64_t counter) const noexcept {
  std::array<uint32_t, 4> c = {static_cast<uint32_t>(counter), static_cast<uint32_t>(counter >> 32),
                               static_cast<uint32_t>(stream_), static_cast<uint32_t>(stream_ >> 32)};
  uint32_t key0 = static_cast<uint32_t>(seed_), key1 = static_cast<uint32_t>(seed_ >> 32);
  for (int round = 0; round < 10; ++round) {
    const uint64_t p0 = uint64_t{0xD2511F53u} * c[0], p1 = uint64_t{0xCD9E8D57u} * c[2];
    c = {static_cast<uint32_t>(p1 >> 32) ^ c[1] ^ key0, static_cast<uint32_t>(p1),
         static_cast<uint32_t>(p0 >> 32) ^ c[3] ^ key1, static_cast<uint32_t>(p0)};
    key0 += 0x9E3779B9u;
    key1 += 0xBB67AE85u;
  }
  return c;
}

uint32_t Random::next() noexcept {
  const uint64_t position = position_++;
  return block(position / 4)[position % 4];
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
