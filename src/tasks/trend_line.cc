#include "tasks/trend_line.h"

#include <cmath>

namespace elman {

TrendLine fit_line(std::span<const double> y) noexcept {
  TrendLine line;
  double count = 0;
  for (size_t t = 0; t < y.size(); ++t) {
    if (std::isnan(y[t])) continue;
    ++count;
    line.centre += (static_cast<double>(t) - line.centre) / count;
    line.mean += (y[t] - line.mean) / count;
  }
  double product = 0, square = 0;
  for (size_t t = 0; t < y.size(); ++t) {
    if (std::isnan(y[t])) continue;
    const double distance = static_cast<double>(t) - line.centre;
    product += distance * (y[t] - line.mean);
    square += distance * distance;
  }
  if (square > 0) line.slope = product / square;
  return line;
}

}  // namespace elman
