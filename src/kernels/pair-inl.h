// Compiled once for each instruction set: the guard toggles instead of closing.
#if defined(ELMAN_KERNELS_PAIR_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef ELMAN_KERNELS_PAIR_INL_H_
#undef ELMAN_KERNELS_PAIR_INL_H_
#else
#define ELMAN_KERNELS_PAIR_INL_H_
#endif

#include "kernels/lanes-inl.h"
#include "kernels/math-inl.h"

HWY_BEFORE_NAMESPACE();
namespace elman {
namespace HWY_NAMESPACE {

// Two vectors that long chains of pointwise math take side by side. A processor looks some hundred instructions ahead,
// not much more than one vector's chain: of two, it always has one to work on while the other waits.
struct Pair {
  F32 first, second;
};

#define ELMAN_OF_PAIRS(name) \
  HWY_INLINE Pair name(const Pair& x) { return {name(x.first), name(x.second)}; }
ELMAN_OF_PAIRS(exp)
ELMAN_OF_PAIRS(log)
ELMAN_OF_PAIRS(tanh)
ELMAN_OF_PAIRS(sigmoid)
ELMAN_OF_PAIRS(abs)
ELMAN_OF_PAIRS(sqrt)
ELMAN_OF_PAIRS(relu)
ELMAN_OF_PAIRS(step)
#undef ELMAN_OF_PAIRS

HWY_INLINE Pair operator+(const Pair& x, const Pair& y) { return {x.first + y.first, x.second + y.second}; }
HWY_INLINE Pair operator-(const Pair& x, const Pair& y) { return {x.first - y.first, x.second - y.second}; }
HWY_INLINE Pair operator*(const Pair& x, const Pair& y) { return {x.first * y.first, x.second * y.second}; }
HWY_INLINE Pair operator/(const Pair& x, const Pair& y) { return {x.first / y.first, x.second / y.second}; }
HWY_INLINE Pair max(const Pair& x, const Pair& y) { return {max(x.first, y.first), max(x.second, y.second)}; }
HWY_INLINE Pair fma(const Pair& x, const Pair& y, const Pair& z) {
  return {fma(x.first, y.first, z.first), fma(x.second, y.second, z.second)};
}
HWY_INLINE Pair fnma(const Pair& x, const Pair& y, const Pair& z) {
  return {fnma(x.first, y.first, z.first), fnma(x.second, y.second, z.second)};
}
template <>
HWY_INLINE Pair splat<Pair>(double x) {
  return {splat<F32>(x), splat<F32>(x)};
}

}  // namespace HWY_NAMESPACE
}  // namespace elman
HWY_AFTER_NAMESPACE();

#endif  // per-target include guard
