#include "tasks/quantile_curve.h"

#include <algorithm>

#include "loss/distributions.h"
#include "tasks/levels.h"

namespace elman {

QuantileCurve::Tail QuantileCurve::tail(bool upper) const {
  const size_t n = levels_.size(), outer = upper ? n - 1 : 0, inner = upper ? n - 2 : 1;  // inner: if n > 1
  const double z = normal_quantile(levels_[outer]);
  if (n == 1) return {z, values_[outer], 0.0};
  return {z, values_[outer], (values_[outer] - values_[inner]) / (z - normal_quantile(levels_[inner]))};
}

double QuantileCurve::at(double level) const {
  if (const auto blend = blend_of(level, levels_)) return blend->mix(values_[blend->low], values_[blend->high]);
  const Tail t = tail(level > levels_.back());
  return t.value + t.deviation * (normal_quantile(level) - t.z);
}

double QuantileCurve::rank(double y) const {
  const auto [first, last] = std::equal_range(values_.begin(), values_.end(), y);
  const auto low = static_cast<size_t>(first - values_.begin()), high = static_cast<size_t>(last - values_.begin());
  if (low < high) return (levels_[low] + levels_[high - 1]) / 2;
  if (low > 0 && low < values_.size()) {
    const double share = (y - values_[low - 1]) / (values_[low] - values_[low - 1]);
    return (1 - share) * levels_[low - 1] + share * levels_[low];
  }
  const bool upper = low > 0;
  const Tail t = tail(upper);
  if (t.deviation > 0) return normal_cdf(t.z + (y - t.value) / t.deviation);
  return upper ? (1 + levels_.back()) / 2 : levels_.front() / 2;  // no tail: the middle of what is left
}

}  // namespace elman
