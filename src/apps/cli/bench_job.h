#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "tensor/steps.h"

namespace elman::cli {

// One measurement: a recurrent layer, what it does, and for how long it is watched.
struct BenchJob {
  // fwd: inference, weights packed beforehand. fwdbwd: a training step without its loss and optimiser: weights packed
  // anew, forward, backward with the gradients of the weights and of x. step: one step of one stream.
  std::string mode = "fwd", cell = "lstm";
  size_t input_size = 0, hidden_size = 128;  // 0: as hidden_size
  size_t batch = 16, steps = 128;
  size_t output_size = 0;       // of a linear layer behind; 0: none
  double mean_length = 1.0;     // of the sequences, as a share of `steps`; below 1 they are packed
  std::string weights = "f32";  // or bf16, which cannot train
  size_t threads = 0;
  double seconds = 0.5;
  size_t repeat = 0;  // timings at most; 0: as many as fit

  size_t features() const noexcept { return input_size ? input_size : hidden_size; }
  Steps layout() const;
  // Of one repeat: two for each multiply-add of the gates' matrices, [gates*hidden, features + hidden] a row; backward
  // counts as two forwards.
  double flops() const;
};

// Lengths of a batch, longest first, spread evenly over [0, steps] for a mean of half and bent for any other.
std::vector<size_t> spread_lengths(size_t batch, size_t steps, double mean_length);

struct BenchResult {
  double ms_median = 0, ms_min = 0;
  size_t repeats = 0;
};

// Warms up, then repeats until the time is over, at least twice. Throws kUsage on what no network can be built of.
BenchResult run(const BenchJob& job);

// Keeps the last core that the process may use busy for as long as it lives, as another program would.
class Competitor {
 public:
  Competitor();
  ~Competitor();
  Competitor(const Competitor&) = delete;
  Competitor& operator=(const Competitor&) = delete;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace elman::cli
