// Adam (Kingma & Ba 2015) and AdamW (Loshchilov & Hutter 2019), as torch.optim.Adam and AdamW:
//   adam:   g <- g + weight_decay p
//   adamw:  p <- p - rate weight_decay p
//   m <- m + (1 - beta1) (g - m);  v <- beta2 v + (1 - beta2) g^2
//   p <- p - rate / (1 - beta1^t) m / (sqrt(v / (1 - beta2^t)) + epsilon)
#include <algorithm>
#include <cmath>

#include "kernels/elementwise.h"
#include "optim/power.h"
#include "optim/settings.h"

namespace elman {
namespace {

template <class T, bool kDecoupled>
class AdamFamily final : public Optimizer<T> {
 public:
  explicit AdamFamily(const OptimizerConfig& config) : Optimizer<T>(config, {"first_moment", "second_moment"}) {
    check_fraction(config, "beta1", config.beta1);
    check_fraction(config, "beta2", config.beta2);
  }

 private:
  using Part = typename Optimizer<T>::Part;

  void update(const Part& part, double learning_rate) override {
    const OptimizerConfig& config = this->config();
    const AdamCoefficients coefficients{.beta1 = config.beta1,
                                        .beta2 = config.beta2,
                                        .epsilon = config.epsilon,
                                        .step_size = learning_rate / (1.0 - power(config.beta1, this->steps())),
                                        .second_root = std::sqrt(1.0 - power(config.beta2, this->steps())),
                                        .keep = kDecoupled ? 1.0 - learning_rate * config.weight_decay : 1.0};
    const auto [begin, n, values, gradients] = part;
    T *first = this->slab(0, part), *second = this->slab(1, part);
    if (kDecoupled || config.weight_decay == 0.0)
      return adam_update({{values, n}, {gradients, n}, {first, n}, {second, n}}, coefficients);
    constexpr size_t kPart = 1024;  // its decayed gradients stay in the nearest cache
    T decayed[kPart];
    for (size_t i = 0; i < n; i += kPart) {
      const size_t m = std::min(kPart, n - i);
      std::copy_n(gradients + i, m, decayed);
      axpy(static_cast<T>(config.weight_decay), std::span<const T>(values + i, m), {decayed, m});
      adam_update({{values + i, m}, {decayed, m}, {first + i, m}, {second + i, m}}, coefficients);
    }
  }
};

template <class T>
using Adam = AdamFamily<T, false>;
template <class T>
using AdamW = AdamFamily<T, true>;

}  // namespace

extern const OptimizerEntry kAdam = optimizer_entry<Adam>("adam");
extern const OptimizerEntry kAdamW = optimizer_entry<AdamW>("adamw");

}  // namespace elman
