#pragma once

#include <span>
#include <string_view>
#include <vector>

namespace elman {

// A forecast that anyone can make: horizon values from the past alone. Missing past values are stepped over.
struct NaiveMethod {
  std::string_view name;
  std::vector<double> (*forecast)(std::span<const double> past, size_t season, size_t horizon);
};

// naive (repeat the last value), seasonal_naive (repeat the last season), drift (go on with the mean slope).
std::span<const NaiveMethod> naive_methods();

}  // namespace elman
