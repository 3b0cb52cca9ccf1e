#include "layers/linear.h"

#include "layers/products.h"

namespace elman {

template <class T>
LinearLayer<T>::LinearLayer(size_t id, const LinearOptions& o, Parameters<T>& parameters)
    : Layer<T>(id), input_(o.input_size), output_(o.output_size) {
  weight_ = parameters.add(o.prefix + "weight", {output_, input_}, o.zero_start ? Init::kZeros : Init::kGlorot);
  bias_ = parameters.add(o.prefix + "bias", {output_}, Init::kZeros);
}

template <class T>
void LinearLayer<T>::pack(const Parameters<T>& parameters, ThreadPool& pool, bool training) {
  packed_.pack_transposed(parameters.value(weight_), {}, &pool);
  multiply_vector_ = vector_kernel<T>();
  step_weight_ = parameters.value(weight_);
  step_bias_ = parameters.value(bias_).data;
  if (training) packed_back_.pack(parameters.value(weight_), {}, &pool);
}

template <class T>
void LinearLayer<T>::narrow(Parameters<T>& parameters) {
  packed_.narrow();
  packed_back_ = {};
  parameters.drop(weight_);
}

template <class T>
View<T> LinearLayer<T>::forward(const Pass<T>& pass, const Steps&, ConstView<T> x) const {
  const View<T> y = pass.kept().matrix(this->id(), kOutput, x.rows, output_);
  multiply<T>(pass.scratch.pool, x, packed_, y, GemmStart::kBias, pass.parameters.value(bias_).data);
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
  if (output_ <= kFewOutputs && !packed_.is_narrow()) multiply_vector_(step_weight_, x, step_bias_, y);
  else gemm<T>({x, 1, input_}, packed_, {y, 1, output_}, GemmStart::kBias, pass.parameters.value(bias_).data);
}

template class LinearLayer<float>;
template class LinearLayer<double>;

}  // namespace elman
