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

  // The longest run of steps that starts at `first`, or ends before `last`, and has at most `max_rows` rows, but at
  // least one step: where it ends, or starts. REQUIRES: first < steps(), last > 0.
  size_t run_after(size_t first, size_t max_rows) const noexcept;
  size_t run_before(size_t last, size_t max_rows) const noexcept;
  // Steps [first, last) alone, of the sequences that reach them. REQUIRES: first < last.
  Steps part(size_t first, size_t last) const;

 private:
  size_t steps_ = 0, batch_ = 0;
  std::vector<size_t> offsets_;  // steps + 1 entries when packed
  std::vector<size_t> lengths_;
};

}  // namespace elman
