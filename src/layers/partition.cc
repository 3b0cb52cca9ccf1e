#include "layers/partition.h"

#include <algorithm>

#include "kernels/gemm.h"
#include "kernels/roofline.h"

namespace elman {
namespace {

// Seconds that depend little on the machine; they need to be right only in proportion, for they choose who computes,
// never what. The rest is measured: while a third level brings a byte, some cores compute once and others eight times.
constexpr double kGate = 0.35e-9;           // pointwise math of one
constexpr double kStep = 0.1e-6;            // of calls
constexpr double kStart = 3e-6;             // of the other threads, once a call
constexpr double kMemoryByte = 1.0 / 17e9;  // too large to measure in passing
constexpr double kUneven = 1.1;             // threads that meet at every step wait for the slowest

// A meeting of all threads and their new states' way to each other, measured on a Xeon and on EPYC of two generations.
double meeting_seconds() { return cores_share_a_mesh() ? 0.33e-6 : 0.2e-6; }

// Seconds of reading one byte of the weights, `part` of which a thread reads.
double byte_seconds(double weight_bytes, double part) {
  static const double l1 = 0.75 * static_cast<double>(level_bytes(MemoryLevel::kL1));
  static const double l3 = static_cast<double>(level_bytes(MemoryLevel::kL3)) / 2;  // all threads' weights share it
  const double bytes = weight_bytes * part;
  if (bytes <= l1) return 1 / quick_bandwidth(MemoryLevel::kL1);
  if (!are_far(static_cast<size_t>(bytes))) return 1 / quick_bandwidth(MemoryLevel::kL2);
  return weight_bytes <= l3 ? 1 / quick_bandwidth(MemoryLevel::kL3) : kMemoryByte;
}

// A thread's share of a step: `part` of the units for `rows` sequences.
double step_seconds(double rows, double part, const Partition::Work& work) {
  return std::max(rows * part * work.flops_per_row / quick_peak(),
                  part * work.weight_bytes * byte_seconds(work.weight_bytes, part)) +
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
  Partition result(batch, count);
  if (by_batch == 1 && by_units == 1) return result;

  const double alone = time * step_seconds(rows, 1, work);
  const double apart = time * step_seconds(std::max(1.0, rows / static_cast<double>(by_batch)), 1, work) + kStart;
  const size_t most = (count + by_units - 1) / by_units;  // slices of one thread
  const double widest = static_cast<double>(most) / static_cast<double>(count);
  const double together = kUneven * time * (step_seconds(rows, widest, work) + meeting_seconds()) + kStart;

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
