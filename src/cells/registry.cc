#include <algorithm>
#include <cstdint>

#include "base/registry.h"
#include "cells/cell.h"

namespace elman {

// Every cell. The order is that of lists and tests.
constexpr const Cell* kCells[] = {
    ELMAN_ENTRY(Cell, kRnnTanhCell),         // rnn.cc
    ELMAN_ENTRY(Cell, kRnnReluCell),         // rnn.cc
    ELMAN_ENTRY(Cell, kLstmCell),            // lstm.cc
    ELMAN_ENTRY(Cell, kLstmPeepholeCell),    // lstm.cc
    ELMAN_ENTRY(Cell, kGruCell),             // gru.cc
    ELMAN_ENTRY(Cell, kGruResetBeforeCell),  // gru.cc
};

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

std::span<const Cell* const> cells() { return kCells; }

const Cell& find_cell(std::string_view name) {
  const auto name_of = [](const Cell* cell) { return cell->spec.name; };
  return *find_named(kCells, name_of, name, "cell", "cells");
}

}  // namespace elman
