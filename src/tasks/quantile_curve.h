#pragma once

#include <span>
#include <vector>

namespace elman {

// A distribution known at some levels: between two the quantiles lie on a line over the level; beyond the outermost
// they are those of the normal distribution through the two outer ones of that end. Of a single level all quantiles are
// the same. A view: it keeps nothing.
class QuantileCurve {
 public:
  // REQUIRES: levels ascend within (0, 1) and values do not descend; both outlive the curve.
  QuantileCurve(std::span<const double> levels, std::span<const double> values) : levels_(levels), values_(values) {}

  // The quantile at a level in (0, 1).
  double at(double level) const;
  // P(value <= y), between 0 and 1; where values of several levels are equal, the middle of these.
  double rank(double y) const;

 private:
  // The normal distribution beyond one end, by the end's z-score and value.
  struct Tail {
    double z, value, deviation;
  };
  Tail tail(bool upper) const;

  std::span<const double> levels_, values_;
};

// The mean of a curve through quantiles at these levels is their sum, weighted so; of 0.1, 0.5 and 0.9 about a third
// each (Swanson's rule has 0.3, 0.4 and 0.3).
std::vector<double> mean_weights(std::span<const double> levels);

}  // namespace elman
