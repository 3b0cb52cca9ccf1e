#include "tasks/calibration.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "loss/distributions.h"

namespace elman {
namespace {

constexpr size_t kMostParts = 3;
constexpr double kWorthTelling = 1.005;
// With so many values of a place that should lie outside, half of what it asks is believed.
constexpr double kHalfBelieved = 5;
// Of 346 series of the M1, M3 and Tourism competitions, three windows each, intervals of 80 and 90 % hold 81 and 89 %
// with four, 83 and 91 with two; of 1,503 short ends of such series 85 and 91 with four, 87 and 93 with two.
constexpr double kFreedomOfHorizon = 4;

// Rank, from 1, of the score that makes an interval cover: ceil((n + 1) c), whatever the last bit of c.
size_t rank_of(size_t n, double coverage) {
  return static_cast<size_t>(std::ceil(static_cast<double>(n + 1) * coverage - 1e-9));
}

// Coverage of the intervals between levels of equal rank from either end that lie around the median, outermost first.
std::vector<double> coverages(const std::vector<double>& levels) {
  std::vector<double> coverage;
  for (size_t k = 0; levels[k] < 0.5 && levels[levels.size() - 1 - k] > 0.5; ++k)
    coverage.push_back(levels[levels.size() - 1 - k] - levels[k]);
  return coverage;
}

size_t median_of(const std::vector<double>& levels) {
  return static_cast<size_t>(std::find(levels.begin(), levels.end(), 0.5) - levels.begin());
}

double stretch_for(double coverage, double horizons) {
  const double level = (1 + coverage) / 2, freedom = std::max(1.0, kFreedomOfHorizon * horizons);
  return quantile(StudentTParameters{0, 1, freedom}, level) / normal_quantile(level);
}

size_t part_of(size_t step, size_t parts, size_t horizon) { return step * parts / horizon; }

}  // namespace

size_t least_scores(double coverage) {
  size_t n = 1;
  while (rank_of(n, coverage) > n) ++n;
  return n;
}

double Calibration::Widening::of(size_t interval, size_t step, size_t horizon, size_t place) const {
  if (by_part.empty()) return 0;
  const std::vector<double>& parts = by_part[interval];
  // Beyond the horizon nothing was measured: as at its end.
  const double by = parts[part_of(std::min(step, horizon - 1), parts.size(), horizon)];
  return by_place.empty() ? by : by + by_place[interval][place];
}

Calibration Calibration::leaning_to(const Calibration& newer, double share) const {
  if (empty() || newer.empty()) return *this;
  Calibration leaning = *this;
  leaning.newer_ = newer.held_out_;
  for (auto* lists : {&leaning.newer_.by_part, &leaning.newer_.by_place})
    for (std::vector<double>& list : *lists)
      for (double& by : list) by *= share;
  return leaning;
}

void Calibration::widen(std::span<float> levels, size_t step, size_t place) const {
  const float median = levels[median_];
  for (size_t k = 0; k < held_out_.by_part.size(); ++k) {
    const auto by = static_cast<float>(std::max(0.0, held_out_.of(k, step, horizon_, place)));
    const auto stretch = static_cast<float>(stretch_[k]);
    const auto newer = static_cast<float>(newer_.of(k, step, horizon_, place));
    float &low = levels[k], &high = levels[levels.size() - 1 - k];
    low = std::min(median - stretch * (median - low + by) - newer, median);
    high = std::max(median + stretch * (high - median + by) + newer, median);
  }
  std::sort(levels.begin(), levels.end());
}

bool Calibration::fits(const std::vector<double>& levels, size_t horizon, size_t places) const {
  if (empty()) return true;
  const auto holds = [](const std::vector<std::vector<double>>& lists, size_t size, double least) {
    return std::all_of(lists.begin(), lists.end(), [&](const std::vector<double>& list) {
      return list.size() == size &&
             std::all_of(list.begin(), list.end(), [&](double by) { return std::isfinite(by) && by >= least; });
    });
  };
  const size_t intervals = coverages(levels).size(), parts = by_part()[0].size();
  return horizon_ == horizon && median_ == median_of(levels) && by_part().size() == intervals && parts > 0 &&
         holds(by_part(), parts, 0.0) && by_place().size() == (places > 1 ? intervals : 0) &&
         holds(by_place(), places, -HUGE_VAL) && holds({stretch_}, intervals, 1.0);
}

std::vector<std::string> explain(const Calibration& calibration, const std::vector<double>& levels) {
  if (calibration.empty()) return {"intervals are not widened: too few of the held-out values were observed"};
  std::vector<std::string> lines;
  const std::vector<double> coverage = coverages(levels);
  for (size_t k = 0; k < coverage.size(); ++k) {
    std::string line = fmt::format(
        "{:.3g} % interval: widened by {:.2g} of a window's scale, from the next step to the last, as the "
        "errors of {} values ask",
        100 * coverage[k], fmt::join(calibration.by_part()[k], ", "), calibration.values());
    if (!calibration.by_place().empty()) {
      const auto [least, most] =
          std::minmax_element(calibration.by_place()[k].begin(), calibration.by_place()[k].end());
      line += fmt::format("; by the calendar {:+.2g} to {:+.2g} more", *least, *most);
    }
    if (const double stretch = calibration.stretch()[k]; stretch >= kWorthTelling)
      line += fmt::format("; then {:.2f} times as wide, as these are few", stretch);
    lines.push_back(std::move(line));
  }
  return lines;
}

CalibrationScores::CalibrationScores(std::vector<double> levels, size_t horizon, size_t places)
    : levels_(std::move(levels)), coverage_(coverages(levels_)), places_(places) {
  scores_.assign(coverage_.size(), std::vector<std::vector<Score>>(horizon));
}

void CalibrationScores::add(const float* prediction, const float* target, std::span<const size_t> places,
                            size_t fresh) {
  std::vector<float> row(levels_.size());
  const size_t horizon = scores_.empty() ? 0 : scores_[0].size();
  for (size_t step = horizon - std::min(horizon, fresh); step < horizon; ++step) values_ += !std::isnan(target[step]);
  for (size_t k = 0; k < scores_.size(); ++k) {
    for (size_t step = 0; step < scores_[k].size(); ++step) {
      if (std::isnan(target[step])) continue;
      std::copy_n(prediction + step * row.size(), row.size(), row.begin());
      std::sort(row.begin(), row.end());
      const float value = std::max(row[k] - target[step], target[step] - row[row.size() - 1 - k]);
      scores_[k][step].push_back({value, places.empty() ? 0 : static_cast<uint32_t>(places[step])});
    }
  }
}

std::vector<float> CalibrationScores::part_scores(size_t k, size_t part, size_t parts) const {
  std::vector<float> scores;
  for (size_t step = 0; step < scores_[k].size(); ++step)
    if (part_of(step, parts, scores_[k].size()) == part)
      for (const Score& score : scores_[k][step]) scores.push_back(score.value);
  std::sort(scores.begin(), scores.end());
  return scores;
}

bool CalibrationScores::enough(size_t parts) const {
  for (size_t k = 0; k < coverage_.size(); ++k)
    for (size_t part = 0; part < parts; ++part)
      if (part_scores(k, part, parts).size() < least_scores(coverage_[k])) return false;
  return true;
}

std::vector<double> CalibrationScores::by_place(size_t k, const std::vector<double>& by_part) const {
  const size_t horizon = scores_[k].size();
  std::vector<std::vector<double>> left(places_);
  for (size_t step = 0; step < horizon; ++step)
    for (const Score& score : scores_[k][step])
      left[score.place].push_back(score.value - by_part[part_of(step, by_part.size(), horizon)]);
  double scores_in_all = 0;
  for (const std::vector<double>& scores : left) scores_in_all += static_cast<double>(scores.size());
  const double repeats = scores_in_all / static_cast<double>(values_);  // windows that hold a value, on average
  std::vector<double> offsets(places_);
  for (size_t place = 0; place < places_; ++place) {
    std::vector<double>& scores = left[place];
    if (scores.empty()) continue;
    std::sort(scores.begin(), scores.end());
    const double rank = coverage_[k] * static_cast<double>(scores.size() - 1);
    const auto below = static_cast<size_t>(rank), above = std::min(below + 1, scores.size() - 1);
    const double quantile = scores[below] + (rank - static_cast<double>(below)) * (scores[above] - scores[below]);
    // A far quantile is known by the few values beyond it.
    const double outside = (1 - coverage_[k]) * static_cast<double>(scores.size()) / repeats;
    offsets[place] = outside / (outside + kHalfBelieved) * quantile;
  }
  return offsets;
}

double CalibrationScores::widening(size_t k, size_t part, size_t parts, double least) const {
  const std::vector<float> scores = part_scores(k, part, parts);
  const size_t rank = rank_of(scores.size(), coverage_[k]);
  if (rank > scores.size()) return std::max(0.0f, scores.back());
  return std::max(least, static_cast<double>(scores[rank - 1]));
}

Calibration CalibrationScores::finish(double least) const {
  Calibration result;
  if (coverage_.empty() || values_ == 0) return result;
  size_t parts = kMostParts;
  while (parts > 1 && !enough(parts)) --parts;
  result.horizon_ = scores_[0].size();
  result.median_ = median_of(levels_);
  result.values_ = values_;
  const double horizons = static_cast<double>(values_) / static_cast<double>(result.horizon_);
  for (size_t k = 0; k < coverage_.size(); ++k) {
    std::vector<double>& by_part = result.held_out_.by_part.emplace_back();
    for (size_t part = 0; part < parts; ++part) by_part.push_back(widening(k, part, parts, least));
    result.stretch_.push_back(stretch_for(coverage_[k], horizons));
    if (places_ > 1) result.held_out_.by_place.push_back(by_place(k, by_part));
  }
  return result;
}

nlohmann::json to_json(const Calibration& c) {
  return {{"horizon", c.horizon_},  {"values", c.values_},    {"median", c.median_},
          {"by_part", c.by_part()}, {"stretch", c.stretch()}, {"by_place", c.by_place()}};
}

Calibration calibration_from_json(const nlohmann::json& json) {
  Calibration c;
  json.at("horizon").get_to(c.horizon_);
  json.at("values").get_to(c.values_);
  json.at("median").get_to(c.median_);
  json.at("by_part").get_to(c.held_out_.by_part);
  json.at("stretch").get_to(c.stretch_);
  json.at("by_place").get_to(c.held_out_.by_place);
  return c;
}

}  // namespace elman
