#include "tasks/naive.h"

#include <cmath>

namespace elman {
namespace {

double last_value(std::span<const double> past) {
  for (size_t i = past.size(); i-- > 0;)
    if (!std::isnan(past[i])) return past[i];
  return 0.0;
}

std::vector<double> naive(std::span<const double> past, size_t, size_t horizon) {
  return std::vector<double>(horizon, last_value(past));
}

std::vector<double> seasonal_naive(std::span<const double> past, size_t season, size_t horizon) {
  std::vector<double> future(horizon, last_value(past));
  for (size_t k = 0; k < horizon; ++k) {
    // The newest value at this place in the season that was observed.
    for (size_t back = season - k % season; back <= past.size(); back += season) {
      const double v = past[past.size() - back];
      if (std::isnan(v)) continue;
      future[k] = v;
      break;
    }
  }
  return future;
}

std::vector<double> drift(std::span<const double> past, size_t, size_t horizon) {
  size_t first = 0, last = past.size();
  while (first < past.size() && std::isnan(past[first])) ++first;
  while (last > 0 && std::isnan(past[last - 1])) --last;
  std::vector<double> future(horizon, last_value(past));
  if (last < first + 2) return future;
  const double slope = (past[last - 1] - past[first]) / static_cast<double>(last - 1 - first);
  for (size_t k = 0; k < horizon; ++k) future[k] += slope * static_cast<double>(past.size() - last + k + 1);
  return future;
}

constexpr NaiveMethod kMethods[] = {{"naive", naive}, {"seasonal_naive", seasonal_naive}, {"drift", drift}};

}  // namespace

std::span<const NaiveMethod> naive_methods() { return kMethods; }

}  // namespace elman
