// What a cell's math sees of its rows: included once for each instruction set.
#if defined(ELMAN_CELLS_CELL_LANES_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef ELMAN_CELLS_CELL_LANES_INL_H_
#undef ELMAN_CELLS_CELL_LANES_INL_H_
#else
#define ELMAN_CELLS_CELL_LANES_INL_H_
#endif

#include "cells/cell.h"
#include "kernels/simd-inl.h"

HWY_BEFORE_NAMESPACE();
namespace elman {
namespace HWY_NAMESPACE {

// One vector of units of one row. A cell's math reads and writes these and nothing else.
template <class V>
struct CellLanes {
  V gate[kMaxColumns], d_gate[kMaxColumns];
  V prev[kMaxStates], next[kMaxStates];
  V vector[kMaxVectors];
  V d_next[kMaxStates], d_prev[kMaxStates];
  V result, d_result;
};

// Whole vectors, or the first n lanes of one at the end of a row.
template <class T, bool kPartial>
struct Access {
  using V = typename Lanes<T>::V;
  size_t n;
  V load(const T* p) const {
    if constexpr (kPartial) return Lanes<T>::load_some(p, n);
    else return Lanes<T>::load(p);
  }
  void store(V v, T* p) const {
    if constexpr (kPartial) Lanes<T>::store_some(v, p, n);
    else Lanes<T>::store(v, p);
  }
};

// Two whole vectors.
struct PairAccess {
  using V = Pair;
  static HWY_INLINE Pair load(const float* p) {
    return {Lanes<float>::load(p), Lanes<float>::load(p + Lanes<float>::kCount)};
  }
  static HWY_INLINE void store(const Pair& v, float* p) {
    Lanes<float>::store(v.first, p);
    Lanes<float>::store(v.second, p + Lanes<float>::kCount);
  }
};

}  // namespace HWY_NAMESPACE
}  // namespace elman
HWY_AFTER_NAMESPACE();

#endif  // per-target include guard
