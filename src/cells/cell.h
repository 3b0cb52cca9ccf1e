#pragma once

#include <algorithm>
#include <cstddef>
#include <optional>
#include <span>
#include <string_view>

#include "kernels/targets.h"
#include "tensor/bfloat16.h"
#include "tensor/view.h"

namespace elman {

// Bounds of the fixed arrays below; a cell may use fewer.
inline constexpr size_t kMaxColumns = 6;  // of the gate buffer
inline constexpr size_t kMaxStates = 3;   // carried from step to step
inline constexpr size_t kMaxVectors = 4;  // learned per-unit vectors

// One recurrent product of a step: source · W_hh[gates]^T goes to columns of the gate buffer.
struct RecurrentProduct {
  enum Source { kHidden, kResult };  // h_{t-1}, or what an earlier phase of this step left
  size_t phase;                      // pointwise phase that needs the product
  Source source;
  size_t first_gate, gates;  // row blocks of W_hh
  size_t first_column;       // where the products go
  bool apart = false;        // false: added to the input's product; true: alone there, with b_hh
};

// A learned vector [hidden_size] that multiplies a state into a gate (a peephole, Gers & Schmidhuber 2000).
struct CellVector {
  std::string_view name;
  size_t gate, state;
  bool of_next;  // multiplies the state after the step rather than before it
};

// All that code outside the cell needs to know of it. The time loop, packing, streaming, file formats and the tools
// read this and name no cell.
struct CellSpec {
  std::string_view name;
  std::span<const std::string_view> gates;   // in weight-row order, PyTorch's
  size_t columns;                            // of the gate buffer: the gates, then the apart products
  std::span<const std::string_view> states;  // state 0 is the output h
  size_t phases;                             // pointwise phases of a step, usually 1
  std::span<const RecurrentProduct> products;
  std::span<const CellVector> vectors = {};
  std::span<const size_t> gate_columns = {};  // where each gate's input product goes; empty: gate g to column g
  bool result = false;                        // a phase leaves a vector that a later product reads
  std::optional<size_t> forget_gate = {};     // its bias starts at 1 (Jozefowicz et al. 2015)

  size_t column_of(size_t gate) const { return gate_columns.empty() ? gate : gate_columns[gate]; }
};

// A block of rows and a run of neighbouring units at one step, as the kernels see it.
template <class T>
struct CellRows {
  size_t rows = 0, units = 0;
  View<T> gates;                  // [rows, columns * units], pre-activations before forward, what backward needs after
  ConstView<T> prev[kMaxStates];  // [rows, units], before the step
  View<T> next[kMaxStates];       // after the step; may be prev's memory for states above 0
  View<T> result;                 // [rows, units], of cells that have one
  const T* vectors[kMaxVectors] = {};
};

// The same on the way back.
template <class T>
struct CellGradients : CellRows<T> {
  View<T> d_gates;             // out: gradients of the pre-activations, as gates
  ConstView<T> d_y;            // in: gradient of the loss to this step's output
  View<T> d_next[kMaxStates];  // in: gradient to each state after the step, from later steps
  View<T> d_prev[kMaxStates];  // out (last phase) or added to: the pointwise part; may be d_next's memory
  ConstView<T> d_result;       // in: gradient to the result (phases before the last)
};

// Streams take the vectors of units in groups, of at most `most` and all of nearly one size, so that no group is left
// with too few sums to hide the latency of a multiply-add.
struct StepGroups {
  size_t count = 0, vectors = 0, larger = 0;  // the first `larger` groups have one of the vectors more

  StepGroups() = default;
  constexpr StepGroups(size_t all, size_t most)
      : count((all + most - 1) / most), vectors(all / count), larger(all % count) {}
  constexpr size_t begin(size_t group) const { return group * vectors + std::min(group, larger); }
  constexpr size_t size(size_t group) const { return vectors + (group < larger ? 1 : 0); }
};

// What all steps of streams share. Units go in groups of whole vectors, one group's panel after the other;
// a row of a panel holds the group's units, and zeros beyond the last unit of all.
template <class T>
struct CellStep {
  const T* constants;  // a panel's rows: the bias of each column of the gate buffer
  // A panel's rows: for each element of x its weights to the columns that x enters, the first ones; then for each
  // element of h those to the columns that h enters, as many, the last ones.
  const T* weights;
  const BFloat16* narrow_weights;  // instead of weights, unless null
  const T* vectors;                // [vectors][units], the cell's
  size_t inputs, units;
  StepGroups groups;
};

// One step of one sequence. x [inputs]; states [states][units], read and replaced; sums has room for all columns of
// whole vectors of units; y [units], the new h, apart from all others. `backwards` takes the groups from the last to
// the first: in turn, steps begin with the weights that the one before read last.
template <class T>
using StepKernel = void (*)(const CellStep<T>& cell, const T* x, T* states, T* sums, T* y, bool backwards);

template <class T>
using ForwardKernel = void (*)(const CellRows<T>&);
template <class T>
using BackwardKernel = void (*)(const CellGradients<T>&);

// Pointwise kernels of one cell, an entry a phase, for the instruction set chosen when they were asked for.
template <class T>
struct CellKernels {
  static constexpr size_t kMaxPhases = 2;
  ForwardKernel<T> forward[kMaxPhases] = {};
  BackwardKernel<T> backward[kMaxPhases] = {};
  // Of cells with one phase: for any number of units, and for at most step_lanes of them, which needs no sums.
  StepKernel<T> step = nullptr, step_one = nullptr;
  size_t step_lanes = 0, step_vectors = 0;
};

struct Cell {
  CellSpec spec;
  CellKernels<float> (*f32)(size_t entry);   // of an instruction set: dispatch_entry() of kernels/targets.h
  CellKernels<double> (*f64)(size_t entry);  // one lane in double: the reference for gradient checks

  // Of the best instruction set.
  template <class T>
  CellKernels<T> kernels() const {
    return kernels<T>(dispatch_entry());
  }
  // Of the one that steps so many units fastest, by the lanes it fills, empty ones too, and how fast it does.
  template <class T>
  CellKernels<T> step_kernels(size_t units) const;

 private:
  template <class T>
  CellKernels<T> kernels(size_t entry) const {
    if constexpr (sizeof(T) == sizeof(float)) return f32(entry);
    else return f64(entry);
  }
};

// Every cell, in the order listed in registry.cc.
std::span<const Cell* const> cells();
// Throws ErrorCode::kUsage naming the nearest cell when there is none of that name.
const Cell& find_cell(std::string_view name);

}  // namespace elman
