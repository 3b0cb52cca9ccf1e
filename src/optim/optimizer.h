#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/threads.h"
#include "tensor/tensor.h"

namespace elman {

// Every setting of every optimiser, with PyTorch's meaning and defaults; each optimiser reads those it knows.
struct OptimizerConfig {
  std::string name = "adamw";
  double learning_rate = 1e-3;  // where a schedule starts from; step() takes the rate of the moment
  double momentum = 0.0;        // sgd, rmsprop
  bool nesterov = false;        // sgd: look ahead along the momentum
  double beta1 = 0.9;           // adam, adamw: decay of the first moment
  double beta2 = 0.999;         // adam, adamw: decay of the second moment
  double epsilon = 1e-8;        // adam, adamw, rmsprop: added to the root
  double weight_decay = 0.0;    // added to the gradient; by adamw to the update instead (Loshchilov & Hutter 2019)
  double alpha = 0.99;          // rmsprop: decay of the mean square
};

// Turns gradients into new values. It remembers a count of steps and its moments, slabs parallel to the values:
// together they are all that a checkpoint needs for training to go on as if it had never stopped.
template <class T>
class Optimizer {
 public:
  virtual ~Optimizer() = default;

  // One update of `values` in place. The first call (or restore) fixes the size; the moments start at 0.
  // Throws kUsage if the sizes differ from each other or from those of earlier steps.
  void step(std::span<T> values, std::span<const T> gradients, double learning_rate, ThreadPool& pool = no_threads());

  const OptimizerConfig& config() const noexcept { return config_; }
  int64_t steps() const noexcept { return steps_; }
  // The moments, empty before the first step, and their names ("momentum", "first_moment"…).
  std::span<Buffer<T>> slabs() noexcept { return slabs_; }
  std::span<const Buffer<T>> slabs() const noexcept { return slabs_; }
  std::span<const std::string_view> slab_names() const noexcept { return slab_names_; }
  // Takes the state of another optimiser of the same kind; `slabs` in the order of slab_names(), all of one size.
  // Throws kModel if the number or the sizes of the slabs, or `steps`, cannot be.
  void restore(int64_t steps, std::span<const std::span<const T>> slabs);

 protected:
  Optimizer(const OptimizerConfig& config, std::vector<std::string_view> slab_names)
      : config_(config), slabs_(slab_names.size()), slab_names_(std::move(slab_names)) {}

  // Neighbouring values that one thread updates.
  struct Part {
    size_t first, count;
    T* values;
    const T* gradients;
  };
  // Each value by itself; steps() already counts this one.
  virtual void update(const Part& part, double learning_rate) = 0;
  T* slab(size_t index, const Part& part) noexcept { return slabs_[index].data() + part.first; }

 private:
  OptimizerConfig config_;
  std::vector<Buffer<T>> slabs_;
  std::vector<std::string_view> slab_names_;
  std::optional<size_t> size_;  // of the values, once known
  int64_t steps_ = 0;
};

// How an optimiser enters the library: one entry each.
struct OptimizerEntry {
  std::string_view name;
  std::unique_ptr<Optimizer<float>> (*f32)(const OptimizerConfig&);
  std::unique_ptr<Optimizer<double>> (*f64)(const OptimizerConfig&);

  template <class T>
  std::unique_ptr<Optimizer<T>> make(const OptimizerConfig& config) const {
    if constexpr (sizeof(T) == sizeof(float)) return f32(config);
    else return f64(config);
  }
};

// Every optimiser, in the order listed in registry.cc.
std::span<const OptimizerEntry* const> optimizers();
// Throws kUsage on an unknown name, with the nearest one.
const OptimizerEntry& find_optimizer(std::string_view name);
// Throws kUsage as find_optimizer() does, and on settings out of range.
template <class T>
std::unique_ptr<Optimizer<T>> make_optimizer(const OptimizerConfig& config);

}  // namespace elman
