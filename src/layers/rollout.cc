#include "layers/rollout.h"

#include <algorithm>

#include "loss/special.h"

namespace elman {

template <class T>
size_t RolloutLayer<T>::past(const Steps& steps) const {
  const size_t least = options_.lags.back();
  if (!steps.uniform() || steps.steps() < options_.steps + least)
    fail(
        ErrorCode::kUsage,
        "rollout: expected sequences of one length of at least {} steps, {} of them the past that lags reach, got {}{}",
        options_.steps + least, least, steps.uniform() ? "" : "different lengths up to ", steps.steps());
  return steps.steps() - options_.steps;
}

template <class T>
typename RolloutLayer<T>::Call RolloutLayer<T>::call(const Steps& steps, size_t k) const {
  const size_t begin = options_.lags.back(), last = past(steps) + k, first = k == 0 ? begin : last;
  return {first, last + 1 - first, (first - begin) * steps.batch(), {last + 1 - first, steps.batch()}};
}

template <class T>
size_t RolloutLayer<T>::tape_size(const Steps& steps, size_t checkpoint_every) const {
  return rows(steps) * row_size() + Layer<T>::tape_size(steps, checkpoint_every) +
         reader_->tape_size(call(steps, 0).steps, checkpoint_every) +
         (options_.steps - 1) * reader_->tape_size(Steps(1, steps.batch()), 0);
}

template <class T>
T RolloutLayer<T>::value_of(T output) const {
  return options_.positive ? static_cast<T>(special::softplus(output)) : output;
}

template <class T>
T RolloutLayer<T>::slope_at(T output) const {
  return options_.positive ? static_cast<T>(special::sigmoid(output)) : T{1};
}

template <class T>
template <class Visit>
void RolloutLayer<T>::for_each_run(size_t t, size_t batch, size_t b, Visit&& visit) const {
  const size_t known = options_.features, value = options_.value, before = (t - 1) * batch + b;
  visit(t * batch + b, 0, 0, known);
  visit(before, known, known, value - known);
  visit(before, value + 1, value, options_.input_size - value - 1);
}

template <class T>
void RolloutLayer<T>::fill(const Call& call, const Steps& steps, ConstView<T> x, ConstView<T> y, View<T> rows) const {
  const size_t batch = steps.batch(), written = past(steps), lags = options_.input_size - 1;
  for (size_t r = 0; r < rows.rows; ++r) {
    const size_t t = call.first + r / batch, b = r % batch;
    T* row = rows.row(r);
    for_each_run(t, batch, b, [&](size_t x_row, size_t from, size_t to, size_t count) {
      std::copy_n(x.row(x_row) + from, count, row + to);
    });
    for (size_t i = 0; i < options_.lags.size(); ++i) {
      const size_t at = t - options_.lags[i];
      row[lags + i] =
          at < written ? x(at * batch + b, options_.value) : value_of(y((at - written) * batch + b, options_.feedback));
    }
  }
}

template <class T>
void RolloutLayer<T>::spread(const Call& call, const Steps& steps, ConstView<T> d_rows, ConstView<T> y, View<T> d_x,
                             View<T> d_y) const {
  const size_t batch = steps.batch(), written = past(steps), lags = options_.input_size - 1;
  for (size_t r = 0; r < d_rows.rows; ++r) {
    const size_t t = call.first + r / batch, b = r % batch;
    const T* d_row = d_rows.row(r);
    if (d_x)
      for_each_run(t, batch, b, [&](size_t x_row, size_t to, size_t from, size_t count) {
        for (size_t c = 0; c < count; ++c) d_x(x_row, to + c) += d_row[from + c];
      });
    for (size_t i = 0; i < options_.lags.size(); ++i) {
      const size_t at = t - options_.lags[i], step = (at - written) * batch + b;
      if (at >= written) d_y(step, options_.feedback) += d_row[lags + i] * slope_at(y(step, options_.feedback));
      else if (d_x) d_x(at * batch + b, options_.value) += d_row[lags + i];
    }
  }
}

template <class T>
View<T> RolloutLayer<T>::forward(const Pass<T>& pass, const Steps& steps, ConstView<T> x) const {
  const size_t batch = steps.batch();
  past(steps);  // throws
  const View<T> all_rows = pass.kept().matrix(this->id(), kRows, rows(steps), row_size());
  const View<T> y = pass.kept().matrix(this->id(), kOutput, options_.steps * batch, output_size());
  std::shared_ptr<std::vector<Tape<T>>> tapes;
  if (pass.tape) {
    auto& entry = pass.tape->entry(this->id());
    if (!entry.steps || entry.steps->size() + 1 != options_.steps)
      entry.steps = std::make_shared<std::vector<Tape<T>>>(options_.steps - 1);
    entry.output = y;
    tapes = entry.steps;
  }
  State<T> state;
  state.batch = batch;
  reader_->initial_state(pass.parameters, batch, state);
  for (size_t k = 0; k < options_.steps; ++k) {
    const Call now = call(steps, k);
    const View<T> read = all_rows.slice_rows(now.row, now.steps.rows());
    fill(now, steps, x, y, read);
    Tape<T>* tape = k == 0 || !tapes ? pass.tape : &(*tapes)[k - 1];
    const View<T> written =
        reader_->forward({pass.parameters, pass.scratch, &state, tape, pass.dropout, now.row, k == 0}, now.steps, read);
    copy_rows<T>(written.slice_rows(written.rows - batch, batch), y.slice_rows(k * batch, batch));
  }
  return y;
}

template <class T>
View<T> RolloutLayer<T>::backward(const BackwardPass<T>& pass, const Steps& steps, View<T> d_y, bool need_d_x) const {
  const size_t batch = steps.batch();
  const ConstView<T> y = pass.tape.entry(this->id()).output;
  const auto tapes = pass.tape.entry(this->id()).steps;
  View<T> d_x;
  if (need_d_x) {
    d_x = pass.scratch.buffers.matrix(this->id(), kDeltaInput, steps.rows(), options_.input_size);
    std::fill_n(d_x.data, d_x.rows * d_x.cols, T{});
  }
  State<T> d_state;
  d_state.batch = batch;
  reader_->initial_state(pass.parameters, batch, d_state);
  for (Buffer<T>& layer : d_state.layers) layer.fill(T{});  // nothing follows the last step
  for (size_t k = options_.steps; k-- > 0;) {
    const Call now = call(steps, k);
    View<T> d_written = d_y.slice_rows(k * batch, batch);
    if (k == 0) {  // of the past's forecasts none is written
      d_written = pass.scratch.buffers.matrix(this->id(), kDeltaFirst, now.steps.rows(), output_size());
      std::fill_n(d_written.data, d_written.rows * d_written.cols, T{});
      copy_rows<T>(d_y.slice_rows(0, batch), d_written.slice_rows(d_written.rows - batch, batch));
    }
    Tape<T>& tape = k == 0 ? pass.tape : (*tapes)[k - 1];
    const View<T> d_rows =
        reader_->backward({pass.parameters, pass.scratch, tape, &d_state}, now.steps, d_written, k > 0 || need_d_x);
    if (d_rows) spread(now, steps, d_rows, y, d_x, d_y);
  }
  return d_x;
}

template class RolloutLayer<float>;
template class RolloutLayer<double>;

}  // namespace elman
