#include "cells/cell.h"

#include <algorithm>
#include <limits>

#include "kernels/roofline.h"

namespace elman {

template <class T>
CellKernels<T> Cell::step_kernels(size_t units) const {
  constexpr size_t kLeastLanes = 8;  // a shorter vector takes as long
  CellKernels<T> best;
  InstructionSet best_set{};
  size_t least = std::numeric_limits<size_t>::max();
  for (const InstructionSet& target : supported_targets()) {
    const CellKernels<T> kernels = this->kernels<T>(dispatch_entry(target));
    if (!kernels.step) return kernels;
    const size_t vectors = (units + kernels.step_lanes - 1) / kernels.step_lanes;
    const size_t lanes = vectors * std::max(kernels.step_lanes, kLeastLanes);
    if (lanes >= least) continue;
    // A lane takes half as long on the wider set where the machine computes all of its vector at once.
    const auto seconds = [](size_t n, const InstructionSet& set) { return static_cast<double>(n) / quick_peak(set); };
    if (best.step && seconds(lanes, target) >= seconds(least, best_set)) continue;
    best = kernels;
    best_set = target;
    least = lanes;
  }
  return best;
}
template CellKernels<float> Cell::step_kernels(size_t) const;
template CellKernels<double> Cell::step_kernels(size_t) const;

}  // namespace elman
