#include "loss/loss.h"

#include <cmath>

#include "base/error.h"

namespace elman {
namespace {

constexpr size_t kGrain = 1024;  // targets that are worth another thread

bool is_possible(TargetKind kind, double target, size_t classes) noexcept {
  switch (kind) {
    case TargetKind::kReal: return true;
    case TargetKind::kUnit: return target >= 0.0 && target <= 1.0;
    case TargetKind::kCount: return target >= 0.0;
    case TargetKind::kClass:
      return target >= 0.0 && target < static_cast<double>(classes) && target == std::floor(target);
  }
  return false;
}

std::string expected(TargetKind kind, size_t classes) {
  switch (kind) {
    case TargetKind::kReal: break;
    case TargetKind::kUnit: return "a number from 0 to 1";
    case TargetKind::kCount: return "a number not below 0";
    case TargetKind::kClass: return fmt::format("a class from 0 to {}", classes - 1);
  }
  return "a number";
}

}  // namespace

template <class T>
LossValue Loss<T>::evaluate(ConstView<T> prediction, ConstView<T> target, const T* row_weights, View<T> d_prediction,
                            ThreadPool& pool) const {
  LossValue value{0.0, count_targets(prediction, target, row_weights, d_prediction)};
  std::vector<double> sums(target.rows);
  pool.split(target.rows, kGrain / (target.cols + 1) + 1, [&](size_t begin, size_t end) {
    for (size_t r = begin; r < end; ++r) {
      const T weight = row_weights ? row_weights[r] : T{1};
      sums[r] = weight * row_loss({r, prediction.row(r), target.row(r), target.cols, weight, weight / value.count,
                                   d_prediction ? d_prediction.row(r) : nullptr});
    }
  });
  for (const double sum : sums) value.sum += sum;
  return value;
}

// Checks what evaluate() was given and returns the weight of the targets that count.
template <class T>
double Loss<T>::count_targets(ConstView<T> prediction, ConstView<T> target, const T* row_weights,
                              View<T> d_prediction) const {
  const size_t cols = target.cols * outputs();
  const auto check_shape = [&](std::string_view what, ConstView<T> view) {
    if (view.rows == target.rows && view.cols == cols) return;
    fail(ErrorCode::kUsage, "loss '{}': {} is [{}, {}], expected [{}, {}]: {} column(s) for each of {} target(s)",
         name(), what, view.rows, view.cols, target.rows, cols, outputs(), target.cols);
  };
  check_shape("prediction", prediction);
  if (d_prediction) check_shape("d_prediction", d_prediction);

  const TargetKind kind = target_kind();
  const size_t classes = outputs();
  double count = 0.0;
  for (size_t r = 0; r < target.rows; ++r) {
    const T weight = row_weights ? row_weights[r] : T{1};
    if (weight == T{0}) continue;
    for (size_t j = 0; j < target.cols; ++j) {
      const T y = target(r, j);
      if (y != y) continue;
      if (!is_possible(kind, y, classes))
        fail(ErrorCode::kData, "loss '{}': target at row {}, column {} is {}, expected {} (or NaN where it is missing)",
             name(), r, j, y, expected(kind, classes));
      count += weight;
    }
  }
  return count;
}

template class Loss<float>;
template class Loss<double>;

}  // namespace elman
