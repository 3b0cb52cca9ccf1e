#include "loss/pointwise.h"

#include <cmath>

namespace elman {
namespace {

// What a target should have been, or "" if it is fine.
template <class T>
std::string expected(const Loss<T>& loss, double target) {
  switch (loss.target_kind()) {
    case TargetKind::kReal: break;
    case TargetKind::kUnit:
      if (!(target >= 0.0 && target <= 1.0)) return "a number from 0 to 1";
      break;
    case TargetKind::kCount:
      if (!(target >= 0.0)) return "a number not below 0";
      break;
    case TargetKind::kClass:
      if (!(target >= 0.0 && target < static_cast<double>(loss.outputs()) && target == std::floor(target)))
        return fmt::format("a class from 0 to {}", loss.outputs() - 1);
      break;
  }
  return "";
}

}  // namespace

template <class T>
double count_targets(const Loss<T>& loss, ConstView<T> prediction, ConstView<T> target, const T* row_weights,
                     View<T> d_prediction) {
  const size_t cols = target.cols * loss.outputs();
  const auto check_shape = [&](std::string_view what, ConstView<T> view) {
    if (view.rows == target.rows && view.cols == cols) return;
    fail(ErrorCode::kUsage, "loss '{}': {} is [{}, {}], expected [{}, {}]: {} column(s) for each of {} target(s)",
         loss.name(), what, view.rows, view.cols, target.rows, cols, loss.outputs(), target.cols);
  };
  check_shape("prediction", prediction);
  if (d_prediction) check_shape("d_prediction", d_prediction);

  double count = 0.0;
  for (size_t r = 0; r < target.rows; ++r) {
    const T weight = row_weights ? row_weights[r] : T{1};
    for (size_t j = 0; j < target.cols; ++j) {
      if (!counts(target(r, j), weight)) continue;
      if (const std::string wanted = expected(loss, target(r, j)); !wanted.empty())
        fail(ErrorCode::kData, "loss '{}': target at row {}, column {} is {}, expected {} (or NaN where it is missing)",
             loss.name(), r, j, target(r, j), wanted);
      count += weight;
    }
  }
  return count;
}

template double count_targets(const Loss<float>&, ConstView<float>, ConstView<float>, const float*, View<float>);
template double count_targets(const Loss<double>&, ConstView<double>, ConstView<double>, const double*, View<double>);

}  // namespace elman
