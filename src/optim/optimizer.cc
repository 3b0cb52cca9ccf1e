#include "optim/optimizer.h"

#include <algorithm>

#include "base/error.h"

namespace elman {
namespace {

constexpr size_t kGrain = 1 << 14;  // values that are worth another thread

}  // namespace

template <class T>
void Optimizer<T>::step(std::span<T> values, std::span<const T> gradients, double learning_rate, ThreadPool& pool) {
  if (!size_) {
    size_ = values.size();
    for (Buffer<T>& slab : slabs_) slab.resize_zero(*size_);
  }
  if (values.size() != *size_ || gradients.size() != *size_)
    fail(ErrorCode::kUsage, "optimiser '{}': got {} values and {} gradients, expected {} of each", config_.name,
         values.size(), gradients.size(), *size_);
  ++steps_;
  pool.split(*size_, kGrain, [&](size_t begin, size_t end) {
    update({begin, end - begin, values.data() + begin, gradients.data() + begin}, learning_rate);
  });
}

template <class T>
void Optimizer<T>::restore(int64_t steps, std::span<const std::span<const T>> slabs) {
  if (steps < 0) fail(ErrorCode::kModel, "optimiser '{}': {} steps, expected at least 0", config_.name, steps);
  if (slabs.size() != slabs_.size())
    fail(ErrorCode::kModel, "optimiser '{}': got {} moments, expected {}; resume with the optimiser that was saved",
         config_.name, slabs.size(), slabs_.size());
  for (const std::span<const T> slab : slabs)
    if (slab.size() != slabs.front().size())
      fail(ErrorCode::kModel, "optimiser '{}': moments of {} and {} values, expected one size", config_.name,
           slabs.front().size(), slab.size());
  for (size_t i = 0; i < slabs.size(); ++i) {
    slabs_[i].resize(slabs[i].size());
    std::copy(slabs[i].begin(), slabs[i].end(), slabs_[i].begin());
  }
  steps_ = steps;
  size_.reset();  // for the next step to set: nothing was saved that tells
  if (steps > 0 && !slabs.empty()) size_ = slabs.front().size();
}

template class Optimizer<float>;
template class Optimizer<double>;

}  // namespace elman
