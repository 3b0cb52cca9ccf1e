#include "kernels/smoothing.h"

#include <algorithm>
#include <cmath>

#include "kernels/targets.h"
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/smoothing.cc"
#include "hwy/foreach_target.h"
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace elman {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

using Doubles = hn::CappedTag<double, kAlphas>;
inline constexpr size_t kDoubles = hn::MaxLanes(Doubles());
// Vectors that go together: two chains of dependent steps, whose variables 16 registers hold.
inline constexpr size_t kChains = std::min<size_t>(2, kAlphas / kDoubles);

// An error is e0[t] - w[t] l[-1], where e0 belongs to the start 0 and w[t] = (1 - alpha)^t over the values observed, so
// that the best start is a ratio of two sums. alpha, error and level: of kChains vectors.
HWY_INLINE void smooth_some(std::span<const double> y, const double* alpha, double* error, double* level) {
  using V = hn::Vec<Doubles>;
  const Doubles d;
  const V forgotten = hn::Set(d, 1e-100);  // of a start: less only slows the processor down
  V rate[kChains], keep[kChains], l[kChains], w[kChains], e_e[kChains], e_w[kChains], w_w[kChains];
  for (size_t i = 0; i < kChains; ++i) {
    rate[i] = hn::LoadU(d, alpha + i * kDoubles);
    keep[i] = hn::Sub(hn::Set(d, 1.0), rate[i]);
    w[i] = hn::Set(d, 1.0);
    l[i] = e_e[i] = e_w[i] = w_w[i] = hn::Zero(d);
  }
  for (const double observed : y) {
    if (std::isnan(observed)) continue;
    const V v = hn::Set(d, observed);
#pragma GCC unroll 16
    for (size_t i = 0; i < kChains; ++i) {
      const V e = hn::Sub(v, l[i]), next = hn::Mul(w[i], keep[i]);
      e_e[i] = hn::Add(e_e[i], hn::Mul(e, e));
      e_w[i] = hn::Add(e_w[i], hn::Mul(e, w[i]));
      w_w[i] = hn::Add(w_w[i], hn::Mul(w[i], w[i]));
      l[i] = hn::Add(l[i], hn::Mul(rate[i], e));
      w[i] = hn::IfThenElseZero(hn::Gt(next, forgotten), next);
    }
  }
  for (size_t i = 0; i < kChains; ++i) {
    const V start = hn::IfThenElseZero(hn::Gt(w_w[i], hn::Zero(d)), hn::Div(e_w[i], w_w[i]));
    hn::StoreU(hn::Sub(e_e[i], hn::Mul(start, e_w[i])), d, error + i * kDoubles);
    hn::StoreU(hn::Add(l[i], hn::Mul(w[i], start)), d, level + i * kDoubles);
  }
}

void smooth_all(std::span<const double> y, const double* alpha, double* error, double* level) {
  for (size_t i = 0; i < kAlphas; i += kChains * kDoubles) smooth_some(y, alpha + i, error + i, level + i);
}

}  // namespace HWY_NAMESPACE
}  // namespace elman
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace elman {

HWY_EXPORT(smooth_all);

Smoothing smooth(std::span<const double> y, const std::array<double, kAlphas>& alpha) noexcept {
  Smoothing result;
  HWY_DYNAMIC_DISPATCH(smooth_all)(y, alpha.data(), result.error.data(), result.level.data());
  return result;
}

}  // namespace elman
#endif  // HWY_ONCE
