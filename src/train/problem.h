#pragma once

#include <string>
#include <vector>

#include "base/random.h"
#include "loss/loss.h"
#include "tensor/tensor.h"

namespace elman {

// A buffer of a problem that must survive from one batch to the next, such as a recurrent state carried over chunks.
struct CarriedBuffer {
  std::string name;
  Buffer<float>* buffer;
};

// What the trainer trains: batches with their gradients, and a validation figure. A task implements this and nothing of
// the training loop.
class Problem {
 public:
  virtual ~Problem() = default;

  virtual size_t batches_per_epoch() const = 0;
  // Puts the batches of an epoch in order: a function of the epoch's number alone, so that a resumed run sees the same.
  virtual void start_epoch(size_t epoch) = 0;
  // Runs one batch forward and back: adds the gradient of its mean loss to the network's gradients.
  virtual LossValue train_batch(size_t batch, const Random& dropout) = 0;
  // The figure that early stopping watches; lower is better.
  virtual double validate() = 0;
  // What a checkpoint must hold besides the weights. A batch whose loss is not finite is skipped; a state that it has
  // made infinite is the problem's to reset.
  virtual std::vector<CarriedBuffer> carried() { return {}; }
};

}  // namespace elman
