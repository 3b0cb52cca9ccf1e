// One step of one sequence, products and pointwise math in registers: included once for each instruction set.
#if defined(ELMAN_CELLS_STEP_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef ELMAN_CELLS_STEP_INL_H_
#undef ELMAN_CELLS_STEP_INL_H_
#else
#define ELMAN_CELLS_STEP_INL_H_
#endif

#include <algorithm>
#include <type_traits>

#include "cells/cell.h"
#include "cells/cell_lanes-inl.h"

HWY_BEFORE_NAMESPACE();
namespace elman {
namespace HWY_NAMESPACE {

// Vectors of units that go together at most: as many sums as leave the registers room for an input and its weights.
template <class Math>
inline constexpr size_t kStepVectors = std::max<size_t>(1, 12 / Math::kColumns);

// sums[c][v] += x[k] * rows[k][c][v] for the first `kCount` columns, k ascending. Returns the end of rows.
template <size_t kCount, size_t kVectors, class T, class S, class V>
HWY_INLINE const S* add_rows(const S* HWY_RESTRICT rows, const T* HWY_RESTRICT x, size_t n, V (*sums)[kVectors]) {
  using L = Lanes<T>;
  for (size_t k = 0; k < n; ++k, rows += kCount * kVectors * L::kCount) {
    const V value = L::splat(x[k]);
#pragma GCC unroll 16
    for (size_t c = 0; c < kCount; ++c) {
#pragma GCC unroll 16
      for (size_t v = 0; v < kVectors; ++v)
        sums[c][v] = fma(value, L::load(rows + (c * kVectors + v) * L::kCount), sums[c][v]);
    }
  }
  return rows;
}

// One call's part of a step.
template <class T>
struct StepCall {
  const CellStep<T>& cell;
  const T* x;
  T* states;
  T* y;
};

// Where the panels of the next group of units begin; S is what weights are stored as.
template <class T, class S>
struct StepPanels {
  const T* constants;
  const S* weights;
};

// The pre-activations of the next kVectors vectors of units. x enters the first columns, h the last.
template <class Math, size_t kVectors, class T, class S, class V>
HWY_INLINE void add_products(const StepCall<T>& s, StepPanels<T, S>& panels, V (*sums)[kVectors]) {
  using L = Lanes<T>;
  constexpr size_t kGates = Math::kColumns - Math::kApart;
#pragma GCC unroll 16
  for (size_t c = 0; c < Math::kColumns; ++c) {
#pragma GCC unroll 16
    for (size_t v = 0; v < kVectors; ++v, panels.constants += L::kCount) sums[c][v] = L::load(panels.constants);
  }
  panels.weights = add_rows<kGates, kVectors>(panels.weights, s.x, s.cell.inputs, sums);
  panels.weights = add_rows<kGates, kVectors>(panels.weights, s.states, s.cell.units, sums + Math::kApart);
}

// Those of the next `vectors` <= kVectors ones, into rows of `sums`, one for each. Returns the panels behind.
template <class Math, size_t kVectors, class T, class S>
HWY_INLINE StepPanels<T, S> add_group(const StepCall<T>& s, StepPanels<T, S> panels, size_t vectors, T* sums) {
  if constexpr (kVectors > 1) {
    if (vectors < kVectors) return add_group<Math, kVectors - 1>(s, panels, vectors, sums);
  }
  using L = Lanes<T>;
  typename L::V group[Math::kColumns][kVectors];
  add_products<Math, kVectors>(s, panels, group);
#pragma GCC unroll 16
  for (size_t v = 0; v < kVectors; ++v) {
#pragma GCC unroll 16
    for (size_t c = 0; c < Math::kColumns; ++c) L::store(group[c][v], sums + (v * Math::kColumns + c) * L::kCount);
  }
  return panels;
}

// The cell's math for the vector of units from `unit` on, its pre-activations given.
template <class Math, class T, class V, class A>
HWY_INLINE void finish_units(const StepCall<T>& s, CellLanes<V>& c, size_t unit, A access) {
  const size_t units = s.cell.units;
#pragma GCC unroll 16
  for (size_t k = 0; k < Math::kVectors; ++k) c.vector[k] = access.load(s.cell.vectors + k * units + unit);
#pragma GCC unroll 16
  for (size_t k = 0; k < Math::kStates; ++k) c.prev[k] = access.load(s.states + k * units + unit);
  Math::template forward<0>(c);
  access.store(c.next[0], s.y + unit);
#pragma GCC unroll 16
  for (size_t k = 0; k < Math::kStates; ++k) access.store(c.next[k], s.states + k * units + unit);
}
template <class Math, class T, class V>
HWY_INLINE void finish_vector(const StepCall<T>& s, CellLanes<V>& c, size_t unit) {
  const size_t left = s.cell.units - unit;
  if (left >= Lanes<T>::kCount) finish_units<Math>(s, c, unit, Access<T, false>{left});
  else finish_units<Math>(s, c, unit, Access<T, true>{left});
}

// Units that one vector holds: their sums stay in registers.
template <class Math, class T, class S>
HWY_INLINE void step_one(const StepCall<T>& s, StepPanels<T, S> panels) {
  typename Lanes<T>::V sums[Math::kColumns][1];
  add_products<Math, 1>(s, panels, sums);
  CellLanes<typename Lanes<T>::V> c;
#pragma GCC unroll 16
  for (size_t k = 0; k < Math::kColumns; ++k) c.gate[k] = sums[k][0];
  finish_vector<Math>(s, c, 0);
}

// All products come first: they read h, which can then be replaced in place, and the long chains of the cell's math
// overlap from vector to vector.
template <class Math, class T, class S>
HWY_INLINE void step_all(const StepCall<T>& s, StepPanels<T, S> panels, T* sums, bool backwards) {
  using L = Lanes<T>;
  constexpr size_t kRow = Math::kColumns * L::kCount, kGates = Math::kColumns - Math::kApart;
  const size_t all = (s.cell.units + L::kCount - 1) / L::kCount;
  const StepGroups& groups = s.cell.groups;
  if (!backwards) {
    for (size_t done = 0, i = 0; done < all; done += groups.size(i++))
      panels = add_group<Math, kStepVectors<Math>>(s, panels, groups.size(i), sums + done * kRow);
  } else {
    const size_t weights = kGates * L::kCount * (s.cell.inputs + s.cell.units);  // of a vector of units
    for (size_t i = groups.count; i-- > 0;) {
      const size_t begin = groups.begin(i);
      const StepPanels<T, S> from{panels.constants + begin * kRow, panels.weights + begin * weights};
      add_group<Math, kStepVectors<Math>>(s, from, groups.size(i), sums + begin * kRow);
    }
  }
  size_t v = 0;
  if constexpr (std::is_same_v<T, float>) {
    for (; (v + 2) * L::kCount <= s.cell.units; v += 2) {
      CellLanes<Pair> c;
#pragma GCC unroll 16
      for (size_t k = 0; k < Math::kColumns; ++k)
        c.gate[k] = {L::load(sums + v * kRow + k * L::kCount), L::load(sums + (v + 1) * kRow + k * L::kCount)};
      finish_units<Math>(s, c, v * L::kCount, PairAccess());
    }
  }
  for (; v < all; ++v) {
    CellLanes<typename L::V> c;
#pragma GCC unroll 16
    for (size_t k = 0; k < Math::kColumns; ++k) c.gate[k] = L::load(sums + v * kRow + k * L::kCount);
    finish_vector<Math>(s, c, v * L::kCount);
  }
}

// kOne: one vector holds all units.
template <class Math, class T, bool kOne>
void step(const CellStep<T>& cell, const T* x, T* states, T* sums, T* y, bool backwards) {
  const StepCall<T> s{cell, x, states, y};
  const auto run = [&](auto panels) HWY_ATTR __attribute__((always_inline)) {
    if constexpr (kOne) step_one<Math>(s, panels);
    else step_all<Math>(s, panels, sums, backwards);
  };
  if (cell.narrow_weights) run(StepPanels<T, BFloat16>{cell.constants, cell.narrow_weights});
  else run(StepPanels<T, T>{cell.constants, cell.weights});
}

}  // namespace HWY_NAMESPACE
}  // namespace elman
HWY_AFTER_NAMESPACE();

#endif  // per-target include guard
