// Compiled once for each instruction set: the guard toggles instead of closing.
#if defined(ELMAN_KERNELS_MATH_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef ELMAN_KERNELS_MATH_INL_H_
#undef ELMAN_KERNELS_MATH_INL_H_
#else
#define ELMAN_KERNELS_MATH_INL_H_
#endif

#include <limits>

#include "kernels/lanes-inl.h"

// exp, log, tanh and sigmoid on float lanes: argument reduction and a minimax polynomial, in IEEE operations alone, so
// every machine gives the same bits. The errors in units in the last place are bounds over all finite arguments,
// denormal arguments and results included. NaN gives NaN. The double versions are the standard library's.

HWY_BEFORE_NAMESPACE();
namespace elman {
namespace HWY_NAMESPACE {
namespace math {

using Int = hn::Vec<hn::RebindToSigned<Lanes<float>::Tag>>;

HWY_INLINE Int to_bits(F32 x) { return hn::BitCast(hn::RebindToSigned<Lanes<float>::Tag>(), x); }
HWY_INLINE F32 from_bits(Int x) { return hn::BitCast(Lanes<float>::Tag(), x); }
HWY_INLINE Int splat_int(int32_t x) { return hn::Set(hn::RebindToSigned<Lanes<float>::Tag>(), x); }

inline constexpr double kLog2E = 0x1.715476p+0;
// ln 2 = high + low; the high part times an exponent is exact inside a fused multiply-add.
inline constexpr double kLn2High = 0x1.62e430p-1, kLn2Low = -0x1.05c610p-29;
// Adding it to a small number rounds that to an integer, which then stands in the low bits of the sum.
inline constexpr double kRound = 0x1.8p23;

// x = n ln 2 + r with |r| <= ln 2 / 2. `biased` holds n + bias in its low bits.
struct Reduced {
  F32 biased, r;
};
HWY_INLINE Reduced reduce(F32 x, int bias) {
  const F32 magic = splat<F32>(kRound + bias);
  const F32 biased = fma(x, splat<F32>(kLog2E), magic);
  const F32 n = biased - magic;
  return {biased, fnma(n, splat<F32>(kLn2Low), fnma(n, splat<F32>(kLn2High), x))};
}

// e^r - 1 for |r| <= ln 2 / 2, relative error 2^-26.
HWY_INLINE F32 expm1_reduced(F32 r) {
  F32 p = splat<F32>(0x1.6c5582p-10);
  p = fma(p, r, splat<F32>(0x1.1223eep-7));
  p = fma(p, r, splat<F32>(0x1.5555bap-5));
  p = fma(p, r, splat<F32>(0x1.5554b6p-3));
  p = fma(p, r, splat<F32>(0.5));
  return fma(r * r, p, r);
}

}  // namespace math

// At most 1.1 ULP.
HWY_INLINE F32 exp(F32 x) {
  x = clamp(x, -104, 89);  // beyond, the result is 0 or infinity
  const math::Reduced reduced = math::reduce(x, 2 * 127);
  // 2^n in two factors of half the exponent each: one alone cannot hold n = 128 or the denormals' n < -126.
  const math::Int exponent = math::to_bits(reduced.biased), half = hn::ShiftRight<1>(exponent);
  const F32 scale = math::from_bits(hn::ShiftLeft<23>(half));
  const F32 rest = math::from_bits(hn::ShiftLeft<23>(exponent - half));
  return (splat<F32>(1) + math::expm1_reduced(reduced.r)) * scale * rest;
}
HWY_INLINE double exp(double x) { return std::exp(x); }

// At most 1 ULP; -infinity at 0, NaN below.
HWY_INLINE F32 log(F32 x) {
  const auto denormal = hn::Lt(x, splat<F32>(0x1p-126));
  const math::Int bits = math::to_bits(hn::IfThenElse(denormal, x * splat<F32>(0x1p23), x));
  // x = 2^e (1 + f) with sqrt(1/2) <= 1 + f < sqrt(2).
  const math::Int exponent = hn::ShiftRight<23>(bits - math::splat_int(0x3f3504f3));
  const F32 f = math::from_bits(bits - hn::ShiftLeft<23>(exponent)) - splat<F32>(1);
  const F32 e = hn::ConvertTo(Lanes<float>::Tag(), exponent) - hn::IfThenElseZero(denormal, splat<F32>(23));
  // log(1 + f) = f - f^2 / 2 + f^3 q(f)
  F32 q = splat<F32>(-0x1.38b576p-4);
  q = fma(q, f, splat<F32>(0x1.055b68p-3));
  q = fma(q, f, splat<F32>(-0x1.0d8542p-3));
  q = fma(q, f, splat<F32>(0x1.22da1ep-3));
  q = fma(q, f, splat<F32>(-0x1.547244p-3));
  q = fma(q, f, splat<F32>(0x1.99a008p-3));
  q = fma(q, f, splat<F32>(-0x1.000226p-2));
  q = fma(q, f, splat<F32>(0x1.555554p-2));
  q = fma(q, f, splat<F32>(-0.5));
  const F32 log1p = fma(f * f, q, f);
  const F32 y = fma(e, splat<F32>(math::kLn2High), fma(e, splat<F32>(math::kLn2Low), log1p));
  const F32 infinity = splat<F32>(std::numeric_limits<double>::infinity());
  const F32 nan = splat<F32>(std::numeric_limits<double>::quiet_NaN());
  const F32 zero = splat<F32>(0);
  const F32 not_positive = hn::IfThenElse(hn::Eq(x, zero), zero - infinity, nan);
  // What is left, infinity and NaN, is its own logarithm.
  const F32 special = hn::IfThenElse(hn::Le(x, zero), not_positive, x);
  return hn::IfThenElse(hn::And(hn::Gt(x, zero), hn::Lt(x, infinity)), y, special);
}
HWY_INLINE double log(double x) { return std::log(x); }

namespace math {

// e^y = scale (even + r) / (even - r), where y = n ln 2 + 2r, |r| <= ln 2 / 4, scale = 2^n, even = r coth r: the chain
// to wait for is short, and a ratio of sums of e^y and 1, such as tanh, takes no division but its own.
struct Fraction {
  F32 n, scale, r, even;
};
// Of y = k x, |y| <= 88. The r it gives lacks -n kLn2Low / 2.
HWY_INLINE Fraction exp_fraction(F32 x, double k) {
  const F32 magic = splat<F32>(kRound + 127);  // `biased` holds the exponent field of 2^n in its low bits
  const F32 biased = fma(x, splat<F32>(k * kLog2E), magic);
  const F32 n = biased - magic;
  const F32 r = fnma(n, splat<F32>(kLn2High / 2), x * splat<F32>(k / 2));
  // r coth r, relative error 2^-31.
  const F32 square = r * r;
  const F32 even = fma(fma(splat<F32>(-0x1.6a837ap-6), square, splat<F32>(0x1.555512p-2)), square, splat<F32>(1));
  return {n, from_bits(hn::ShiftLeft<23>(to_bits(biased))), r, even};
}

}  // namespace math

// At most 2.5 ULP, near zero too: (e^2x - 1) / (e^2x + 1), the numerator without cancellation. -0 gives +0.
HWY_INLINE F32 tanh(F32 x) {
  // tanh rounds to 1 from 9.02 on. Where n is large enough for what r lacks, tanh is flat.
  const math::Fraction e = math::exp_fraction(clamp(x, -9.1f, 9.1f), 2);
  const F32 less = e.scale - splat<F32>(1), more = e.scale + splat<F32>(1);
  return fma(e.even, less, e.r * more) / fma(e.even, more, e.r * less);
}
HWY_INLINE double tanh(double x) { return std::tanh(x); }

// At most 2.5 ULP down to the least normal number, and within 2^-126 below: 1 / (1 + e^-x).
HWY_INLINE F32 sigmoid(F32 x) {
  const math::Fraction e = math::exp_fraction(clamp(x, -88, 88), -1);
  const F32 less = e.scale - splat<F32>(1), more = e.scale + splat<F32>(1);
  const F32 odd = fma(e.n * splat<F32>(-math::kLn2Low), e.scale, e.r * less);
  return (e.even - e.r) / fma(e.even, more, odd);
}
HWY_INLINE double sigmoid(double x) { return x < 0 ? std::exp(x) / (1 + std::exp(x)) : 1 / (1 + std::exp(-x)); }

}  // namespace HWY_NAMESPACE
}  // namespace elman
HWY_AFTER_NAMESPACE();

#endif  // per-target include guard
