#pragma once

#include <cstddef>
#include <vector>

#include "base/march.h"
#include "base/threads.h"
#include "layers/slices.h"
#include "tensor/steps.h"

namespace elman {

// A thread's part of every step: sequences [begin, end), hidden units of slices [first_slice, last_slice).
struct Share {
  size_t begin, end, first_slice, last_slice;
};

// How the steps of a time loop divide over threads. Sequences apart need no word with each other until the end, but
// each thread reads all weights; slices of the hidden units leave each thread its own weights, and meet at every step.
class Partition {
 public:
  struct Work {
    double flops_per_row, weight_bytes, gates_per_row;  // of one step
  };

  // The cheapest for this shape. It changes the time a result takes and not its bits.
  static Partition choose(size_t threads, const Steps& steps, const Slices& slices, const Work& work);

  bool is_alone() const noexcept { return parts_ == 1; }  // one thread does all

  // Calls body(n, share) for n = 0, 1, … in order: for every n, all shares cover all sequences and slices, and a share
  // sees what every other share of the same rows wrote for smaller n.
  template <class Body>
  void run(ThreadPool& pool, size_t steps, const Body& body) const {
    const auto all_steps = [&](const Share& share) {
      for (size_t n = 0; n < steps; ++n) body(n, share);
    };
    if (parts_ == 1) return all_steps({0, batch_, 0, slices_});
    if (by_units_)
      return march(pool, steps, parts_, [&](size_t n, size_t part) {
        body(n, Share{0, batch_, part * slices_ / parts_, (part + 1) * slices_ / parts_});
      });
    pool.split(parts_, 1, [&](size_t begin, size_t end) {
      for (size_t part = begin; part < end; ++part) all_steps({bounds_[part], bounds_[part + 1], 0, slices_});
    });
  }

 private:
  Partition(size_t batch, size_t slices) : batch_(batch), slices_(slices) {}

  size_t batch_, slices_, parts_ = 1;
  bool by_units_ = false;
  std::vector<size_t> bounds_;  // of each part's sequences, when those are divided
};

}  // namespace elman
