#include <cmath>

#include "base/error.h"
#include "base/suggest.h"
#include "optim/optimizer.h"

namespace elman {

extern const OptimizerEntry kSgd, kRmsProp, kAdam, kAdamW;

namespace {

constexpr const OptimizerEntry* kOptimizers[] = {&kSgd, &kRmsProp, &kAdam, &kAdamW};

void check_not_negative(const OptimizerConfig& config, std::string_view setting, double value) {
  if (!(value >= 0.0 && std::isfinite(value)))
    fail(ErrorCode::kUsage, "optimiser '{}': {} is {}, expected a number not below 0", config.name, setting, value);
}

}  // namespace

std::span<const OptimizerEntry* const> optimizers() { return kOptimizers; }

template <class T>
std::unique_ptr<Optimizer<T>> make_optimizer(const OptimizerConfig& config) {
  std::vector<std::string_view> names;
  for (const OptimizerEntry* entry : kOptimizers) {
    names.push_back(entry->name);
    if (entry->name != config.name) continue;
    check_not_negative(config, "learning_rate", config.learning_rate);
    check_not_negative(config, "weight_decay", config.weight_decay);
    check_not_negative(config, "epsilon", config.epsilon);
    return entry->make<T>(config);
  }
  fail(ErrorCode::kUsage, "no optimiser '{}'{}; optimisers: {}", config.name, suggest(config.name, names),
       fmt::join(names, ", "));
}

template std::unique_ptr<Optimizer<float>> make_optimizer(const OptimizerConfig& config);
template std::unique_ptr<Optimizer<double>> make_optimizer(const OptimizerConfig& config);

}  // namespace elman
