// Runs a cell's math over blocks of rows: included once for each instruction set. `Math` knows one vector of units:
//   enum { …, kColumns };                          columns of the gate buffer; those that x enters come first
//   enum { kH, …, kStates };                       states, the output first
//   static constexpr size_t kVectors;              learned vectors
//   static constexpr size_t kApart;                last columns that x does not enter
//   static constexpr size_t kPhases;               1 or 2
//   static constexpr size_t kFirstPhaseColumns;    of two phases: columns [0, …) that the first one's math writes
//   template <size_t kPhase, class V> static void forward(CellLanes<V>& c);
//       gate: in pre-activations, out what backward needs; prev, vector: in; next: out, in the last phase;
//       result: out, in the phases before
//   template <size_t kPhase, class V> static void backward(CellLanes<V>& c);
//       the phases from the last to the first; in: gate, prev, next, vector; d_next, the gradient to each state after
//       the step, that of y included, in the last phase, and d_result in those before; out: d_gate; d_prev, the
//       pointwise part of the gradient to each state before the step, which earlier phases add to
#if defined(ELMAN_CELLS_CELL_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef ELMAN_CELLS_CELL_INL_H_
#undef ELMAN_CELLS_CELL_INL_H_
#else
#define ELMAN_CELLS_CELL_INL_H_
#endif

#include <type_traits>

#include "cells/cell.h"
#include "cells/cell_lanes-inl.h"
#include "cells/step-inl.h"
#include "kernels/dispatch.h"

