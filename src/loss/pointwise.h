#pragma once

#include <vector>

#include "base/error.h"
#include "loss/loss.h"

namespace elman {

// Checks what evaluate() was given and returns the weight of the targets that count.
template <class T>
double count_targets(const Loss<T>& loss, ConstView<T> prediction, ConstView<T> target, const T* row_weights,
                     View<T> d_prediction);

// Whether a target counts: it is neither missing nor in a row of weight 0.
template <class T>
bool counts(T target, T weight) noexcept {
  return target == target && weight != T{0};
}

// A loss that adds up over single targets. `Point` knows one of them, in double:
//   static constexpr std::string_view kName;
//   static constexpr TargetKind kTarget;
//   explicit Point(const LossConfig&);                              throws kUsage on bad settings
//   size_t outputs() const;
//   double operator()(const double* p, double y, double* d) const;  loss of the prediction p[outputs()], gradient to d
template <class T, class Point>
class PointwiseLoss final : public Loss<T> {
 public:
  explicit PointwiseLoss(const LossConfig& config) : point_(config) {}

  std::string_view name() const noexcept override { return Point::kName; }
  TargetKind target_kind() const noexcept override { return Point::kTarget; }
  size_t outputs() const noexcept override { return point_.outputs(); }

  LossValue evaluate(ConstView<T> prediction, ConstView<T> target, const T* row_weights,
                     View<T> d_prediction) const override {
    const size_t n = outputs();
    LossValue value{0.0, count_targets(*this, prediction, target, row_weights, d_prediction)};
    std::vector<double> p(n), d(n);
    for (size_t r = 0; r < target.rows; ++r) {
      const T weight = row_weights ? row_weights[r] : T{1};
      double row_sum = 0.0;
      for (size_t j = 0; j < target.cols; ++j) {
        const bool present = counts(target(r, j), weight);
        if (present) {
          for (size_t k = 0; k < n; ++k) p[k] = prediction(r, j * n + k);
          row_sum += point_(p.data(), target(r, j), d.data());
        }
        if (!d_prediction) continue;
        const double scale = weight / value.count;
        for (size_t k = 0; k < n; ++k) d_prediction(r, j * n + k) = present ? static_cast<T>(d[k] * scale) : T{0};
      }
      value.sum += weight * row_sum;
    }
    return value;
  }

 private:
  Point point_;
};

template <class T, class L>
std::unique_ptr<Loss<T>> construct_loss(const LossConfig& config) {
  return std::make_unique<L>(config);
}

// The registry's entry for a loss given by its Point.
template <class Point>
constexpr LossEntry pointwise_entry() {
  return {Point::kName, construct_loss<float, PointwiseLoss<float, Point>>,
          construct_loss<double, PointwiseLoss<double, Point>>};
}

}  // namespace elman
