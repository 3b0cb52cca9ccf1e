// The public optimisers: one of optim/ each, behind a model's parameters.
#include "elman/optimizers.h"

#include <algorithm>

#include "optim/clip.h"
#include "optim/optimizer.h"

namespace elman {

struct Moments {
  std::unique_ptr<Optimizer<float>> optimizer;
  Buffer<float> gradients;  // a copy that clipping may scale
};

namespace {

// The trainer's order: a gradient that is not finite is seen first, then values are clipped, then the norm.
template <class Public>
bool step_with(Public& optimizer, Model& model, const OptimizerConfig& config) {
  std::shared_ptr<Moments>& moments = optimizer.moments;
  if (!moments) moments = std::make_shared<Moments>(Moments{make_optimizer<float>(config), {}});
  const std::span<const float> given = model.gradients();
  if (!all_finite(given)) return false;
  moments->gradients.resize(given.size());
  std::copy(given.begin(), given.end(), moments->gradients.begin());
  const std::span<float> gradients(moments->gradients.data(), given.size());
  if (optimizer.clip_value > 0) clip_by_value(gradients, optimizer.clip_value);
  if (optimizer.clip_norm > 0) clip_by_norm(gradients, optimizer.clip_norm);
  moments->optimizer->step(model.parameters(), gradients, config.learning_rate);
  model.update();
  return true;
}

}  // namespace

bool Adam::step(Model& model) {
  return step_with(*this, model,
                   {.name = "adamw",
                    .learning_rate = learning_rate,
                    .beta1 = beta1,
                    .beta2 = beta2,
                    .epsilon = epsilon,
                    .weight_decay = weight_decay});
}

bool Sgd::step(Model& model) {
  return step_with(*this, model,
                   {.name = "sgd",
                    .learning_rate = learning_rate,
                    .momentum = momentum,
                    .nesterov = nesterov,
                    .weight_decay = weight_decay});
}

bool RmsProp::step(Model& model) {
  return step_with(
      *this, model,
      {.name = "rmsprop", .learning_rate = learning_rate, .momentum = momentum, .epsilon = epsilon, .alpha = alpha});
}

}  // namespace elman
