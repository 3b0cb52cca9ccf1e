#include "tasks/calibration.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

namespace elman {
namespace {

constexpr size_t kMostParts = 3;
constexpr size_t kCommonParts = 6;  // that thirds, halves and the whole are made of

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

size_t part_of(size_t step, size_t parts, size_t horizon) { return step * parts / horizon; }

}  // namespace

size_t least_scores(double coverage) {
  size_t n = 1;
  while (rank_of(n, coverage) > n) ++n;
  return n;
}

Calibration Calibration::leaning_to(const Calibration& newer, double share) const {
  if (empty() || newer.empty()) return *this;
  Calibration between = *this;
  for (size_t k = 0; k < by_interval_.size(); ++k) {
    const std::vector<double>&older_parts = by_interval_[k], &newer_parts = newer.by_interval_[k];
    std::vector<double>& parts = between.by_interval_[k];
    parts.resize(kCommonParts);
    for (size_t p = 0; p < kCommonParts; ++p)
      parts[p] = (1 - share) * older_parts[p * older_parts.size() / kCommonParts] +
                 share * newer_parts[p * newer_parts.size() / kCommonParts];
  }
  return between;
}

void Calibration::widen(std::span<float> levels, size_t step) const {
  for (size_t k = 0; k < by_interval_.size(); ++k) {
    const std::vector<double>& parts = by_interval_[k];
    // Beyond the horizon nothing was measured: as at its end.
    const auto by = static_cast<float>(parts[part_of(std::min(step, horizon_ - 1), parts.size(), horizon_)]);
    levels[k] -= by;
    levels[levels.size() - 1 - k] += by;
  }
  std::sort(levels.begin(), levels.end());
}

bool Calibration::fits(const std::vector<double>& levels, size_t horizon) const {
  if (empty()) return true;
  const size_t parts = by_interval_[0].size();
  if (horizon_ != horizon || by_interval_.size() != coverages(levels).size() || parts == 0) return false;
  for (const std::vector<double>& widening : by_interval_) {
    if (widening.size() != parts) return false;
    for (const double by : widening)
      if (!(by >= 0)) return false;
  }
  return true;
}

std::vector<std::string> explain(const Calibration& calibration, const std::vector<double>& levels) {
  if (calibration.empty()) return {"intervals are not widened: too few of the held-out values were observed"};
  std::vector<std::string> lines;
  const std::vector<double> coverage = coverages(levels);
  for (size_t k = 0; k < coverage.size(); ++k)
    lines.push_back(
        fmt::format("{:.3g} % interval: widened by {:.2g} of a window's scale, from the next step to the last, as {} "
                    "held-out values ask",
                    100 * coverage[k], fmt::join(calibration.by_interval()[k], ", "), calibration.values()));
  return lines;
}

CalibrationScores::CalibrationScores(std::vector<double> levels, size_t horizon)
    : levels_(std::move(levels)), coverage_(coverages(levels_)) {
  scores_.assign(coverage_.size(), std::vector<std::vector<float>>(horizon));
}

void CalibrationScores::add(const float* prediction, const float* target) {
  std::vector<float> row(levels_.size());
  for (size_t k = 0; k < scores_.size(); ++k) {
    for (size_t step = 0; step < scores_[k].size(); ++step) {
      if (std::isnan(target[step])) continue;
      std::copy_n(prediction + step * row.size(), row.size(), row.begin());
      std::sort(row.begin(), row.end());
      scores_[k][step].push_back(std::max(row[k] - target[step], target[step] - row[row.size() - 1 - k]));
    }
  }
}

std::vector<float> CalibrationScores::part_scores(size_t k, size_t part, size_t parts) const {
  std::vector<float> scores;
  for (size_t step = 0; step < scores_[k].size(); ++step)
    if (part_of(step, parts, scores_[k].size()) == part)
      scores.insert(scores.end(), scores_[k][step].begin(), scores_[k][step].end());
  std::sort(scores.begin(), scores.end());
  return scores;
}

bool CalibrationScores::enough(size_t parts) const {
  for (size_t k = 0; k < coverage_.size(); ++k)
    for (size_t part = 0; part < parts; ++part)
      if (part_scores(k, part, parts).size() < least_scores(coverage_[k])) return false;
  return true;
}

Calibration CalibrationScores::finish(double least) const {
  Calibration result;
  if (coverage_.empty()) return result;
  size_t parts = kMostParts;
  while (parts > 0 && !enough(parts)) --parts;
  if (parts == 0) return result;
  result.horizon_ = scores_[0].size();
  for (const std::vector<float>& step : scores_[0]) result.values_ += step.size();
  for (size_t k = 0; k < coverage_.size(); ++k) {
    std::vector<double>& widening = result.by_interval_.emplace_back();
    for (size_t part = 0; part < parts; ++part) {
      const std::vector<float> scores = part_scores(k, part, parts);
      widening.push_back(std::max(least, static_cast<double>(scores[rank_of(scores.size(), coverage_[k]) - 1])));
    }
  }
  return result;
}

nlohmann::json to_json(const Calibration& c) {
  return {{"horizon", c.horizon_}, {"values", c.values_}, {"widening", c.by_interval_}};
}

Calibration calibration_from_json(const nlohmann::json& json) {
  Calibration c;
  json.at("horizon").get_to(c.horizon_);
  json.at("values").get_to(c.values_);
  json.at("widening").get_to(c.by_interval_);
  return c;
}

}  // namespace elman
