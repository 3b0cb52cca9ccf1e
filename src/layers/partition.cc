#include "layers/partition.h"

#include <algorithm>

#include "kernels/gemm.h"
#include "kernels/roofline.h"

namespace elman {
namespace {

// Seconds, measured on EPYC cores of two generations. They need to be right only in proportion: they choose who
// computes, never what.
constexpr double kFlop = 1.0 / 100e9, kL2Byte = 1.0 / 100e9, kMemoryByte = 1.0 / 17e9;
constexpr double kGate = 0.35e-9;    // pointwise math of one
constexpr double kStep = 0.1e-6;     // of calls
constexpr double kMeeting = 0.2e-6;  // of all threads, once a step
constexpr double kUneven = 1.1;      // threads that meet at every step wait for the slowest
constexpr double kStart = 3e-6;      // of the other threads, once a call
constexpr double kL1 = 24e3;         // bytes of weights that stay in the cache beside the rest

// Whether all threads' weights together stay in the third-level cache, which they share, beside the rest.
bool fits_third_level(double bytes) {
  static const double half = static_cast<double>(level_bytes(MemoryLevel::kL3)) / 2;
  return bytes <= half;
}

// Seconds of one operation, and of reading one byte of the weights, `part` of which a thread reads.
struct Costs {
  double flop, byte;

  static Costs of(double weight_bytes, double part) {
    const auto far = [](double bytes) { return are_far(static_cast<size_t>(bytes)); };
    if (!far(weight_bytes)) return {kFlop, weight_bytes * part <= kL1 ? 0 : kL2Byte};
    // Machines differ too much here: while the third level brings a byte, some cores compute once, others eight times.
    const QuickRates& rates = quick_rates();
    const double far_byte = fits_third_level(weight_bytes) ? 1 / rates.third_level : kMemoryByte;
    return {1 / rates.flops, far(weight_bytes * part) ? far_byte : kL2Byte};
  }
};

// A thread's share of a step: `part` of the units for `rows` sequences.
double step_seconds(double rows, double part, const Partition::Work& work) {
  const Costs costs = Costs::of(work.weight_bytes, part);
  return std::max(rows * part * work.flops_per_row * costs.flop, part * work.weight_bytes * costs.byte) +
         rows * part * work.gates_per_row * kGate + kStep;
}

// Divides the sequences so that every part has about as many rows: the longest sequences come first.
std::vector<size_t> equal_rows(const Steps& steps, size_t parts) {
  std::vector<size_t> bounds = {0};
  size_t rows = 0;
  for (size_t b = 0; b < steps.batch(); ++b) {
    rows += steps.length(b);
    if (bounds.size() < parts && rows * parts >= bounds.size() * steps.rows()) bounds.push_back(b + 1);
  }
  bounds.resize(parts, steps.batch());
  bounds.push_back(steps.batch());
  return bounds;
}

}  // namespace

Partition Partition::choose(size_t threads, const Steps& steps, const Slices& slices, const Work& work) {
  const size_t batch = steps.batch(), count = slices.count();
  const double time = static_cast<double>(steps.steps());
  const double rows = static_cast<double>(steps.rows()) / time;  // of a mean step
  const size_t by_batch = std::min(threads, batch), by_units = std::min(threads, count);

  const double alone = time * step_seconds(rows, 1, work);
  const double apart = time * step_seconds(std::max(1.0, rows / static_cast<double>(by_batch)), 1, work) + kStart;
  const size_t most = (count + by_units - 1) / by_units;  // slices of one thread
  const double widest = static_cast<double>(most) / static_cast<double>(count);
  const double together = kUneven * time * (step_seconds(rows, widest, work) + kMeeting) + kStart;

  Partition result(batch, count);
  if (by_batch > 1 && apart < alone && apart <= together) {
    result.parts_ = by_batch;
    result.bounds_ = equal_rows(steps, by_batch);
  } else if (by_units > 1 && together < alone) {
    result.parts_ = by_units;
    result.by_units_ = true;
  }
  return result;
}

}  // namespace elman
