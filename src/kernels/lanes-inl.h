// Compiled once for each instruction set: the guard toggles instead of closing.
#if defined(ELMAN_KERNELS_LANES_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef ELMAN_KERNELS_LANES_INL_H_
#undef ELMAN_KERNELS_LANES_INL_H_
#else
#define ELMAN_KERNELS_LANES_INL_H_
#endif

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>

#include "hwy/highway.h"
#include "tensor/bfloat16.h"

HWY_BEFORE_NAMESPACE();
namespace elman {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

// The first n lanes, the others zero. In halves and halves of halves rather than under a mask: what such a store wrote,
// a load finds at once, while a masked one must reach the cache first. Streams of one step read what the step before
// wrote.
template <class D>
HWY_INLINE hn::Vec<D> load_first(D d, const float* from, size_t n) {
  if (n == 0) return hn::Zero(d);
#if HWY_TARGET != HWY_SCALAR
  if constexpr (hn::MaxLanes(D()) > 1) {
    const hn::Half<D> half;
    constexpr size_t kHalf = hn::MaxLanes(D()) / 2;
    if (n < kHalf) return hn::Combine(d, hn::Zero(half), load_first(half, from, n));
    return hn::Combine(d, load_first(half, from + kHalf, n - kHalf), hn::LoadU(half, from));
  }
#endif
  return hn::LoadU(d, from);
}

// How many numbers of type T one register holds, and how they come and go.
template <class T>
struct Lanes;

template <>
struct Lanes<float> {
  using Tag = hn::ScalableTag<float>;
  using V = hn::Vec<Tag>;
  static constexpr size_t kCount = HWY_LANES(float);

  static HWY_INLINE V load(const float* from) { return hn::LoadU(Tag(), from); }
  static HWY_INLINE V load(const BFloat16* from) {
    const hn::Rebind<uint16_t, Tag> half;
    const hn::RebindToUnsigned<Tag> bits;
    const auto upper = hn::LoadU(half, reinterpret_cast<const uint16_t*>(from));
    return hn::BitCast(Tag(), hn::ShiftLeft<16>(hn::PromoteTo(bits, upper)));
  }
  static HWY_INLINE void store(V v, float* to) { hn::StoreU(v, Tag(), to); }
  static HWY_INLINE V splat(float x) { return hn::Set(Tag(), x); }
  // The first n <= kCount lanes; the others read as zero and are not written.
  static HWY_INLINE V load_some(const float* from, size_t n) { return load_first(Tag(), from, n); }
  static HWY_INLINE void store_some(V v, float* to, size_t n) { store_pieces(Tag(), v, to, n); }

 private:
  // As load_first.
  template <class D>
  static HWY_INLINE void store_pieces(D d, hn::Vec<D> v, float* to, size_t n) {
    if (n == 0) return;
#if HWY_TARGET != HWY_SCALAR
    if constexpr (hn::MaxLanes(D()) > 1) {
      const hn::Half<D> half;
      constexpr size_t kHalf = hn::MaxLanes(D()) / 2;
      if (n < kHalf) return store_pieces(half, hn::LowerHalf(half, v), to, n);
      hn::StoreU(hn::LowerHalf(half, v), half, to);
      return store_pieces(half, hn::UpperHalf(half, v), to + kHalf, n - kHalf);
    }
#endif
    hn::StoreU(v, d, to);
  }
};

// One lane of double precision: the reference that gradient checks differentiate.
template <>
struct Lanes<double> {
  using V = double;
  static constexpr size_t kCount = 1;

