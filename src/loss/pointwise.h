#pragma once

#include <algorithm>
#include <vector>

#include "base/error.h"
#include "loss/loss.h"

namespace elman {

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

 private:
  double row_loss(const typename Loss<T>::Row& row) const override {
    const size_t n = outputs();
    std::vector<double> p(n), d(n);
    double sum = 0.0;
    for (size_t j = 0; j < row.targets; ++j) {
      const bool present = row.counts(j);
      if (present) {
        std::copy_n(row.prediction + j * n, n, p.begin());
        sum += point_(p.data(), row.target[j], d.data());
      }
      if (!row.d_prediction) continue;
      for (size_t k = 0; k < n; ++k) row.d_prediction[j * n + k] = present ? static_cast<T>(d[k] * row.scale) : T{0};
    }
    return sum;
  }

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
