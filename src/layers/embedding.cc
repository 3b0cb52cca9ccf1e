#include "layers/embedding.h"

#include <algorithm>
#include <cmath>

namespace elman {

template <class T>
size_t add_embedding(Parameters<T>& parameters, const std::string& prefix, size_t symbols, size_t size) {
  // torch.nn.Embedding draws from the standard normal, too.
  return parameters.add(prefix + "weight", {symbols, size}, Init::kNormal);
}

template <class T>
size_t symbol_index(T symbol, size_t symbols) {
  if (!(symbol >= 0 && symbol < static_cast<T>(symbols) && symbol == std::floor(symbol)))
    fail(ErrorCode::kData, "embedding: symbol {} found, expected a whole number from 0 to {}",
         static_cast<double>(symbol), symbols - 1);
  return static_cast<size_t>(symbol);
}

template <class T>
EmbeddingLayer<T>::EmbeddingLayer(size_t id, size_t symbols, size_t size, const std::string& prefix,
                                  Parameters<T>& parameters)
    : Layer<T>(id), symbols_(symbols), size_(size), weight_(add_embedding(parameters, prefix, symbols, size)) {}

template <class T>
View<T> EmbeddingLayer<T>::forward(const Pass<T>& pass, const Steps&, ConstView<T> x) const {
  const View<T> y = pass.kept().matrix(this->id(), kOutput, x.rows, size_);
  const ConstView<T> weight = pass.parameters.value(weight_);
  for (size_t r = 0; r < x.rows; ++r) std::copy_n(weight.row(symbol_index(x(r, 0), symbols_)), size_, y.row(r));
  if (pass.tape) pass.tape->entry(this->id()).input = x;
  return y;
}

template <class T>
View<T> EmbeddingLayer<T>::backward(const BackwardPass<T>& pass, const Steps& steps, View<T> d_y, bool) const {
  const ConstView<T> x = pass.tape.entry(this->id()).input;
  const View<T> d_weight = pass.parameters.gradient(weight_);
  for_each_gradient_block(steps, [&](size_t first, size_t rows) {
    for (size_t r = first; r < first + rows; ++r) {
      T* row = d_weight.row(static_cast<size_t>(x(r, 0)));
      for (size_t c = 0; c < size_; ++c) row[c] += d_y(r, c);
    }
  });
  return {};
}

template size_t add_embedding(Parameters<float>&, const std::string&, size_t, size_t);
template size_t add_embedding(Parameters<double>&, const std::string&, size_t, size_t);
template size_t symbol_index(float, size_t);
template size_t symbol_index(double, size_t);
template class EmbeddingLayer<float>;
template class EmbeddingLayer<double>;

}  // namespace elman
