#include "layers/shape.h"

#include <algorithm>

namespace elman {
namespace {

constexpr size_t kFew = 8;  // numbers, for which a call that copies them takes longer than they do

template <class Body>
void for_each_sequence(ThreadPool& pool, const Steps& steps, const Body& body) {
  constexpr size_t kGrain = 2048;  // steps
  pool.split(steps.batch(), kGrain / steps.steps() + 1, [&](size_t begin, size_t end) {
    for (size_t b = begin; b < end; ++b) body(b);
  });
}

}  // namespace

template <class T>
View<T> LastStepLayer<T>::forward(const Pass<T>& pass, const Steps& steps, ConstView<T> x) const {
  const View<T> y = pass.kept().matrix(this->id(), kOutput, steps.batch(), size_);
  const size_t ahead = bidirectional_ ? size_ / 2 : size_;
  for (size_t b = 0; b < steps.batch(); ++b) {
    std::copy_n(x.row(row(steps, b, false)), ahead, y.row(b));
    std::copy_n(x.row(row(steps, b, true)) + ahead, size_ - ahead, y.row(b) + ahead);
  }
  return y;
}

template <class T>
View<T> LastStepLayer<T>::backward(const BackwardPass<T>& pass, const Steps& steps, View<T> d_y, bool need_d_x) const {
  if (!need_d_x) return {};
  const View<T> d_x = pass.scratch.buffers.matrix(this->id(), kDeltaInput, steps.rows(), size_);
  std::fill_n(d_x.data, d_x.rows * d_x.cols, T{});
  const size_t ahead = bidirectional_ ? size_ / 2 : size_;
  for (size_t b = 0; b < steps.batch(); ++b) {
    std::copy_n(d_y.row(b), ahead, d_x.row(row(steps, b, false)));
    std::copy_n(d_y.row(b) + ahead, size_ - ahead, d_x.row(row(steps, b, true)) + ahead);
  }
  return d_x;
}

template <class T>
View<T> FlattenLayer<T>::forward(const Pass<T>& pass, const Steps& steps, ConstView<T> x) const {
  if (!steps.uniform() || steps.steps() != steps_)
    fail(ErrorCode::kUsage,
         "flatten: expected sequences of {} steps, got {}{}; a model with a fixed look-back takes no other", steps_,
         steps.uniform() ? "" : "different lengths up to ", steps.steps());
  const View<T> y = pass.kept().matrix(this->id(), kOutput, steps.batch(), steps_ * size_);
  for_each_sequence(pass.scratch.pool, steps, [&](size_t b) {
    if (size_ > kFew)
      for (size_t t = 0; t < steps_; ++t) std::copy_n(x.row(steps.offset(t) + b), size_, y.row(b) + t * size_);
    else
      for (size_t c = 0; c < size_; ++c)
        for (size_t t = 0; t < steps_; ++t) y(b, t * size_ + c) = x(steps.offset(t) + b, c);
  });
  return y;
}

template <class T>
View<T> FlattenLayer<T>::backward(const BackwardPass<T>& pass, const Steps& steps, View<T> d_y, bool need_d_x) const {
  if (!need_d_x) return {};
  const View<T> d_x = pass.scratch.buffers.matrix(this->id(), kDeltaInput, steps.rows(), size_);
  for_each_sequence(pass.scratch.pool, steps, [&](size_t b) {
    if (size_ > kFew)
      for (size_t t = 0; t < steps_; ++t) std::copy_n(d_y.row(b) + t * size_, size_, d_x.row(steps.offset(t) + b));
    else
      for (size_t c = 0; c < size_; ++c)
        for (size_t t = 0; t < steps_; ++t) d_x(steps.offset(t) + b, c) = d_y(b, t * size_ + c);
  });
  return d_x;
}

template <class T>
View<T> CropLayer<T>::forward(const Pass<T>&, const Steps& steps, ConstView<T> x) const {
  if (!steps.uniform() || steps.steps() < first_ + count_)
    fail(ErrorCode::kUsage, "crop: expected sequences of one length of at least {} steps, got {}{}", first_ + count_,
         steps.uniform() ? "" : "different lengths up to ", steps.steps());
  const View<T> whole(const_cast<T*>(x.data), x.rows, x.cols, x.stride);
  return whole.slice_rows(steps.offset(first_), count_ * steps.batch()).slice_cols(0, features_);
}

template <class T>
View<T> CropLayer<T>::backward(const BackwardPass<T>& pass, const Steps& steps, View<T> d_y, bool need_d_x) const {
  if (!need_d_x) return {};
  const View<T> d_x = pass.scratch.buffers.matrix(this->id(), kDeltaInput, steps.rows(), input_);
  std::fill_n(d_x.data, d_x.rows * d_x.cols, T{});
  copy_rows<T>(d_y, d_x.slice_rows(steps.offset(first_), count_ * steps.batch()).slice_cols(0, features_));
  return d_x;
}

template class LastStepLayer<float>;
template class LastStepLayer<double>;
template class FlattenLayer<float>;
template class FlattenLayer<double>;
template class CropLayer<float>;
template class CropLayer<double>;

}  // namespace elman
