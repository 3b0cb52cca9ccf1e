// How a recurrent layer streams: one step of one sequence, all in one kernel.
#include <algorithm>

#include "layers/recurrent.h"

namespace elman {

template <class T>
void RecurrentLayer<T>::pack_step(const Parameters<T>& parameters) {
  if (!step_narrow_.empty()) return;  // and the parameters are gone
  step_kernels_ = cell_.template kernels<T>();
  if (!step_kernels_.step) return;
  const size_t gates = spec().gates.size();
  const ConstView<T> weight_ih = parameters.value(weight_ih_), weight_hh = parameters.value(weight_hh_);
  const size_t lanes = step_kernels_.step_lanes, widest = lanes * step_kernels_.step_vectors;
  const size_t padded = (hidden_ + lanes - 1) / lanes * lanes;
  step_constants_.resize_zero(padded * (spec().columns + vectors_.size()));
  step_weights_.resize_zero(padded * gates * (input_ + hidden_));

  std::vector<T> bias(spec().columns * hidden_);
  for (size_t s = 0; s < slices_.count(); ++s)
    for (size_t c = 0; c < spec().columns; ++c)
      std::copy_n(bias_.data() + slices_.column(s, c), slices_.units(s), &bias[c * hidden_ + slices_.first(s)]);

  T* constants = step_constants_.data();
  T* weights = step_weights_.data();
  for (size_t first = 0; first < padded; first += widest) {
    const size_t width = std::min(widest, padded - first), units = std::min(width, hidden_ - first);
    const auto put = [&](T*& panel, auto value) {  // one value a unit
      for (size_t u = 0; u < units; ++u) panel[u] = value(first + u);
      panel += width;
    };
    for (size_t c = 0; c < spec().columns; ++c) put(constants, [&](size_t u) { return bias[c * hidden_ + u]; });
    for (size_t k = 0; k < vectors_.size(); ++k)
      put(constants, [&](size_t u) { return vector_values_[k * hidden_ + u]; });
    const auto put_rows = [&](ConstView<T> weight, const std::vector<size_t>& gates_of_columns) {
      for (size_t k = 0; k < weight.cols; ++k)
        for (const size_t g : gates_of_columns) put(weights, [&](size_t u) { return weight(g * hidden_ + u, k); });
    };
    put_rows(weight_ih, input_gates_);
    put_rows(weight_hh, back_products_.front().gates);
  }
}

template <class T>
void RecurrentLayer<T>::step(const Pass<T>& pass, const ConstView<T>& x, T* y) const {
  if (step_constants_.empty()) return Layer<T>::step(pass, x, y);
  T* h = pass.state->layers[this->id()].data();
  CellStep<T> step{.constants = step_constants_.data(),
                   .weights = step_weights_.data(),
                   .narrow_weights = step_narrow_.data(),
                   .x = x.data,
                   .inputs = input_,
                   .units = hidden_,
                   .h = h,
                   .next_h = y,
                   .states = {}};
  for (size_t s = 1; s < spec().states.size(); ++s) step.states[s] = h + s * hidden_;
  step_kernels_.step(step);
}

template void RecurrentLayer<float>::pack_step(const Parameters<float>&);
template void RecurrentLayer<double>::pack_step(const Parameters<double>&);
template void RecurrentLayer<float>::step(const Pass<float>&, const ConstView<float>&, float*) const;
template void RecurrentLayer<double>::step(const Pass<double>&, const ConstView<double>&, double*) const;

}  // namespace elman
