#pragma once

#include <array>
#include <cstdint>
#include <vector>

namespace elman {

// Counter-based random numbers: Philox 4x32-10 (Salmon et al. 2011). The value at (seed, stream, counter) depends on
// nothing else, so a dropout mask is the same on any thread and a resumed run draws what the first run would have
// drawn.
class Random {
 public:
  Random(uint64_t seed, uint64_t stream) noexcept : seed_(seed), stream_(stream) {}

  // Four independent uniform 32-bit words.
  std::array<uint32_t, 4> block(uint64_t counter) const noexcept;
  // For whoever computes blocks side by side: kRounds of Philox, each with the next key.
  static constexpr int kRounds = 10;
  static constexpr uint64_t kFactors[2] = {0xD2511F53, 0xCD9E8D57};
  struct Key {
    uint32_t words[2];
    void advance() noexcept {
      words[0] += 0x9E3779B9;
      words[1] += 0xBB67AE85;
    }
  };
  Key key() const noexcept { return {{static_cast<uint32_t>(seed_), static_cast<uint32_t>(seed_ >> 32)}}; }
  uint64_t stream() const noexcept { return stream_; }

  // Uniform in [0, 1), 24 bits, from one word of a block.
  static float to_unit(uint32_t word) noexcept { return static_cast<float>(word >> 8) * 0x1p-24f; }

  // The sequential face: each call takes the next counter.
  uint32_t next() noexcept;
  double uniform() noexcept { return static_cast<double>(next()) * 0x1p-32; }
  double uniform(double low, double high) noexcept { return low + (high - low) * uniform(); }
  // Approximately standard normal: the sum of twelve uniforms less six (Irwin–Hall). Exact in IEEE arithmetic, hence
  // the same bits under every C library, which std::log and std::cos do not promise.
  double normal() noexcept;
  // Uniform in [0, n), unbiased; REQUIRES n > 0.
  uint64_t below(uint64_t n) noexcept;

  uint64_t position() const noexcept { return position_; }
  void seek(uint64_t position) noexcept;

 private:
  uint64_t seed_, stream_;
  uint64_t position_ = 0;               // words drawn so far
  std::array<uint32_t, 4> words_ = {};  // the block of `position_`, unless that is its first word
};

// 0..n-1 in random order (Fisher–Yates).
std::vector<uint32_t> permutation(uint32_t n, Random random);

}  // namespace elman
