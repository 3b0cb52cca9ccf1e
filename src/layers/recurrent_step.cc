// How a recurrent layer streams: one step of one sequence, all in one kernel.
#include <algorithm>

#include "layers/recurrent.h"

namespace elman {

template <class T>
void RecurrentLayer<T>::pack_step(const Parameters<T>& parameters) {
  if (!step_narrow_.empty()) return;  // and the parameters are gone
  step_kernels_ = cell_.template step_kernels<T>(hidden_);
  if (!step_kernels_.step) return;
  const ConstView<T> weight_ih = parameters.value(weight_ih_), weight_hh = parameters.value(weight_hh_);
  const size_t lanes = step_kernels_.step_lanes, vectors = (hidden_ + lanes - 1) / lanes;
  step_constants_.resize_zero(vectors * lanes * spec().columns);
  step_weights_.resize_zero(vectors * lanes * spec().gates.size() * (input_ + hidden_));

  std::vector<T> bias(spec().columns * hidden_);
  for (size_t s = 0; s < slices_.count(); ++s)
    for (size_t c = 0; c < spec().columns; ++c)
      std::copy_n(bias_.data() + slices_.column(s, c), slices_.units(s), &bias[c * hidden_ + slices_.first(s)]);

  T* constants = step_constants_.data();
  T* weights = step_weights_.data();
  for (size_t done = 0, group; done < vectors; done += group) {
    group = step_group(vectors - done, step_kernels_.step_vectors);
    const size_t first = done * lanes, width = group * lanes, units = std::min(width, hidden_ - first);
    const auto put = [&](T*& panel, auto value) {  // one value a unit
      for (size_t u = 0; u < units; ++u) panel[u] = value(first + u);
      panel += width;
    };
    for (size_t c = 0; c < spec().columns; ++c) put(constants, [&](size_t u) { return bias[c * hidden_ + u]; });
    const auto put_rows = [&](ConstView<T> weight, const std::vector<size_t>& gates_of_columns) {
      for (size_t k = 0; k < weight.cols; ++k)
        for (const size_t g : gates_of_columns) put(weights, [&](size_t u) { return weight(g * hidden_ + u, k); });
    };
    put_rows(weight_ih, input_gates_);
    put_rows(weight_hh, back_products_.front().gates);
  }
  step_ = {.constants = step_constants_.data(),
           .weights = step_weights_.data(),
           .narrow_weights = nullptr,
           .vectors = vector_values_.data(),
           .inputs = input_,
           .units = hidden_};
}

template <class T>
void RecurrentLayer<T>::step(const Pass<T>& pass, const T* x, size_t width, T* y) const {
  if (step_constants_.empty()) return Layer<T>::step(pass, x, width, y);
  T* states = pass.state->layers[this->id()].data();
  if (hidden_ <= step_kernels_.step_lanes) return step_kernels_.step_one(step_, x, states, nullptr, y);
  const View<T> sums = pass.scratch.buffers.matrix(this->id(), kGates, 1, step_constants_.size());
  step_kernels_.step(step_, x, states, sums.data, y);
}

template void RecurrentLayer<float>::pack_step(const Parameters<float>&);
template void RecurrentLayer<double>::pack_step(const Parameters<double>&);
template void RecurrentLayer<float>::step(const Pass<float>&, const float*, size_t, float*) const;
template void RecurrentLayer<double>::step(const Pass<double>&, const double*, size_t, double*) const;

}  // namespace elman
