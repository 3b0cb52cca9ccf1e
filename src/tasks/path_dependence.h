#pragma once

#include <cstddef>
#include <nlohmann/json_fwd.hpp>
#include <span>
#include <vector>

#include "base/random.h"

namespace elman {

// How the values of one future hang together: a Gaussian copula. The normal scores z_t of the ranks that the values
// take in their steps' forecasts follow z_t = rho z_(t-1) + sqrt(1 - rho^2) e_t, so that each is standard normal.
struct PathDependence {
  double rho = 0;    // 0: independent
  size_t pairs = 0;  // successive held-out values it was measured on

  // Draws the levels, within (0, 1), of a path's next `steps` values, on from the score `z`, which becomes the last
  // one. A path starts from a draw_score().
  void draw(Random& random, double& z, size_t steps, std::vector<double>& levels) const;
};

nlohmann::json to_json(const PathDependence& dependence);
// Throws nlohmann::json::exception when a key is missing or of the wrong type, kModel when rho is not within (-1, 1).
PathDependence path_dependence_from_json(const nlohmann::json& json);

// A standard normal score, by inversion.
double draw_score(Random& random);

// Measures it: rho is the lag-1 autocorrelation, around 0 and pooled over held-out windows, of the normal scores of the
// ranks (the probability integral transform). Around 0, as a whole window above its forecast is dependence too.
class DependenceSums {
 public:
  // The ranks of one window's values, in the order of its steps, NaN where missing.
  void add(std::span<const double> ranks);
  PathDependence finish() const;

 private:
  double product_ = 0, square_before_ = 0, square_after_ = 0;
  size_t pairs_ = 0;
};

}  // namespace elman
