#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace elman {

// How the rows of a time-major sequence matrix [rows, features] divide into steps. Sequences of one length give
// steps x batch rows. Sequences of different lengths, longest first, are packed: step t holds only the batch_at(t)
// sequences that are still running, so padding is neither stored nor computed.
class Steps {
 public:
  Steps() = default;
  Steps(size_t steps, size_t batch) : steps_(steps), batch_(batch) {}
  // REQUIRES: lengths descending, all >= 1.
  static Steps packed(std::span<const size_t> lengths);

  size_t steps() const noexcept { return steps_; }
  size_t batch() const noexcept { return batch_; }
  size_t rows() const noexcept { return offsets_.empty() ? steps_ * batch_ : offsets_.back(); }
  // First row of step t; t = steps() gives rows().
  size_t offset(size_t t) const noexcept { return offsets_.empty() ? t * batch_ : offsets_[t]; }
  size_t batch_at(size_t t) const noexcept { return offsets_.empty() ? batch_ : offsets_[t + 1] - offsets_[t]; }
  size_t length(size_t sequence) const noexcept { return lengths_.empty() ? steps_ : lengths_[sequence]; }
  bool uniform() const noexcept { return offsets_.empty(); }

 private:
  size_t steps_ = 0, batch_ = 0;
  std::vector<size_t> offsets_;  // steps + 1 entries when packed
  std::vector<size_t> lengths_;
};

}  // namespace elman
