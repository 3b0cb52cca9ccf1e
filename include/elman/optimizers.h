#pragma once

#include <memory>

#include "elman/model.h"

namespace elman {

struct Moments;  // an optimiser's memory of earlier gradients

// Each step() turns the gradients of Model::backward into new weights, after limiting every element to [-clip_value,
// clip_value] and then scaling all down to a norm of clip_norm (each 0: off). It returns false, and leaves the weights
// alone, when a gradient is NaN or infinite. One optimiser serves one model, and a copy shares its moments. From step
// to step learning_rate (see schedule.h), clip_norm and clip_value may change; of the other fields those count that the
// first step found, which throws Error(kUsage) on one out of range.

// AdamW (Loshchilov & Hutter 2019); Adam (Kingma & Ba 2015) when weight_decay is 0.
struct Adam {
  double learning_rate = 1e-3;
  double beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8;
  double weight_decay = 0.0;
  double clip_norm = 1.0;
  double clip_value = 0.0;
  std::shared_ptr<Moments> moments = nullptr;
  bool step(Model& model);
};

// Stochastic gradient descent with momentum, or Nesterov's, which needs one above 0; as torch.optim.SGD.
struct Sgd {
  double learning_rate = 1e-2;
  double momentum = 0.0;
  bool nesterov = false;
  double weight_decay = 0.0;
  double clip_norm = 1.0;
  double clip_value = 0.0;
  std::shared_ptr<Moments> moments = nullptr;
  bool step(Model& model);
};

// Gradient descent scaled by a running mean square (Tieleman & Hinton 2012), as torch.optim.RMSprop.
struct RmsProp {
  double learning_rate = 1e-3;
  double alpha = 0.99, epsilon = 1e-8;
  double momentum = 0.0;
  double clip_norm = 1.0;
  double clip_value = 0.0;
  std::shared_ptr<Moments> moments = nullptr;
  bool step(Model& model);
};

}  // namespace elman