HWY_BEFORE_NAMESPACE();
namespace elman {
namespace HWY_NAMESPACE {

template <class Math, size_t kPhase, class T, class A>
HWY_INLINE void forward_unit(const CellRows<T>& block, size_t row, size_t unit, A access) {
  constexpr bool kLast = kPhase + 1 == Math::kPhases;
  CellLanes<typename A::V> c;
  T* gates = block.gates.row(row) + unit;
  for (size_t k = 0; k < Math::kColumns; ++k) c.gate[k] = access.load(gates + k * block.units);
  for (size_t k = 0; k < Math::kVectors; ++k) c.vector[k] = access.load(block.vectors[k] + unit);
  for (size_t k = 0; k < Math::kStates; ++k) c.prev[k] = access.load(block.prev[k].row(row) + unit);
  Math::template forward<kPhase>(c);
  for (size_t k = 0; k < Math::kColumns; ++k) access.store(c.gate[k], gates + k * block.units);
  if constexpr (kLast)
    for (size_t k = 0; k < Math::kStates; ++k) access.store(c.next[k], block.next[k].row(row) + unit);
  else access.store(c.result, block.result.row(row) + unit);
}

// Columns whose gradients a phase writes: the last one all; the one before it those of its own product, because other
// threads may still read the others.
template <class Math, size_t kPhase>
constexpr size_t written_columns() {
  if constexpr (kPhase + 1 == Math::kPhases) return Math::kColumns;
  else return Math::kFirstPhaseColumns;
}

template <class Math, size_t kPhase, class T, class A>
HWY_INLINE void backward_unit(const CellGradients<T>& block, size_t row, size_t unit, A access) {
  constexpr bool kLast = kPhase + 1 == Math::kPhases;
  constexpr size_t kWritten = written_columns<Math, kPhase>();
  CellLanes<typename A::V> c;
  const T* gates = block.gates.row(row) + unit;
  T* d_gates = block.d_gates.row(row) + unit;
  for (size_t k = 0; k < Math::kColumns; ++k) {
    c.gate[k] = access.load(gates + k * block.units);
    if constexpr (kLast && Math::kPhases > 1) c.d_gate[k] = splat<typename A::V>(0.0);
  }
  if constexpr (!kLast)
    for (size_t k = 0; k < kWritten; ++k) c.d_gate[k] = access.load(d_gates + k * block.units);
  for (size_t k = 0; k < Math::kVectors; ++k) c.vector[k] = access.load(block.vectors[k] + unit);
  for (size_t k = 0; k < Math::kStates; ++k) {
    c.prev[k] = access.load(block.prev[k].row(row) + unit);
    c.next[k] = access.load(block.next[k].row(row) + unit);
    if constexpr (kLast) c.d_next[k] = access.load(block.d_next[k].row(row) + unit);
    else c.d_prev[k] = access.load(block.d_prev[k].row(row) + unit);
  }
  if constexpr (kLast) c.d_next[0] = c.d_next[0] + access.load(block.d_y.row(row) + unit);
  else c.d_result = access.load(block.d_result.row(row) + unit);
  Math::template backward<kPhase>(c);
  for (size_t k = 0; k < kWritten; ++k) access.store(c.d_gate[k], d_gates + k * block.units);
  for (size_t k = 0; k < Math::kStates; ++k) access.store(c.d_prev[k], block.d_prev[k].row(row) + unit);
}

// Calls unit_function for every vector of every row of the block, two at a time as far as they go. A macro, because the
// name of a function template cannot be handed over.
#define ELMAN_FOR_UNITS(unit_function)                                                                                 \
  constexpr size_t kLanes = Lanes<T>::kCount;                                                                          \
  for (size_t row = 0; row < block.rows; ++row) {                                                                      \
    size_t u = 0;                                                                                                      \
    if constexpr (std::is_same_v<T, float>)                                                                            \
      for (; u + 2 * kLanes <= block.units; u += 2 * kLanes) unit_function<Math, kPhase>(block, row, u, PairAccess()); \
    for (; u + kLanes <= block.units; u += kLanes)                                                                     \
      unit_function<Math, kPhase>(block, row, u, Access<T, false>{kLanes});                                            \
    if (u < block.units) unit_function<Math, kPhase>(block, row, u, Access<T, true>{block.units - u});                 \
  }

template <class Math, class T, size_t kPhase>
void forward_rows(const CellRows<T>& block) {
  ELMAN_FOR_UNITS(forward_unit)
}

template <class Math, class T, size_t kPhase>
void backward_rows(const CellGradients<T>& block) {
  ELMAN_FOR_UNITS(backward_unit)
}

#undef ELMAN_FOR_UNITS

// Whether a spec tells of this math what is so: the one is what all other code reads, the other what runs.
template <class Math>
constexpr bool is_described_by(const CellSpec& spec) {
  return spec.columns == Math::kColumns && spec.states.size() == Math::kStates &&
         spec.vectors.size() == Math::kVectors && spec.phases == Math::kPhases &&
         spec.columns == spec.gates.size() + Math::kApart;
}

template <class Math, class T>
void fill_kernels(CellKernels<T>* kernels) {
  static_assert(Math::kColumns <= kMaxColumns && Math::kStates <= kMaxStates && Math::kVectors <= kMaxVectors);
  kernels->forward[0] = forward_rows<Math, T, 0>;
  kernels->backward[0] = backward_rows<Math, T, 0>;
  if constexpr (Math::kPhases == 1) {
    kernels->step = step<Math, T, false>;
    kernels->step_one = step<Math, T, true>;
    kernels->step_lanes = Lanes<T>::kCount;
    kernels->step_vectors = kStepVectors<Math>;
  } else {
    kernels->forward[1] = forward_rows<Math, T, 1>;
    kernels->backward[1] = backward_rows<Math, T, 1>;
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace elman
HWY_AFTER_NAMESPACE();

// After the cell's math, inside its target namespace: the tables of kernels that ELMAN_CELL dispatches to.
#define ELMAN_CELL_KERNELS(Math)                                                                   \
  constexpr bool Math##IsDescribedBy(const CellSpec& spec) { return is_described_by<Math>(spec); } \
  void Math##F32(CellKernels<float>* kernels) { fill_kernels<Math, float>(kernels); }              \
  void Math##F64(CellKernels<double>* kernels) { fill_kernels<Math, double>(kernels); }

// Once a file, in namespace elman: the cell named `name` from its math and its spec.
#define ELMAN_CELL(name, Math, cell_spec)                                                                    \
  static_assert(HWY_STATIC_DISPATCH(Math##IsDescribedBy)(cell_spec), "a cell's spec and its math disagree"); \
  HWY_EXPORT(Math##F32);                                                                                     \
  HWY_EXPORT(Math##F64);                                                                                     \
  extern const Cell name;                                                                                    \
  const Cell name{cell_spec,                                                                                 \
                  [](size_t entry) {                                                                         \
                    CellKernels<float> kernels;                                                              \
                    ELMAN_DISPATCH_ENTRY(Math##F32, entry)(&kernels);                                        \
                    return kernels;                                                                          \
                  },                                                                                         \
                  [](size_t entry) {                                                                         \
                    CellKernels<double> kernels;                                                             \
                    ELMAN_DISPATCH_ENTRY(Math##F64, entry)(&kernels);                                        \
                    return kernels;                                                                          \
                  }};

#endif  // ELMAN_CELLS_CELL_INL_H_