  static HWY_INLINE V load(const double* from) { return *from; }
  static HWY_INLINE V load(const BFloat16* from) { return static_cast<double>(from->value()); }
  static HWY_INLINE void store(V v, double* to) { *to = v; }
  static HWY_INLINE V splat(double x) { return x; }
  static HWY_INLINE V load_some(const double* from, size_t n) { return n == 0 ? 0.0 : *from; }
  static HWY_INLINE void store_some(V v, double* to, size_t n) {
    if (n != 0) *to = v;
  }
};

// Arithmetic on V, written alike for both types; + - * / are operators.
using F32 = Lanes<float>::V;

template <class V>
HWY_INLINE V splat(double x) {
  return Lanes<float>::splat(static_cast<float>(x));
}
template <>
HWY_INLINE double splat<double>(double x) {
  return x;
}

// a * b + c with one rounding, for machines that cannot: the product is exact in double, and a sum rounded to odd there
// rounds to float as the exact sum would (Boldo & Melquiond 2008). The C library's takes tens of nanoseconds.
inline float fma_in_double(float a, float b, float c) {
  const double product = static_cast<double>(a) * b, sum = product + c;
  const double added = sum - product, error = (product - (sum - added)) + (c - added);  // Knuth's two-sum
  int64_t bits = std::bit_cast<int64_t>(sum);
  const int64_t inexact_and_even = (~bits & 1) & ((error > 0) | (error < 0));
  bits += (error > 0) == (sum > 0) ? inexact_and_even : -inexact_and_even;
  return static_cast<float>(std::bit_cast<double>(bits));
}

HWY_INLINE F32 fma(F32 a, F32 b, F32 c) {
#if HWY_NATIVE_FMA
  return hn::MulAdd(a, b, c);
#else
  const Lanes<float>::Tag tag;
  HWY_ALIGN float x[Lanes<float>::kCount], y[Lanes<float>::kCount], z[Lanes<float>::kCount];
  hn::Store(a, tag, x);
  hn::Store(b, tag, y);
  hn::Store(c, tag, z);
  for (size_t i = 0; i < Lanes<float>::kCount; ++i) z[i] = fma_in_double(x[i], y[i], z[i]);
  return hn::Load(tag, z);
#endif
}
HWY_INLINE double fma(double a, double b, double c) { return std::fma(a, b, c); }
HWY_INLINE float fma(float a, float b, float c) {
#if HWY_NATIVE_FMA
  return std::fma(a, b, c);
#else
  return fma_in_double(a, b, c);
#endif
}

// c - a * b with one rounding.
HWY_INLINE F32 fnma(F32 a, F32 b, F32 c) {
#if HWY_NATIVE_FMA
  return hn::NegMulAdd(a, b, c);
#else
  return fma(hn::Neg(a), b, c);
#endif
}
HWY_INLINE double fnma(double a, double b, double c) { return std::fma(-a, b, c); }

HWY_INLINE F32 abs(F32 x) { return hn::Abs(x); }
HWY_INLINE double abs(double x) { return std::abs(x); }

HWY_INLINE F32 sqrt(F32 x) { return hn::Sqrt(x); }
HWY_INLINE double sqrt(double x) { return std::sqrt(x); }

// NaN if either is. Spelt out, because the instruction sets' own maximum treat NaN and signed zeros differently.
HWY_INLINE F32 max(F32 a, F32 b) { return hn::IfThenElse(hn::Or(hn::Gt(a, b), hn::IsNaN(a)), a, b); }
HWY_INLINE double max(double a, double b) { return a > b || std::isnan(a) ? a : b; }

// x between low and high; NaN passes through.
HWY_INLINE F32 clamp(F32 x, float low, float high) {
  const F32 least = splat<F32>(low), most = splat<F32>(high);
#if HWY_ARCH_X86 && HWY_TARGET != HWY_SCALAR
  return hn::Min(most, hn::Max(least, x));  // of two operands one of which is NaN, x86 takes the second
#else
  x = hn::IfThenElse(hn::Lt(x, least), least, x);
  return hn::IfThenElse(hn::Gt(x, most), most, x);
#endif
}

// max(x, 0); NaN passes through.
HWY_INLINE F32 relu(F32 x) { return hn::IfThenZeroElse(hn::Le(x, splat<F32>(0)), x); }
HWY_INLINE double relu(double x) { return x <= 0 ? 0.0 : x; }

// 1 where x > 0, else 0: relu's derivative.
HWY_INLINE F32 step(F32 x) { return hn::IfThenElseZero(hn::Gt(x, splat<F32>(0)), splat<F32>(1)); }
HWY_INLINE double step(double x) { return x > 0 ? 1.0 : 0.0; }

}  // namespace HWY_NAMESPACE
}  // namespace elman
HWY_AFTER_NAMESPACE();

#endif  // per-target include guard
