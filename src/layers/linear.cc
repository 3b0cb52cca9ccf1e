#include "layers/linear.h"

#include <algorithm>

#include "layers/products.h"
#include "tensor/bfloat16.h"

namespace elman {

template <class T>
LinearLayer<T>::LinearLayer(size_t id, const LinearOptions& o, Parameters<T>& parameters)
    : Layer<T>(id), input_(o.input_size), output_(o.output_size) {
  weight_ = parameters.add(o.prefix + "weight", {output_, input_}, o.zero_start ? Init::kZeros : Init::kGlorot);
  bias_ = parameters.add(o.prefix + "bias", {output_}, Init::kZeros);
}

template <class T>
void LinearLayer<T>::pack(const Parameters<T>& parameters, ThreadPool& pool, bool training) {
  if (has_dot()) {
    dot_ = dot_kernel<T>();
    dot_weight_ = parameters.value(weight_);
    dot_bias_ = parameters.value(bias_).data;
  } else {
    packed_.pack_transposed(parameters.value(weight_), {}, &pool);
  }
  if (training) packed_back_.pack(parameters.value(weight_), {}, &pool);
}

template <class T>
void LinearLayer<T>::narrow(Parameters<T>& parameters) {
  if (has_dot()) keep_rounded(parameters);
  else packed_.narrow();
  packed_back_ = {};
  parameters.drop(weight_);
}

// Weights too few to be worth halving: their precision is that of narrow ones, and they stay floats, with the bias, in
// memory that does not move with the parameters.
template <class T>
void LinearLayer<T>::keep_rounded(const Parameters<T>& parameters) {
  const ConstView<T> weight = parameters.value(weight_);
  rounded_.resize((input_ + 1) * output_);
  T* to = rounded_.data();
  for (size_t j = 0; j < output_; ++j)
    for (size_t k = 0; k < input_; ++k)
      *to++ = static_cast<T>(BFloat16::round(static_cast<float>(weight(j, k))).value());
  std::copy_n(parameters.value(bias_).data, output_, to);
  dot_weight_ = {rounded_.data(), output_, input_};
  dot_bias_ = to;
}

template <class T>
View<T> LinearLayer<T>::forward(const Pass<T>& pass, const Steps&, ConstView<T> x) const {
  const View<T> y = pass.kept().matrix(this->id(), kOutput, x.rows, output_);
  if (has_dot()) {
    pass.scratch.pool.split(x.rows, kWorthThreads / (input_ * output_ + 1), [&](size_t begin, size_t end) {
      dot_(dot_weight_, x.slice_rows(begin, end - begin), dot_bias_, y.slice_rows(begin, end - begin));
    });
  } else {
    multiply<T>(pass.scratch.pool, x, packed_, y, GemmStart::kBias, pass.parameters.value(bias_).data);
  }
  if (pass.tape) pass.tape->entry(this->id()).input = x;
  return y;
}

template <class T>
View<T> LinearLayer<T>::backward(const BackwardPass<T>& pass, const Steps& steps, View<T> d_y, bool need_d_x) const {
  const ConstView<T> x = pass.tape.entry(this->id()).input;
  for_each_gradient_block(steps, [&](size_t row, size_t rows) {
    const View<T> d_rows = d_y.slice_rows(row, rows);
    add_gradient<T>(pass.scratch.pool, d_rows, x.slice_rows(row, rows), pass.parameters.gradient(weight_));
    add_column_sums<T>(pass.scratch.pool, d_rows, pass.parameters.gradient(bias_).data);
  });
  if (!need_d_x) return {};
  const View<T> d_x = pass.scratch.buffers.matrix(this->id(), kDeltaInput, d_y.rows, input_);
  multiply<T>(pass.scratch.pool, d_y, packed_back_, d_x, GemmStart::kZero);
  return d_x;
}

template <class T>
void LinearLayer<T>::step(const Pass<T>& pass, const T* x, size_t, T* y) const {
  if (has_dot()) dot_(dot_weight_, {x, 1, input_}, dot_bias_, {y, 1, output_});
  else gemm<T>({x, 1, input_}, packed_, {y, 1, output_}, GemmStart::kBias, pass.parameters.value(bias_).data);
}

template class LinearLayer<float>;
template class LinearLayer<double>;

}  // namespace elman
