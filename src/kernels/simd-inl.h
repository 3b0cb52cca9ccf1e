// Everything pointwise code needs, written once on lanes of either type and compiled for each instruction set:
//
//   #include "kernels/targets.h"
//   #undef HWY_TARGET_INCLUDE
//   #define HWY_TARGET_INCLUDE "cells/lstm.cc"  // the file itself
//   #include "hwy/foreach_target.h"
//   #include "kernels/simd-inl.h"
//
//   HWY_BEFORE_NAMESPACE();
//   namespace elman { namespace HWY_NAMESPACE {
//   template <class T> void square(T* x, size_t n) {
//     using L = Lanes<T>;
//     size_t i = 0;
//     for (; i + L::kCount <= n; i += L::kCount) L::store(L::load(x + i) * L::load(x + i), x + i);
//     if (i < n) ...load_some(x + i, n - i)...
//   }
//   void square_f32(float* x, size_t n) { square(x, n); }
//   }}  HWY_AFTER_NAMESPACE();
//
//   #if HWY_ONCE
//   HWY_EXPORT(square_f32);  // HWY_DYNAMIC_DISPATCH(square_f32)(x, n) calls the best one
//   #endif
#include "kernels/lanes-inl.h"
#include "kernels/math-inl.h"
#include "kernels/pair-inl.h"
