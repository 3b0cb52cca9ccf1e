// Losses of a classifier. Predictions are logits.
#include <algorithm>

#include "base/error.h"
#include "kernels/elementwise.h"
#include "loss/pointwise.h"
#include "loss/special.h"

namespace elman {
namespace {

// -y log s(x) - (1 - y) log(1 - s(x)) with s the sigmoid, in a form that neither over- nor underflows.
struct BinaryCrossEntropy {
  static constexpr std::string_view kName = "binary_cross_entropy";
  static constexpr TargetKind kTarget = TargetKind::kUnit;
  explicit BinaryCrossEntropy(const LossConfig&) {}
  size_t outputs() const noexcept { return 1; }

  double operator()(const double* x, double y, double* d) const noexcept {
    d[0] = special::sigmoid(x[0]) - y;
    return special::softplus(x[0]) - x[0] * y;
  }
};

// log(sum_k e^x_k) - x_class. The gradient is softmax(x) less 1 at the class. Apart from the pointwise losses because a
// vocabulary is wide: the exponentials are the vectorised ones.
template <class T>
class CrossEntropy final : public Loss<T> {
 public:
  static constexpr std::string_view kName = "cross_entropy";

  explicit CrossEntropy(const LossConfig& config) : classes_(config.classes) {
    if (classes_ < 2) fail(ErrorCode::kUsage, "loss '{}': classes is {}, expected at least 2", kName, classes_);
  }
  std::string_view name() const noexcept override { return kName; }
  TargetKind target_kind() const noexcept override { return TargetKind::kClass; }
  size_t outputs() const noexcept override { return classes_; }

 private:
  double row_loss(const typename Loss<T>::Row& row) const override {
    double sum = 0.0;
    for (size_t j = 0; j < row.targets; ++j) {
      T* d_logits = row.d_prediction ? row.d_prediction + j * classes_ : nullptr;
      if (row.counts(j))
        sum += target_loss(row.prediction + j * classes_, static_cast<size_t>(row.target[j]), row.scale, d_logits);
      else if (d_logits) std::fill_n(d_logits, classes_, T{0});
    }
    return sum;
  }
  // The loss of one target; writes its gradient times `scale` unless d_logits is null.
  double target_loss(const T* logits, size_t label, double scale, T* d_logits) const noexcept {
    T top = logits[0];
    for (size_t k = 1; k < classes_; ++k) top = logits[k] > top ? logits[k] : top;
    double sum = 0.0;
    constexpr size_t kBlock = 256;
    T e[kBlock];
    for (size_t begin = 0; begin < classes_; begin += kBlock) {
      const size_t n = std::min(kBlock, classes_ - begin);
      for (size_t k = 0; k < n; ++k) e[k] = logits[begin + k] - top;
      exp_inplace({e, n});
      for (size_t k = 0; k < n; ++k) sum += e[k];
      if (d_logits) std::copy_n(e, n, d_logits + begin);
    }
    if (d_logits) {
      const T share = static_cast<T>(scale / sum);
      for (size_t k = 0; k < classes_; ++k) d_logits[k] *= share;
      d_logits[label] -= static_cast<T>(scale);
    }
    return special::log(sum) + (static_cast<double>(top) - logits[label]);
  }

  size_t classes_;
};

}  // namespace

extern const LossEntry kBinaryCrossEntropy = pointwise_entry<BinaryCrossEntropy>();
extern const LossEntry kCrossEntropy = {CrossEntropy<float>::kName, construct_loss<float, CrossEntropy<float>>,
                                        construct_loss<double, CrossEntropy<double>>};

}  // namespace elman
