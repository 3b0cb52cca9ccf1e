// Stochastic gradient descent, as torch.optim.SGD:
//   g <- g + weight_decay p;  m <- momentum m + g;  p <- p - rate (m, or g + momentum m for Nesterov's)
#include "optim/settings.h"

namespace elman {
namespace {

template <class T>
class Sgd final : public Optimizer<T> {
 public:
  explicit Sgd(const OptimizerConfig& config)
      : Optimizer<T>(config, config.momentum > 0.0 ? std::vector<std::string_view>{"momentum"}
                                                   : std::vector<std::string_view>{}) {
    check_fraction(config, "momentum", config.momentum);
    if (config.nesterov && config.momentum == 0.0)
      fail(ErrorCode::kUsage, "optimiser 'sgd': nesterov is on and momentum is 0, expected a momentum above 0");
  }

 private:
  using Part = typename Optimizer<T>::Part;

  void update(const Part& part, double learning_rate) override {
    const OptimizerConfig& config = this->config();
    const auto [begin, n, values, gradients] = part;
    const T rate = static_cast<T>(learning_rate), decay = static_cast<T>(config.weight_decay);
    if (config.momentum == 0.0) {
      for (size_t i = 0; i < n; ++i) values[i] -= rate * (gradients[i] + decay * values[i]);
      return;
    }
    const T momentum = static_cast<T>(config.momentum);
    T* m = this->slab(0, part);
    for (size_t i = 0; i < n; ++i) {
      const T g = gradients[i] + decay * values[i];
      m[i] = momentum * m[i] + g;
      values[i] -= rate * (config.nesterov ? g + momentum * m[i] : m[i]);
    }
  }
};

}  // namespace

extern const OptimizerEntry kSgd = optimizer_entry<Sgd>("sgd");

}  // namespace elman
