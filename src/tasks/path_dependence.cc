#include "tasks/path_dependence.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "loss/distributions.h"

namespace elman {
namespace {

constexpr double kMostRho = 0.999;     // short of a path that never changes its rank
constexpr double kExtremeRank = 1e-6;  // a value beyond all that was forecast is not infinitely rare

double score_of(double rank) { return normal_quantile(std::clamp(rank, kExtremeRank, 1 - kExtremeRank)); }

}  // namespace

double draw_score(Random& random) { return normal_quantile((static_cast<double>(random.next()) + 0.5) * 0x1p-32); }

void PathDependence::draw(Random& random, double& z, size_t steps, std::vector<double>& levels) const {
  levels.resize(steps);
  const double fresh = std::sqrt(1 - rho * rho);
  for (double& level : levels) {
    z = rho * z + fresh * draw_score(random);
    level = std::clamp(normal_cdf(z), 0x1p-53, 1 - 0x1p-53);
  }
}

void DependenceSums::add(std::span<const double> ranks) {
  for (size_t t = 1; t < ranks.size(); ++t) {
    if (std::isnan(ranks[t - 1]) || std::isnan(ranks[t])) continue;
    const double before = score_of(ranks[t - 1]), after = score_of(ranks[t]);
    product_ += before * after;
    square_before_ += before * before;
    square_after_ += after * after;
    ++pairs_;
  }
}

PathDependence DependenceSums::finish() const {
  const double size = std::sqrt(square_before_ * square_after_);
  return {size > 0 ? std::clamp(product_ / size, -kMostRho, kMostRho) : 0.0, pairs_};
}

nlohmann::json to_json(const PathDependence& d) { return {{"rho", d.rho}, {"pairs", d.pairs}}; }

PathDependence path_dependence_from_json(const nlohmann::json& json) {
  const PathDependence d{json.at("rho").get<double>(), json.at("pairs").get<size_t>()};
  if (!(std::abs(d.rho) < 1))
    fail(ErrorCode::kModel, "the forecaster's settings are damaged: its paths' rho is {}, expected within (-1, 1)",
         d.rho);
  return d;
}

}  // namespace elman
