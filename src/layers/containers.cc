#include "layers/containers.h"

#include <algorithm>
#include <numeric>

#include "kernels/elementwise.h"

namespace elman {
namespace {

template <class T>
void add(T weight, ConstView<T> from, View<T> to) {
  for (size_t r = 0; r < from.rows; ++r) axpy(weight, {from.row(r), from.cols}, {to.row(r), to.cols});
}

template <class T>
void weigh(T weight, View<T> x) {
  if (weight == T{1}) return;
  for (size_t r = 0; r < x.rows; ++r) scale(weight, {x.row(r), x.cols});
}

template <class T, class Size>
size_t sum_over(const std::vector<LayerPtr<T>>& layers, Size&& size) {
  size_t sum = 0;
  for (const auto& layer : layers) sum += size(*layer);
  return sum;
}

}  // namespace

template <class T>
SequentialLayer<T>::SequentialLayer(size_t id, size_t input_size, std::vector<LayerPtr<T>> layers)
    : Layer<T>(id), input_(input_size), layers_(std::move(layers)) {
  while (pieceable_ < layers_.size() && !layers_[pieceable_]->needs_future() && !many_to_one_)
    many_to_one_ = layers_[pieceable_++]->output_steps(Steps(2, 1)).steps() == 1;
  for (const auto& layer : layers_) widths_.push_back(layer->output_size());
  between_ = std::accumulate(widths_.begin(), widths_.end(), size_t{0});
}

template <class T>
Steps SequentialLayer<T>::steps_after(Steps steps, size_t layers) const {
  for (size_t i = 0; i < layers; ++i) steps = layers_[i]->output_steps(steps);
  return steps;
}

template <class T>
Steps SequentialLayer<T>::output_steps(const Steps& steps) const {
  return steps_after(steps, layers_.size());
}

template <class T>
size_t SequentialLayer<T>::state_size() const {
  return sum_over(layers_, [](const Layer<T>& layer) { return layer.state_size(); });
}

template <class T>
void SequentialLayer<T>::pack(const Parameters<T>& parameters, ThreadPool& pool, bool training) {
  for (auto& layer : layers_) layer->pack(parameters, pool, training);
}

template <class T>
void SequentialLayer<T>::narrow(Parameters<T>& parameters) {
  for (auto& layer : layers_) layer->narrow(parameters);
}

template <class T>
void SequentialLayer<T>::initial_state(const Parameters<T>& parameters, size_t batch, State<T>& state) const {
  for (const auto& layer : layers_) layer->initial_state(parameters, batch, state);
}

template <class T>
bool SequentialLayer<T>::needs_future() const {
  return std::any_of(layers_.begin(), layers_.end(), [](const auto& layer) { return layer->needs_future(); });
}

template <class T>
View<T> SequentialLayer<T>::forward(const Pass<T>& pass, Steps steps, ConstView<T> x, size_t first, size_t last) const {
  View<T> y(const_cast<T*>(x.data), x.rows, x.cols, x.stride);  // the identity when there are no layers
  for (size_t i = first; i < last; ++i) {
    y = layers_[i]->forward(pass, steps, y);
    steps = layers_[i]->output_steps(steps);
  }
  return y;
}

template <class T>
View<T> SequentialLayer<T>::forward(const Pass<T>& pass, const Steps& steps, ConstView<T> x) const {
  if (!takes_pieces(pass.tape, steps)) return forward(pass, steps, x, 0, layers_.size());
  const View<T> y = forward_pieces(pass, steps, x);
  return forward(pass, steps_after(steps, pieceable_), y, pieceable_, layers_.size());
}

template <class T>
View<T> SequentialLayer<T>::backward(const BackwardPass<T>& pass, const Steps& steps, View<T> d_y, bool need_d_x,
                                     size_t first, size_t last) const {
  std::vector<Steps> at{steps};
  for (size_t i = first; i < last; ++i) at.push_back(layers_[i]->output_steps(at.back()));
  for (size_t i = last; i-- > first;) d_y = layers_[i]->backward(pass, at[i - first], d_y, i > 0 || need_d_x);
  return d_y;
}

template <class T>
View<T> SequentialLayer<T>::backward(const BackwardPass<T>& pass, const Steps& steps, View<T> d_y,
                                     bool need_d_x) const {
  if (!takes_pieces(&pass.tape, steps)) return backward(pass, steps, d_y, need_d_x, 0, layers_.size());
  d_y = backward(pass, steps_after(steps, pieceable_), d_y, need_d_x, pieceable_, layers_.size());
  return backward_pieces(pass, steps, d_y, need_d_x);
}

template <class T>
void SequentialLayer<T>::pack_step(const Parameters<T>& parameters) {
  for (auto& layer : layers_) layer->pack_step(parameters);
}

template <class T>
void SequentialLayer<T>::step(const Pass<T>& pass, const T* x, size_t width, T* y) const {
  if (layers_.empty()) return void(std::copy_n(x, width, y));
  constexpr size_t kNear = 512;  // numbers that the stack takes: a buffer's look-up is 5 % of a small network's step
  alignas(kAlignment) T near[kNear];
  T* to = between_ <= kNear ? near : pass.scratch.buffers.matrix(this->id(), kBetween, 1, between_).data;
  const size_t last = layers_.size() - 1;
  for (size_t i = 0; i < last; ++i) {
    layers_[i]->step(pass, x, width, to);
    x = to;
    width = widths_[i];
    to += width;
  }
  layers_[last]->step(pass, x, width, y);
}

template <class T>
void SumLayer<T>::pack(const Parameters<T>& parameters, ThreadPool& pool, bool training) {
  for (auto& branch : branches_) branch->pack(parameters, pool, training);
}

template <class T>
void SumLayer<T>::narrow(Parameters<T>& parameters) {
  for (auto& branch : branches_) branch->narrow(parameters);
}

template <class T>
void SumLayer<T>::initial_state(const Parameters<T>& parameters, size_t batch, State<T>& state) const {
  for (const auto& branch : branches_) branch->initial_state(parameters, batch, state);
}

template <class T>
bool SumLayer<T>::needs_future() const {
  return std::any_of(branches_.begin(), branches_.end(), [](const auto& branch) { return branch->needs_future(); });
}

template <class T>
size_t SumLayer<T>::state_size() const {
  return sum_over(branches_, [](const Layer<T>& branch) { return branch.state_size(); });
}

template <class T>
size_t SumLayer<T>::tape_size(const Steps& steps, size_t checkpoint_every) const {
  return Layer<T>::tape_size(steps, checkpoint_every) +
         sum_over(branches_, [&](const Layer<T>& branch) { return branch.tape_size(steps, checkpoint_every); });
}

template <class T>
View<T> SumLayer<T>::forward(const Pass<T>& pass, const Steps& steps, ConstView<T> x) const {
  const View<T> y = pass.kept().matrix(this->id(), kOutput, output_steps(steps).rows(), output_size());
  copy_rows<T>(branches_.front()->forward(pass, steps, x), y);
  weigh(weights_.front(), y);
  for (size_t i = 1; i < branches_.size(); ++i) add<T>(weights_[i], branches_[i]->forward(pass, steps, x), y);
  return y;
}

template <class T>
View<T> SumLayer<T>::backward(const BackwardPass<T>& pass, const Steps& steps, View<T> d_y, bool need_d_x) const {
  Workspace<T>& buffers = pass.scratch.buffers;
  View<T> d_x;
  if (need_d_x) {
    d_x = buffers.matrix(this->id(), kDeltaInput, steps.rows(), input_);
    std::fill_n(d_x.data, d_x.rows * d_x.cols, T{});
  }
  for (size_t i = 0; i < branches_.size(); ++i) {
    const View<T> d_branch = buffers.matrix(this->id(), kDeltaOutput, d_y.rows, d_y.cols);  // a branch may overwrite it
    copy_rows<T>(d_y, d_branch);
    weigh(weights_[i], d_branch);
    const View<T> d_input = branches_[i]->backward(pass, steps, d_branch, need_d_x);
    if (need_d_x && d_input) add<T>(T{1}, d_input, d_x);
  }
  return d_x;
}

template class SequentialLayer<float>;
template class SequentialLayer<double>;
template class SumLayer<float>;
template class SumLayer<double>;

}  // namespace elman
