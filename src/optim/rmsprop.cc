// RMSprop (Tieleman & Hinton 2012), as torch.optim.RMSprop:
//   g <- g + weight_decay p;  v <- alpha v + (1 - alpha) g^2;  u = g / (sqrt(v) + epsilon)
//   p <- p - rate u, or with momentum:  m <- momentum m + u;  p <- p - rate m
#include <cmath>

#include "optim/settings.h"

namespace elman {
namespace {

template <class T>
class RmsProp final : public Optimizer<T> {
 public:
  explicit RmsProp(const OptimizerConfig& config)
      : Optimizer<T>(config, config.momentum > 0.0 ? std::vector<std::string_view>{"mean_square", "momentum"}
                                                   : std::vector<std::string_view>{"mean_square"}) {
    check_fraction(config, "alpha", config.alpha);
    check_fraction(config, "momentum", config.momentum);
  }

 private:
  using Part = typename Optimizer<T>::Part;

  void update(const Part& part, double learning_rate) override {
    const OptimizerConfig& config = this->config();
    const auto [begin, n, values, gradients] = part;
    const T rate = static_cast<T>(learning_rate), decay = static_cast<T>(config.weight_decay);
    const T alpha = static_cast<T>(config.alpha), rest = static_cast<T>(1.0 - config.alpha);
    const T momentum = static_cast<T>(config.momentum), epsilon = static_cast<T>(config.epsilon);
    T* v = this->slab(0, part);
    T* m = config.momentum > 0.0 ? this->slab(1, part) : nullptr;
    for (size_t i = 0; i < n; ++i) {
      const T g = gradients[i] + decay * values[i];
      v[i] = alpha * v[i] + rest * g * g;
      T u = g / (std::sqrt(v[i]) + epsilon);
      if (m) u = m[i] = momentum * m[i] + u;
      values[i] -= rate * u;
    }
  }
};

}  // namespace

extern const OptimizerEntry kRmsProp = optimizer_entry<RmsProp>("rmsprop");

}  // namespace elman
