#include "layers/embedding.h"

#include <algorithm>
#include <cmath>

namespace elman {

template <class T>
EmbeddingLayer<T>::EmbeddingLayer(size_t id, size_t symbols, size_t size, const std::string& prefix,
                                  Parameters<T>& parameters)
    : Layer<T>(id), symbols_(symbols), size_(size) {
  // torch.nn.Embedding draws from the standard normal, too.
  weight_ = parameters.add(prefix + "weight", {symbols, size}, Init::kNormal, 1, 1.0);
}

template <class T>
View<T> EmbeddingLayer<T>::forward(const Pass<T>& pass, const Steps&, ConstView<T> x) const {
  const View<T> y = pass.kept().matrix(this->id(), kOutput, x.rows, size_);
  const ConstView<T> weight = pass.parameters.value(weight_);
  for (size_t r = 0; r < x.rows; ++r) {
    const T symbol = x(r, 0);
    if (!(symbol >= 0 && symbol < static_cast<T>(symbols_) && symbol == std::floor(symbol)))
      fail(ErrorCode::kData, "embedding: symbol {} found, expected a whole number from 0 to {}",
           static_cast<double>(symbol), symbols_ - 1);
    std::copy_n(weight.row(static_cast<size_t>(symbol)), size_, y.row(r));
  }
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

template class EmbeddingLayer<float>;
template class EmbeddingLayer<double>;

}  // namespace elman
