#include "tasks/fingerprint.h"

#include <cmath>

namespace elman {

std::string fingerprint(const SeriesSet& data) {
  Fingerprint print;
  for (const Series& s : data.series) {
    print.add(s.id.data(), s.id.size());
    print.add(&s.start, sizeof s.start);
    for (const double v : s.values) {
      const double canonical = std::isnan(v) ? NAN : v;  // one bit pattern for all that is missing
      print.add(&canonical, sizeof canonical);
    }
  }
  return print.hex();
}

}  // namespace elman
