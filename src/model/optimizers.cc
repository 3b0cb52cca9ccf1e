// The public optimisers: one of optim/ each, behind a model's parameters.
#include "elman/optimizers.h"

#include <algorithm>
#include <cmath>

#include "optim/clip.h"
#include "optim/optimizer.h"

namespace elman {

struct Moments {
  std::unique_ptr<Optimizer<float>> optimizer;
  Buffer<float> gradients;  // a copy that clipping may scale
};

namespace {

bool step_with(Model& model, std::shared_ptr<Moments>& moments, const OptimizerConfig& config, double clip_norm) {
  if (!moments) moments = std::make_shared<Moments>(Moments{make_optimizer<float>(config), {}});
  const std::span<const float> given = model.gradients();
  moments->gradients.resize(given.size());
  std::copy(given.begin(), given.end(), moments->gradients.begin());
  const std::span<float> gradients(moments->gradients.data(), given.size());
  const double norm = clip_by_norm(gradients, clip_norm > 0 ? clip_norm : HUGE_VAL);
  if (!std::isfinite(norm)) return false;
  moments->optimizer->step(model.parameters(), gradients, config.learning_rate);
  model.update();
  return true;
}

}  // namespace

bool Adam::step(Model& model) {
  return step_with(model, moments,
                   {.name = "adamw",
                    .learning_rate = learning_rate,
                    .beta1 = beta1,
                    .beta2 = beta2,
                    .epsilon = epsilon,
                    .weight_decay = weight_decay},
                   clip_norm);
}

bool Sgd::step(Model& model) {
  return step_with(model, moments,
                   {.name = "sgd", .learning_rate = learning_rate, .momentum = momentum, .weight_decay = weight_decay},
                   clip_norm);
}

bool RmsProp::step(Model& model) {
  return step_with(
      model, moments,
      {.name = "rmsprop", .learning_rate = learning_rate, .momentum = momentum, .epsilon = epsilon, .alpha = alpha},
      clip_norm);
}

}  // namespace elman
