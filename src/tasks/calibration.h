#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <span>
#include <string>
#include <vector>

namespace elman {

// How much wider than the network draws them central intervals must be to hold as many values as they promise: split
// conformal quantile regression (Romano, Patterson & Candès 2019). Of the held-out scores max(low - y, y - high), in
// units of the window's scale, an interval of coverage c takes the ceil((n + 1) c)-th smallest on either side, pooled
// over thirds of the horizon where there are enough of them. What these leave of the scores says how much more or less
// each place of the calendar asks, such as each hour of the day; the fewer values there are of a place, the less of
// that is believed. Origins of one series overlap, so that the promise is not the theorem's; hence held-out scores make
// no interval narrower. Newer ones may (`leaning_to`).
//
// A few horizons held out, whose errors go together, say little of how far errors reach: intervals are stretched, as
// Student's t exceeds the normal distribution, with four degrees of freedom a horizon.
class Calibration {
 public:
  Calibration() = default;  // leaves every interval as it is

  // This one, and on top a share in [0, 1] of what a newer one asks of forecasts that this one has widened; this one
  // alone if either is empty.
  Calibration leaning_to(const Calibration& newer, double share) const;

  // Makes one step's forecasts `levels`, ascending, wider; the median stays, and none cross.
  void widen(std::span<float> levels, size_t step, size_t place = 0) const;

  // Whether it is empty or made for these levels, this horizon and so many places.
  bool fits(const std::vector<double>& levels, size_t horizon, size_t places = 1) const;

  bool empty() const noexcept { return held_out_.by_part.empty(); }
  size_t values() const noexcept { return values_; }  // different ones that it was made from
  // Widening of each interval, outermost first, for each part of the horizon: [intervals][parts].
  const std::vector<std::vector<double>>& by_part() const noexcept { return held_out_.by_part; }
  // Then every interval is so many times as wide: [intervals].
  const std::vector<double>& stretch() const noexcept { return stretch_; }
  // How much more each place asks, less if negative: [intervals][places]; empty where there is one.
  const std::vector<std::vector<double>>& by_place() const noexcept { return held_out_.by_place; }

  friend nlohmann::json to_json(const Calibration& calibration);
  friend Calibration calibration_from_json(const nlohmann::json& json);

 private:
  friend class CalibrationScores;
  struct Widening {
    std::vector<std::vector<double>> by_part, by_place;
    double of(size_t interval, size_t step, size_t horizon, size_t place) const;
  };
  size_t horizon_ = 0, values_ = 0;
  size_t median_ = 0;  // which of the levels is 0.5
  Widening held_out_;
  std::vector<double> stretch_;  // [intervals], of what is widened by held_out_
  Widening newer_;               // on top
};

nlohmann::json to_json(const Calibration& calibration);
Calibration calibration_from_json(const nlohmann::json& json);
// One line for each interval.
std::vector<std::string> explain(const Calibration& calibration, const std::vector<double>& levels);

// Fewest held-out values whose largest score an interval of this coverage takes: 4 for 80 %, 9 for 90 %. With fewer it
// takes that too, but no narrower than it was.
size_t least_scores(double coverage);

// Collects the scores of held-out windows.
class CalibrationScores {
 public:
  // REQUIRES: levels ascend and hold 0.5.
  CalibrationScores(std::vector<double> levels, size_t horizon, size_t places = 1);

  // One window: prediction [horizon * levels], target [horizon] with NaN where missing, and the place of each of them
  // [horizon], or none where all have one. `fresh`: how many of the last steps hold values of no window before.
  void add(const float* prediction, const float* target, std::span<const size_t> places = {}, size_t fresh = SIZE_MAX);
  // In thirds, halves or the whole of the horizon, the finest that has enough scores; of none, an empty calibration.
  // Intervals are widened by `least` at least.
  Calibration finish(double least = 0.0) const;

 private:
  struct Score {
    float value;
    uint32_t place;
  };
  // Scores of interval `k` over a part of the horizon, ascending.
  std::vector<float> part_scores(size_t k, size_t part, size_t parts) const;
  bool enough(size_t parts) const;
  double widening(size_t k, size_t part, size_t parts, double least) const;
  // What each place asks of interval `k` beyond what its parts were widened by.
  std::vector<double> by_place(size_t k, const std::vector<double>& by_part) const;

  std::vector<double> levels_;
  std::vector<double> coverage_;                         // of each interval, outermost first
  size_t places_, values_ = 0;                           // values: different ones
  std::vector<std::vector<std::vector<Score>>> scores_;  // [intervals][horizon][windows]
};

}  // namespace elman
