#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/threads.h"
#include "tensor/view.h"

namespace elman {

// Every setting of every loss; each loss reads those it knows.
struct LossConfig {
  std::string name = "mse";
  std::vector<double> quantiles = {0.1, 0.5, 0.9};  // quantile: levels strictly between 0 and 1
  double delta = 1.0;                               // huber: |error| where the square turns into a line
  size_t classes = 0;                               // cross_entropy: number of classes, at least 2
};

// The weighted sum of a loss over the targets present, and their weight. Sums of several calls add up.
struct LossValue {
  double sum = 0.0, count = 0.0;
  double mean() const noexcept { return count > 0.0 ? sum / count : 0.0; }
};

// What a loss accepts as a target. NaN is accepted everywhere and means missing.
enum class TargetKind {
  kReal,   // any number
  kUnit,   // 0 to 1: a label or a probability
  kCount,  // at least 0
  kClass   // a whole number below the number of classes
};

// A training loss: what the columns of a prediction mean, its value and its gradient. Const and free of state, so one
// object serves any number of threads.
template <class T>
class Loss {
 public:
  virtual ~Loss() = default;
  virtual std::string_view name() const noexcept = 0;
  virtual TargetKind target_kind() const noexcept = 0;
  // Prediction columns for each target column.
  virtual size_t outputs() const noexcept = 0;

  // Shapes: target [rows, targets], prediction and d_prediction [rows, targets * outputs()], where the columns
  // j * outputs() + k belong to target j; row_weights has one finite weight >= 0 a row, null means 1 each.
  // Returns sum and weight over the targets that count: a NaN target is missing, a row of weight 0 is not read. Writes
  // the gradient of the mean (sum / count) to d_prediction unless that is null; it is 0 where a target does not count.
  // Sums run row by row in double, so the bits depend on nothing but the arguments.
  // Throws kUsage if shapes disagree, kData if a target is not of target_kind().
  LossValue evaluate(ConstView<T> prediction, ConstView<T> target, const T* row_weights, View<T> d_prediction,
                     ThreadPool& pool = no_threads()) const;

 protected:
  struct Row {
    size_t index;
    const T *prediction, *target;
    size_t targets;
    T weight;
    double scale;     // of the gradient: weight / count
    T* d_prediction;  // null where none is asked for

    bool counts(size_t j) const noexcept { return target[j] == target[j] && weight != T{0}; }
  };
  // The loss of the row's targets that count, before its weight; writes the gradient.
  virtual double row_loss(const Row& row) const = 0;

 private:
  double count_targets(ConstView<T> prediction, ConstView<T> target, const T* row_weights, View<T> d_prediction) const;
};

// How a loss enters the library: one entry a loss.
struct LossEntry {
  std::string_view name;
  std::unique_ptr<Loss<float>> (*f32)(const LossConfig&);
  std::unique_ptr<Loss<double>> (*f64)(const LossConfig&);

  template <class T>
  std::unique_ptr<Loss<T>> make(const LossConfig& config) const {
    if constexpr (sizeof(T) == sizeof(float)) return f32(config);
    else return f64(config);
  }
};

// Every loss, in the order listed in registry.cc.
std::span<const LossEntry* const> losses();
// Throws kUsage on an unknown name (with the nearest one) and on settings the loss cannot work with.
template <class T>
std::unique_ptr<Loss<T>> make_loss(const LossConfig& config);

}  // namespace elman
