#include <cmath>

#include "base/error.h"
#include "base/registry.h"
#include "optim/optimizer.h"

namespace elman {

// Every optimiser. The order is that of lists and tests.
constexpr const OptimizerEntry* kOptimizers[] = {
    ELMAN_ENTRY(OptimizerEntry, kSgd),
    ELMAN_ENTRY(OptimizerEntry, kRmsProp),
    ELMAN_ENTRY(OptimizerEntry, kAdam),
    ELMAN_ENTRY(OptimizerEntry, kAdamW),
};

namespace {

void check_not_negative(const OptimizerConfig& config, std::string_view setting, double value) {
  if (!(value >= 0.0 && std::isfinite(value)))
    fail(ErrorCode::kUsage, "optimiser '{}': {} is {}, expected a number not below 0", config.name, setting, value);
}

}  // namespace

std::span<const OptimizerEntry* const> optimizers() { return kOptimizers; }

const OptimizerEntry& find_optimizer(std::string_view name) {
  return *find_named(kOptimizers, &OptimizerEntry::name, name, "optimiser", "optimisers");
}

template <class T>
std::unique_ptr<Optimizer<T>> make_optimizer(const OptimizerConfig& config) {
  const OptimizerEntry& entry = find_optimizer(config.name);
  check_not_negative(config, "learning_rate", config.learning_rate);
  check_not_negative(config, "weight_decay", config.weight_decay);
  check_not_negative(config, "epsilon", config.epsilon);
  return entry.make<T>(config);
}

template std::unique_ptr<Optimizer<float>> make_optimizer(const OptimizerConfig& config);
template std::unique_ptr<Optimizer<double>> make_optimizer(const OptimizerConfig& config);

}  // namespace elman
