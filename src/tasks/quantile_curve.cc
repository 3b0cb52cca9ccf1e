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

std::vector<double> mean_weights(std::span<const double> levels) {
  const size_t n = levels.size();
  std::vector<double> weights(n);
  for (size_t k = 1; k < n; ++k)
    for (const size_t end : {k - 1, k}) weights[end] += (levels[k] - levels[k - 1]) / 2;
  weights[0] += levels[0];
  weights[n - 1] += 1 - levels[n - 1];
  if (n == 1) return weights;
  // Beyond z the values of a standard normal distribution sum to its density there.
  const auto add_tail = [&](size_t outer, size_t inner, double share, double side) {
    const double z = normal_quantile(levels[outer]);
    const double deviations = side * normal_density(z) - share * z;  // by which the tail's values exceed the outermost
    const double apart = z - normal_quantile(levels[inner]);
    weights[outer] += deviations / apart;
    weights[inner] -= deviations / apart;
  };
  add_tail(0, 1, levels[0], -1);
  add_tail(n - 1, n - 2, 1 - levels[n - 1], 1);
  return weights;
}

}  // namespace elman
