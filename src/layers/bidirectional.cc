#include "layers/bidirectional.h"

namespace elman {

template <class T>
RecurrentOptions BidirectionalLayer<T>::direction(RecurrentOptions options, bool reverse) {
  options.reverse = reverse;
  if (reverse) options.suffix += "_reverse";
  return options;
}

template <class T>
BidirectionalLayer<T>::BidirectionalLayer(size_t id, RecurrentOptions options, Parameters<T>& parameters)
    : Layer<T>(id),
      input_(options.input_size),
      hidden_(options.hidden_size),
      forward_(id + 1, direction(options, false), parameters),
      reverse_(id + 2, direction(options, true), parameters) {}

template <class T>
void BidirectionalLayer<T>::pack(const Parameters<T>& parameters, ThreadPool& pool, bool training) {
  forward_.pack(parameters, pool, training);
  reverse_.pack(parameters, pool, training);
}

template <class T>
void BidirectionalLayer<T>::narrow(Parameters<T>& parameters) {
  forward_.narrow(parameters);
  reverse_.narrow(parameters);
}

template <class T>
void BidirectionalLayer<T>::initial_state(const Parameters<T>& parameters, size_t batch, State<T>& state) const {
  forward_.initial_state(parameters, batch, state);
  reverse_.initial_state(parameters, batch, state);
}

template <class T>
View<T> BidirectionalLayer<T>::forward(const Pass<T>& pass, const Steps& steps, ConstView<T> x) const {
  const View<T> y = pass.kept().matrix(this->id(), kOutput, steps.rows(), 2 * hidden_);
  forward_.forward_into(pass, steps, x, y.slice_cols(0, hidden_));
  reverse_.forward_into(pass, steps, x, y.slice_cols(hidden_, hidden_));
  return y;
}

template <class T>
View<T> BidirectionalLayer<T>::backward(const BackwardPass<T>& pass, const Steps& steps, View<T> d_y,
                                        bool need_d_x) const {
  View<T> d_x;
  if (need_d_x && forward_.has_input_gradient())
    d_x = pass.scratch.buffers.matrix(this->id(), kDeltaInput, steps.rows(), input_);
  forward_.backward_into(pass, steps, d_y.slice_cols(0, hidden_), d_x, GemmStart::kZero);
  reverse_.backward_into(pass, steps, d_y.slice_cols(hidden_, hidden_), d_x, GemmStart::kAccumulate);
  return d_x;
}

template class BidirectionalLayer<float>;
template class BidirectionalLayer<double>;

}  // namespace elman
