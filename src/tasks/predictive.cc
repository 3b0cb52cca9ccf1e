#include "tasks/predictive.h"

#include <algorithm>

#include "tasks/levels.h"
#include "tasks/quantile_curve.h"

namespace elman {

Predictive::Predictive(const ForecastHead& head, const float* raw, const WindowScale& scale,
                       const Calibration& calibration, size_t step, size_t place, bool floor_at_zero)
    : head_(&head), scale_(scale), floor_at_zero_(floor_at_zero), raw_(raw, raw + head.outputs()) {
  const std::vector<double>& levels = head.levels();
  std::vector<float> row(levels.size());
  head.quantiles(raw, scale.scale, row);
  for (size_t k = 0; k < row.size(); ++k) moved_.push_back(-in_own_units(row[k], levels[k]));
  calibration.widen(row, step, place);
  for (size_t k = 0; k < row.size(); ++k) {
    const double value = in_own_units(row[k], levels[k]);
    moved_[k] += value;
    calibrated_.push_back(bounded(value));
  }
}

double Predictive::in_own_units(double value, double level) const {
  return head_->possible(scale_.center + scale_.scale * value, level);
}

double Predictive::mean() const {
  return bounded(scale_.center + scale_.scale * head_->mean(raw_.data(), scale_.scale));
}

double Predictive::quantile(double level) const {
  const std::vector<double>& levels = head_->levels();
  if (!head_->knows_all_levels()) return bounded(QuantileCurve(levels, calibrated_).at(level));
  const double drawn = scale_.center + scale_.scale * head_->quantile(raw_.data(), scale_.scale, level);
  const auto between = blend_of(level, levels);
  if (!between) {
    const size_t outer = level < levels.front() ? 0 : levels.size() - 1;
    return bounded(head_->possible(drawn + moved_[outer], level));
  }
  const double low = calibrated_[between->low], high = calibrated_[between->high];
  const double value = head_->possible(drawn + between->mix(moved_[between->low], moved_[between->high]), level);
  return std::clamp(bounded(value), low, high);
}

}  // namespace elman
