// One step of one sequence, products and pointwise math in registers: included once for each instruction set.
#if defined(ELMAN_CELLS_STEP_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef ELMAN_CELLS_STEP_INL_H_
#undef ELMAN_CELLS_STEP_INL_H_
#else
#define ELMAN_CELLS_STEP_INL_H_
#endif

#include <algorithm>

#include "cells/cell.h"
#include "cells/lanes-inl.h"

HWY_BEFORE_NAMESPACE();
namespace elman {
namespace HWY_NAMESPACE {

// Vectors of units that go together, so that enough sums are in flight to hide the latency of a multiply-add.
template <class Math>
inline constexpr size_t kStepVectors = std::max<size_t>(1, 8 / Math::kColumns);

// sums[first + c] += x[k] * rows[k][c] for the `kCount` columns from `first`, k ascending. Returns the end of rows.
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

// The panels of the units not yet done; S is what weights are stored as.
template <class T, class S>
struct StepPanels {
  const T* constants;
  const S* weights;
};

// kVectors vectors of units from `unit` on. x enters the first columns, h the last.
// kAlone: there are no others, so h can be replaced at once.
template <class Math, size_t kVectors, bool kAlone, class T, class S>
HWY_INLINE void step_units(const CellStep<T>& s, StepPanels<T, S>& panels, size_t unit) {
  using L = Lanes<T>;
  using V = typename L::V;
  constexpr size_t kGates = Math::kColumns - Math::kApart;
  V sums[Math::kColumns][kVectors], vectors[Math::kVectors + 1][kVectors];
  const auto load = [&](V& to) HWY_ATTR {
    to = L::load(panels.constants);
    panels.constants += L::kCount;
  };
#pragma GCC unroll 16
  for (size_t c = 0; c < Math::kColumns; ++c)
    for (size_t v = 0; v < kVectors; ++v) load(sums[c][v]);
  if constexpr (Math::kVectors > 0) {
    for (size_t c = 0; c < Math::kVectors; ++c)
      for (size_t v = 0; v < kVectors; ++v) load(vectors[c][v]);
  }

  panels.weights = add_rows<kGates, kVectors>(panels.weights, s.x, s.inputs, sums);
  panels.weights = add_rows<kGates, kVectors>(panels.weights, s.h, s.units, sums + Math::kApart);

#pragma GCC unroll 16
  for (size_t v = 0; v < kVectors; ++v) {
    const size_t first = unit + v * L::kCount, left = s.units - first;
    // Inline, or the sums would go through memory.
    const auto finish = [&](auto access) HWY_ATTR __attribute__((always_inline)) {
      CellLanes<V> c;
      for (size_t k = 0; k < Math::kColumns; ++k) c.gate[k] = sums[k][v];
      if constexpr (Math::kVectors > 0)
        for (size_t k = 0; k < Math::kVectors; ++k) c.vector[k] = vectors[k][v];
      for (size_t k = 0; k < Math::kStates; ++k) c.prev[k] = access.load((k == 0 ? s.h : s.states[k]) + first);
      Math::template forward<0>(c);
      for (size_t k = 0; k < Math::kStates; ++k) access.store(c.next[k], (k == 0 ? s.next_h : s.states[k]) + first);
      if constexpr (kAlone) access.store(c.next[0], s.h + first);
    };
    if (left >= L::kCount) finish(Access<T, false>{L::kCount});
    else finish(Access<T, true>{left});
  }
}

// The last group of units, of at most kVectors vectors.
template <class Math, size_t kVectors, bool kAlone, class T, class S>
HWY_INLINE void step_last(const CellStep<T>& s, StepPanels<T, S> panels, size_t unit) {
  if constexpr (kVectors == 1) {
    step_units<Math, 1, kAlone>(s, panels, unit);
  } else {
    if (s.units > unit + (kVectors - 1) * Lanes<T>::kCount) step_units<Math, kVectors, kAlone>(s, panels, unit);
    else step_last<Math, kVectors - 1, kAlone>(s, panels, unit);
  }
}

template <class Math, class T, class S>
HWY_INLINE void step_all(const CellStep<T>& s, StepPanels<T, S> panels) {
  constexpr size_t kVectors = kStepVectors<Math>, kGroup = kVectors * Lanes<T>::kCount;
  if (s.units <= kGroup) return step_last<Math, kVectors, true>(s, panels, 0);
  size_t unit = 0;
  for (; unit + kGroup < s.units; unit += kGroup) step_units<Math, kVectors, false>(s, panels, unit);
  step_last<Math, kVectors, false>(s, panels, unit);
  std::copy_n(s.next_h, s.units, s.h);
}

template <class Math, class T>
void step(const CellStep<T>& s) {
  if (s.narrow_weights) step_all<Math>(s, StepPanels<T, BFloat16>{s.constants, s.narrow_weights});
  else step_all<Math>(s, StepPanels<T, T>{s.constants, s.weights});
}

}  // namespace HWY_NAMESPACE
}  // namespace elman
HWY_AFTER_NAMESPACE();

#endif  // per-target include guard
