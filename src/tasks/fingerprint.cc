#include "tasks/fingerprint.h"

#include <cmath>

namespace elman {

std::string fingerprint(const SeriesSet& data) {
  Fingerprint print;
  const auto add = [&](double v) {
    const double canonical = std::isnan(v) ? NAN : v;  // one bit pattern for all that is missing
    print.add(&canonical, sizeof canonical);
  };
  for (const Series& s : data.series) {
    print.add(s.id.data(), s.id.size());
    print.add(&s.start, sizeof s.start);
    for (const double v : s.values) add(v);
    for (const auto& covariate : s.covariates)
      for (const double v : covariate) add(v);
  }
  return print.hex();
}

}  // namespace elman
