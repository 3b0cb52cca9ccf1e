#include "base/random.h"

#include <algorithm>
#include <numeric>
#include <utility>

namespace elman {
namespace {

// Blocks side by side: the compiler makes vectors of the loop over them.
template <size_t kBlocks>
struct Philox {
  uint32_t words[4][kBlocks];

  Philox(uint64_t seed, uint64_t stream, uint64_t counter) noexcept {
    for (size_t i = 0; i < kBlocks; ++i) {
      words[0][i] = static_cast<uint32_t>(counter + i);
      words[1][i] = static_cast<uint32_t>((counter + i) >> 32);
      words[2][i] = static_cast<uint32_t>(stream);
      words[3][i] = static_cast<uint32_t>(stream >> 32);
    }
    uint32_t key0 = static_cast<uint32_t>(seed), key1 = static_cast<uint32_t>(seed >> 32);
    for (int i = 0; i < 10; ++i, key0 += 0x9E3779B9u, key1 += 0xBB67AE85u) round(key0, key1);
  }

  void round(uint32_t key0, uint32_t key1) noexcept {
    for (size_t i = 0; i < kBlocks; ++i) {
      const uint64_t p0 = uint64_t{0xD2511F53u} * words[0][i], p1 = uint64_t{0xCD9E8D57u} * words[2][i];
      words[0][i] = static_cast<uint32_t>(p1 >> 32) ^ words[1][i] ^ key0;
      words[1][i] = static_cast<uint32_t>(p1);
      words[2][i] = static_cast<uint32_t>(p0 >> 32) ^ words[3][i] ^ key1;
      words[3][i] = static_cast<uint32_t>(p0);
    }
  }
};

}  // namespace

std::array<uint32_t, 4> Random::block(uint64_t counter) const noexcept {
  const Philox<1> one(seed_, stream_, counter);
  return {one.words[0][0], one.words[1][0], one.words[2][0], one.words[3][0]};
}

void Random::fill(uint64_t counter, std::span<uint32_t> out) const noexcept {
  constexpr size_t kBlocks = 32;  // fewer are unrolled rather than made vectors of
  while (!out.empty()) {
    const size_t blocks = std::min(kBlocks, out.size() / 4);
    if (blocks > kBlocks / 2) {
      const Philox<kBlocks> many(seed_, stream_, counter);
      for (size_t i = 0; i < blocks; ++i)
        for (size_t k = 0; k < 4; ++k) out[4 * i + k] = many.words[k][i];
    } else {
      for (size_t i = 0; i < blocks; ++i) std::ranges::copy(block(counter + i), &out[4 * i]);
    }
    counter += blocks;
    out = out.subspan(4 * blocks);
  }
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
