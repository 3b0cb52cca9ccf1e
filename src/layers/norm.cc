#include "layers/norm.h"

#include <cmath>

namespace elman {
namespace {

constexpr double kEpsilon = 1e-5;

}  // namespace

template <class T>
LayerNormLayer<T>::LayerNormLayer(size_t id, size_t size, const std::string& prefix, Parameters<T>& parameters)
    : Layer<T>(id), size_(size) {
  weight_ = parameters.add(prefix + "weight", {size}, Init::kOnes);
  bias_ = parameters.add(prefix + "bias", {size}, Init::kZeros);
}

template <class T>
View<T> LayerNormLayer<T>::forward(const Pass<T>& pass, const Steps&, ConstView<T> x) const {
  Workspace<T>& kept = pass.kept();
  const View<T> y = kept.matrix(this->id(), kOutput, x.rows, size_);
  const View<T> normalised = kept.matrix(this->id(), kNormalised, x.rows, size_);
  const View<T> inverse = kept.matrix(this->id(), kInverse, x.rows, 1);
  const T* weight = pass.parameters.value(weight_).data;
  const T* bias = pass.parameters.value(bias_).data;
  pass.scratch.pool.split(x.rows, 64, [&](size_t begin, size_t end) {
    for (size_t r = begin; r < end; ++r) {
      double sum = 0.0, squares = 0.0;
      for (size_t c = 0; c < size_; ++c) sum += x(r, c);
      const double mean = sum / static_cast<double>(size_);
      for (size_t c = 0; c < size_; ++c) squares += (x(r, c) - mean) * (x(r, c) - mean);
      inverse(r, 0) = static_cast<T>(1.0 / std::sqrt(squares / static_cast<double>(size_) + kEpsilon));
      for (size_t c = 0; c < size_; ++c) {
        normalised(r, c) = (x(r, c) - static_cast<T>(mean)) * inverse(r, 0);
        y(r, c) = normalised(r, c) * weight[c] + bias[c];
      }
    }
  });
  return y;
}

template <class T>
View<T> LayerNormLayer<T>::backward(const BackwardPass<T>& pass, const Steps& steps, View<T> d_y, bool need_d_x) const {
  Workspace<T>& saved = pass.tape.saved;
  const View<T> normalised = saved.matrix(this->id(), kNormalised, d_y.rows, size_);
  const View<T> inverse = saved.matrix(this->id(), kInverse, d_y.rows, 1);
  const T* weight = pass.parameters.value(weight_).data;
  T* d_weight = pass.parameters.gradient(weight_).data;
  T* d_bias = pass.parameters.gradient(bias_).data;
  for_each_gradient_block(steps, [&](size_t first, size_t rows) {
    for (size_t r = first; r < first + rows; ++r)
      for (size_t c = 0; c < size_; ++c) {
        d_weight[c] += d_y(r, c) * normalised(r, c);
        d_bias[c] += d_y(r, c);
      }
  });
  if (!need_d_x) return {};
  // d_x = inverse (g - mean(g) - n mean(g n)) with g = d_y weight
  const View<T> d_x = pass.scratch.buffers.matrix(this->id(), kDeltaInput, d_y.rows, size_);
  pass.scratch.pool.split(d_y.rows, 64, [&](size_t begin, size_t end) {
    for (size_t r = begin; r < end; ++r) {
      double sum = 0.0, along = 0.0;
      for (size_t c = 0; c < size_; ++c) {
        const double g = d_y(r, c) * weight[c];
        sum += g;
        along += g * normalised(r, c);
      }
      const T mean = static_cast<T>(sum / static_cast<double>(size_));
      const T slope = static_cast<T>(along / static_cast<double>(size_));
      for (size_t c = 0; c < size_; ++c)
        d_x(r, c) = inverse(r, 0) * (d_y(r, c) * weight[c] - mean - normalised(r, c) * slope);
    }
  });
  return d_x;
}

template class LayerNormLayer<float>;
template class LayerNormLayer<double>;

}  // namespace elman
