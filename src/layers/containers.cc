#include "layers/containers.h"

#include <algorithm>

namespace elman {
namespace {

template <class T>
void add(ConstView<T> from, View<T> to) {
  for (size_t r = 0; r < from.rows; ++r)
    for (size_t c = 0; c < from.cols; ++c) to(r, c) += from(r, c);
}

}  // namespace

template <class T>
Steps SequentialLayer<T>::output_steps(const Steps& steps) const {
  Steps result = steps;
  for (const auto& layer : layers_) result = layer->output_steps(result);
  return result;
}

template <class T>
void SequentialLayer<T>::pack(const Parameters<T>& parameters, ThreadPool& pool, bool training) {
  for (auto& layer : layers_) layer->pack(parameters, pool, training);
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
View<T> SequentialLayer<T>::forward(const Pass<T>& pass, const Steps& steps, ConstView<T> x) const {
  View<T> y(const_cast<T*>(x.data), x.rows, x.cols, x.stride);  // the identity when there are no layers
  Steps now = steps;
  for (const auto& layer : layers_) {
    y = layer->forward(pass, now, y);
    now = layer->output_steps(now);
  }
  return y;
}

template <class T>
View<T> SequentialLayer<T>::backward(const BackwardPass<T>& pass, const Steps& steps, View<T> d_y,
                                     bool need_d_x) const {
  std::vector<Steps> at{steps};
  for (const auto& layer : layers_) at.push_back(layer->output_steps(at.back()));
  for (size_t i = layers_.size(); i-- > 0;) d_y = layers_[i]->backward(pass, at[i], d_y, i > 0 || need_d_x);
  return d_y;
}

template <class T>
void SequentialLayer<T>::pack_step(const Parameters<T>& parameters) {
  for (auto& layer : layers_) layer->pack_step(parameters);
}

template <class T>
void SequentialLayer<T>::step(const Pass<T>& pass, const ConstView<T>& x, T* y) const {
  if (layers_.empty()) return void(std::copy_n(x.data, input_, y));
  size_t between = 0;
  for (size_t i = 0; i + 1 < layers_.size(); ++i) between += layers_[i]->output_size();
  T* to = between == 0 ? y : pass.scratch.buffers.matrix(this->id(), kBetween, 1, between).data;
  const T* from = x.data;
  size_t width = x.cols;
  for (size_t i = 0; i + 1 < layers_.size(); ++i) {
    layers_[i]->step(pass, {from, 1, width}, to);
    width = layers_[i]->output_size();
    from = to;
    to += width;
  }
  layers_.back()->step(pass, {from, 1, width}, y);
}

template <class T>
void SumLayer<T>::pack(const Parameters<T>& parameters, ThreadPool& pool, bool training) {
  for (auto& branch : branches_) branch->pack(parameters, pool, training);
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
View<T> SumLayer<T>::forward(const Pass<T>& pass, const Steps& steps, ConstView<T> x) const {
  const View<T> y = pass.kept().matrix(this->id(), kOutput, output_steps(steps).rows(), output_size());
  copy_rows<T>(branches_.front()->forward(pass, steps, x), y);
  for (size_t i = 1; i < branches_.size(); ++i) add<T>(branches_[i]->forward(pass, steps, x), y);
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
  for (const auto& branch : branches_) {
    const View<T> d_branch = buffers.matrix(this->id(), kDeltaOutput, d_y.rows, d_y.cols);  // a branch may overwrite it
    copy_rows<T>(d_y, d_branch);
    const View<T> d_input = branch->backward(pass, steps, d_branch, need_d_x);
    if (need_d_x && d_input) add<T>(d_input, d_x);
  }
  return d_x;
}

template class SequentialLayer<float>;
template class SequentialLayer<double>;
template class SumLayer<float>;
template class SumLayer<double>;

}  // namespace elman
