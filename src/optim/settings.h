#pragma once

#include "base/error.h"
#include "optim/optimizer.h"

namespace elman {

// Throws kUsage unless 0 <= value < 1.
inline void check_fraction(const OptimizerConfig& config, std::string_view setting, double value) {
  if (!(value >= 0.0 && value < 1.0))
    fail(ErrorCode::kUsage, "optimiser '{}': {} is {}, expected at least 0 and below 1", config.name, setting, value);
}

// The registry's entry for an optimiser given as a class template over the element type.
template <template <class> class O>
constexpr OptimizerEntry optimizer_entry(std::string_view name) {
  return {name,
          [](const OptimizerConfig& config) -> std::unique_ptr<Optimizer<float>> {
            return std::make_unique<O<float>>(config);
          },
          [](const OptimizerConfig& config) -> std::unique_ptr<Optimizer<double>> {
            return std::make_unique<O<double>>(config);
          }};
}

}  // namespace elman
