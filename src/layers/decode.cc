#include "layers/decode.h"

#include <algorithm>

namespace elman {

template <class T>
DecodeLayer<T>::DecodeLayer(size_t id, const DecodeOptions& o, Parameters<T>& parameters)
    : Layer<T>(id),
      hidden_(o.hidden_size),
      steps_(o.steps),
      position_size_(o.position_size),
      position_(parameters.add(o.prefix + "position", {o.steps, o.position_size}, Init::kNormal)),
      cell_(id + 1, {.cell = o.cell, .input_size = o.position_size, .hidden_size = o.hidden_size, .prefix = o.prefix},
            parameters) {}

template <class T>
size_t DecodeLayer<T>::tape_size(const Steps& steps, size_t checkpoint_every) const {
  const Steps one = one_step(steps);
  return cell_.tape_size(one, checkpoint_every) + one.rows() * position_size_;
}

template <class T>
State<T> DecodeLayer<T>::spread(const Parameters<T>& parameters, ConstView<T> h) const {
  State<T> state;
  state.batch = steps_ * h.rows;
  cell_.initial_state(parameters, state.batch, state);
  for (size_t r = 0; r < state.batch; ++r) std::copy_n(h.row(r % h.rows), hidden_, cell_.state_of(state, 0).row(r));
  return state;
}

template <class T>
View<T> DecodeLayer<T>::forward(const Pass<T>& pass, const Steps& steps, ConstView<T> x) const {
  if (steps.steps() != 1)
    fail(ErrorCode::kUsage, "decode: expected one step, the state to decode from, got {}; put last_step before it",
         steps.steps());
  const Steps one = one_step(steps);
  const View<T> positions = pass.kept().matrix(this->id(), kPositions, one.rows(), position_size_);
  const ConstView<T> position = pass.parameters.value(position_);
  for (size_t r = 0; r < one.rows(); ++r) std::copy_n(position.row(r / x.rows), position_size_, positions.row(r));
  State<T> state = spread(pass.parameters, x);
  return cell_.forward({pass.parameters, pass.scratch, &state, pass.tape}, one, positions);
}

template <class T>
View<T> DecodeLayer<T>::backward(const BackwardPass<T>& pass, const Steps& steps, View<T> d_y, bool need_d_x) const {
  const Steps one = one_step(steps);
  const size_t batch = steps.batch();
  State<T> d_state;
  d_state.batch = one.batch();
  cell_.initial_state(pass.parameters, d_state.batch, d_state);  // zeros: nothing follows the step
  const View<T> d_positions = cell_.backward({pass.parameters, pass.scratch, pass.tape, &d_state}, one, d_y, true);
  const View<T> d_position = pass.parameters.gradient(position_);
  for (size_t r = 0; r < one.rows(); ++r)
    for (size_t c = 0; c < position_size_; ++c) d_position(r / batch, c) += d_positions(r, c);
  if (!need_d_x) return {};
  const View<T> d_x = pass.scratch.buffers.matrix(this->id(), kDeltaInput, batch, hidden_);
  std::fill_n(d_x.data, d_x.rows * d_x.cols, T{});
  const ConstView<T> d_h = cell_.state_of(d_state, 0);
  for (size_t r = 0; r < one.rows(); ++r)
    for (size_t c = 0; c < hidden_; ++c) d_x(r % batch, c) += d_h(r, c);
  return d_x;
}

template class DecodeLayer<float>;
template class DecodeLayer<double>;

}  // namespace elman
