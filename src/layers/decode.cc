#include "layers/decode.h"

#include <algorithm>

namespace elman {

template <class T>
DecodeLayer<T>::DecodeLayer(size_t id, const DecodeOptions& o, LayerPtr<T> reader, Parameters<T>& parameters)
    : Layer<T>(id),
      input_(o.input_size),
      steps_(o.steps),
      position_size_(o.position_size),
      features_(o.features),
      position_(parameters.add(o.prefix + "position", {o.steps, o.position_size}, Init::kNormal)),
      reader_(std::move(reader)),
      cell_(id + 1,
            {.cell = o.cell,
             .input_size = o.position_size + o.features,
             .hidden_size = reader_->output_size(),
             .prefix = o.prefix},
            parameters) {}

template <class T>
Steps DecodeLayer<T>::past(const Steps& steps) const {
  if (!steps.uniform() || steps.steps() <= steps_)
    fail(ErrorCode::kUsage, "decode: expected sequences of one length above the {} steps it writes, got {}{}", steps_,
         steps.uniform() ? "" : "different lengths up to ", steps.steps());
  return {steps.steps() - steps_, steps.batch()};
}

template <class T>
size_t DecodeLayer<T>::tape_size(const Steps& steps, size_t checkpoint_every) const {
  const Steps one = one_step(steps);
  return reader_->tape_size(past(steps), checkpoint_every) + cell_.tape_size(one, checkpoint_every) +
         one.rows() * (position_size_ + features_);
}

template <class T>
State<T> DecodeLayer<T>::spread(const Parameters<T>& parameters, ConstView<T> h) const {
  State<T> state;
  state.batch = steps_ * h.rows;
  cell_.initial_state(parameters, state.batch, state);
  for (size_t r = 0; r < state.batch; ++r) std::copy_n(h.row(r % h.rows), h.cols, cell_.state_of(state, 0).row(r));
  return state;
}

template <class T>
View<T> DecodeLayer<T>::forward(const Pass<T>& pass, const Steps& steps, ConstView<T> x) const {
  const Steps before = past(steps), one = one_step(steps);
  const size_t batch = steps.batch();
  const View<T> h = reader_->forward({pass.parameters, pass.scratch, nullptr, pass.tape, pass.dropout}, before,
                                     x.slice_rows(0, before.rows()));
  const View<T> rows = pass.kept().matrix(this->id(), kRows, one.rows(), position_size_ + features_);
  const ConstView<T> position = pass.parameters.value(position_);
  for (size_t r = 0; r < one.rows(); ++r) {
    std::copy_n(position.row(r / batch), position_size_, rows.row(r));
    std::copy_n(x.row(before.rows() + r), features_, rows.row(r) + position_size_);
  }
  State<T> state = spread(pass.parameters, h);
  return cell_.forward({pass.parameters, pass.scratch, &state, pass.tape}, one, rows);
}

template <class T>
View<T> DecodeLayer<T>::backward(const BackwardPass<T>& pass, const Steps& steps, View<T> d_y, bool need_d_x) const {
  const Steps before = past(steps), one = one_step(steps);
  const size_t batch = steps.batch();
  State<T> d_state;
  d_state.batch = one.batch();
  cell_.initial_state(pass.parameters, d_state.batch, d_state);  // zeros: nothing follows the step
  const View<T> d_rows = cell_.backward({pass.parameters, pass.scratch, pass.tape, &d_state}, one, d_y, true);
  const View<T> d_position = pass.parameters.gradient(position_);
  for (size_t r = 0; r < one.rows(); ++r)
    for (size_t c = 0; c < position_size_; ++c) d_position(r / batch, c) += d_rows(r, c);
  const View<T> d_h = pass.scratch.buffers.matrix(this->id(), kDeltaState, batch, output_size());
  std::fill_n(d_h.data, d_h.rows * d_h.cols, T{});
  const ConstView<T> d_states = cell_.state_of(d_state, 0);
  for (size_t r = 0; r < one.rows(); ++r)
    for (size_t c = 0; c < d_h.cols; ++c) d_h(r % batch, c) += d_states(r, c);
  const View<T> d_past = reader_->backward({pass.parameters, pass.scratch, pass.tape}, before, d_h, need_d_x);
  if (!need_d_x) return {};
  const View<T> d_x = pass.scratch.buffers.matrix(this->id(), kDeltaInput, steps.rows(), input_);
  copy_rows<T>(d_past, d_x.slice_rows(0, before.rows()));
  const View<T> d_future = d_x.slice_rows(before.rows(), one.rows());
  std::fill_n(d_future.data, d_future.rows * d_future.cols, T{});
  copy_rows<T>(d_rows.slice_cols(position_size_, features_), d_future.slice_cols(0, features_));
  return d_x;
}

template class DecodeLayer<float>;
template class DecodeLayer<double>;

}  // namespace elman
