#pragma once

#include <nlohmann/json_fwd.hpp>
#include <span>
#include <string>
#include <vector>

namespace elman {

// How much wider than the network draws them central intervals must be to hold as many values as they promise: split
// conformal quantile regression (Romano, Patterson & Candès 2019). Of the held-out scores max(low - y, y - high), in
// units of the window's scale, an interval of coverage c takes the ceil((n + 1) c)-th smallest on either side, pooled
// over thirds of the horizon where there are enough of them. Origins of one series overlap, so that the promise is not
// the theorem's; hence held-out scores make no interval narrower. Newer ones may (`leaning_to`).
class Calibration {
 public:
  Calibration() = default;  // leaves every interval as it is

  // Between this one and a newer one, which has `share` in [0, 1] of the say; this one if either is empty.
  Calibration leaning_to(const Calibration& newer, double share) const;

  // Makes one step's forecasts `levels`, ascending, wider; the median stays, and none cross.
  void widen(std::span<float> levels, size_t step) const;

  // Whether it is empty or made for these levels and this horizon.
  bool fits(const std::vector<double>& levels, size_t horizon) const;

  bool empty() const noexcept { return by_interval_.empty(); }
  size_t values() const noexcept { return values_; }  // held-out values it was made from
  // Widening of each interval, outermost first, for each part of the horizon: [intervals][parts].
  const std::vector<std::vector<double>>& by_interval() const noexcept { return by_interval_; }

  friend nlohmann::json to_json(const Calibration& calibration);
  friend Calibration calibration_from_json(const nlohmann::json& json);

 private:
  friend class CalibrationScores;
  size_t horizon_ = 0, values_ = 0;
  std::vector<std::vector<double>> by_interval_;
};

nlohmann::json to_json(const Calibration& calibration);
Calibration calibration_from_json(const nlohmann::json& json);
// One line for each interval.
std::vector<std::string> explain(const Calibration& calibration, const std::vector<double>& levels);

// Fewest held-out values that an interval of this coverage can be calibrated with: 4 for 80 %, 9 for 90 %.
size_t least_scores(double coverage);

// Collects the scores of held-out windows.
class CalibrationScores {
 public:
  // REQUIRES: levels ascend and hold 0.5.
  CalibrationScores(std::vector<double> levels, size_t horizon);

  // One window: prediction [horizon * levels], target [horizon] with NaN where missing.
  void add(const float* prediction, const float* target);
  // In thirds, halves or the whole of the horizon, the finest that has enough scores; else an empty calibration.
  // Intervals are widened by `least` at least.
  Calibration finish(double least = 0.0) const;

 private:
  // Scores of interval `k` over a part of the horizon, ascending.
  std::vector<float> part_scores(size_t k, size_t part, size_t parts) const;
  bool enough(size_t parts) const;

  std::vector<double> levels_;
  std::vector<double> coverage_;                         // of each interval, outermost first
  std::vector<std::vector<std::vector<float>>> scores_;  // [intervals][horizon][windows]
};

}  // namespace elman
