#include "cells/cell.h"

#include <algorithm>
#include <cstdint>

namespace elman {

template <class T>
CellKernels<T> Cell::step_kernels(size_t units) const {
  constexpr size_t kLeastLanes = 8;  // a shorter vector takes as long
  CellKernels<T> best;
  size_t least = SIZE_MAX;
  for (const InstructionSet& target : supported_targets()) {
    const CellKernels<T> kernels = this->kernels<T>(dispatch_entry(target));
    if (!kernels.step) return kernels;
    const size_t vectors = (units + kernels.step_lanes - 1) / kernels.step_lanes;
    const size_t lanes = vectors * std::max(kernels.step_lanes, kLeastLanes);
    if (lanes < least) least = lanes, best = kernels;
  }
  return best;
}
template CellKernels<float> Cell::step_kernels(size_t) const;
template CellKernels<double> Cell::step_kernels(size_t) const;

}  // namespace elman
