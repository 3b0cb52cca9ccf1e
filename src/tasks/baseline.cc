#include "tasks/baseline.h"

#include <cmath>

#include "base/registry.h"

namespace elman {

// Every baseline. The order is that of tables and tests.
constexpr const Baseline* kBaselines[] = {
    ELMAN_ENTRY(Baseline, kNaive),        ELMAN_ENTRY(Baseline, kSeasonalNaive), ELMAN_ENTRY(Baseline, kDrift),
    ELMAN_ENTRY(Baseline, kSeasonalMean), ELMAN_ENTRY(Baseline, kTheta),         ELMAN_ENTRY(Baseline, kShrunkenTheta),
};

std::span<const Baseline* const> baselines() { return kBaselines; }

double last_observed(std::span<const double> past) noexcept {
  for (size_t i = past.size(); i-- > 0;)
    if (!std::isnan(past[i])) return past[i];
  return 0.0;
}

}  // namespace elman
