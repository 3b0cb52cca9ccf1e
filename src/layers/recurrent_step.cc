// How a recurrent layer streams: one step of one sequence, all in one kernel.
#include <algorithm>

#include "kernels/roofline.h"
#include "layers/embedding.h"
#include "layers/gate_order.h"
#include "layers/recurrent.h"

namespace elman {
namespace {

// Whether so many bytes of weights stay in a first-level cache from step to step.
bool are_near(size_t bytes) {
  static const size_t most = 3 * level_bytes(MemoryLevel::kL1) / 4;
  return bytes <= most;
}

template <class T>
StepGroups groups_of(const CellKernels<T>& kernels, size_t hidden) {
  return {(hidden + kernels.step_lanes - 1) / kernels.step_lanes, kernels.step_vectors};
}

// Calls visit(first unit, units, width in units) for each group of vectors, in the order of the panels.
template <class T, class Visit>
void for_each_group(const CellKernels<T>& kernels, size_t hidden, Visit&& visit) {
  const size_t lanes = kernels.step_lanes;
  const StepGroups groups = groups_of(kernels, hidden);
  for (size_t i = 0; i < groups.count; ++i) {
    const size_t first = groups.begin(i) * lanes, width = groups.size(i) * lanes;
    visit(first, std::min(width, hidden - first), width);
  }
}

}  // namespace

template <class T>
void RecurrentLayer<T>::pack_step(const Parameters<T>& parameters) {
  if (!step_narrow_.empty()) return;  // and the parameters are gone
  step_kernels_ = cell_.template step_kernels<T>(hidden_);
  if (!step_kernels_.step) return;
  pack_step_constants();
  pack_step_weights(parameters);
  step_in_near_cache_ = are_near(step_weights_.size() * sizeof(T));
  step_ = {.constants = step_constants_.data(),
           .weights = step_weights_.data(),
           .narrow_weights = nullptr,
           .vectors = vector_values_.data(),
           .inputs = step_inputs(),
           .units = hidden_,
           .groups = groups_of(step_kernels_, hidden_)};
}

template <class T>
void RecurrentLayer<T>::pack_step_constants() {
  const size_t lanes = step_kernels_.step_lanes;
  const ConstView<T> starts = projection_->starts();
  step_columns_ = (hidden_ + lanes - 1) / lanes * lanes * spec().columns;
  step_constants_.resize_zero(starts.rows * step_columns_);
  T* panel = step_constants_.data();
  std::vector<T> start(spec().columns * hidden_);  // [column][unit]
  for (size_t row = 0; row < starts.rows; ++row) {
    for (size_t s = 0; s < slices_.count(); ++s)
      for (size_t c = 0; c < spec().columns; ++c)
        std::copy_n(starts.row(row) + slices_.column(s, c), slices_.units(s), &start[c * hidden_ + slices_.first(s)]);
    for_each_group(step_kernels_, hidden_, [&](size_t first, size_t units, size_t width) {
      for (size_t c = 0; c < spec().columns; ++c, panel += width)
        std::copy_n(&start[c * hidden_ + first], units, panel);
    });
  }
}

template <class T>
void RecurrentLayer<T>::pack_step_weights(const Parameters<T>& parameters) {
  const std::vector<size_t> gates_of_x = input_gates(spec());
  const std::vector<size_t>& gates_of_h = back_products_.front().gates;
  step_weights_.resize_zero(step_columns_ / spec().columns * spec().gates.size() * (step_inputs() + hidden_));
  T* panel = step_weights_.data();
  for_each_group(step_kernels_, hidden_, [&](size_t first, size_t units, size_t width) {
    const auto put_rows = [&](size_t parameter, size_t rows, const std::vector<size_t>& gates_of_columns) {
      const ConstView<T> weight = parameters.value(parameter);
      for (size_t k = 0; k < rows; ++k)
        for (const size_t g : gates_of_columns) {
          for (size_t u = 0; u < units; ++u) panel[u] = weight(g * hidden_ + first + u, k);
          panel += width;
        }
    };
    put_rows(weight_ih_, step_inputs(), gates_of_x);
    put_rows(weight_hh_, hidden_, gates_of_h);
  });
}

template <class T>
void RecurrentLayer<T>::step(const Pass<T>& pass, const T* x, size_t width, T* y) const {
  if (step_constants_.empty()) return Layer<T>::step(pass, x, width, y);
  if (symbols_ == 0) return step(pass, step_, x, y);
  CellStep<T> start = step_;
  start.constants += symbol_index(*x, symbols_) * step_columns_;
  step(pass, start, x, y);
}

template <class T>
void RecurrentLayer<T>::step(const Pass<T>& pass, const CellStep<T>& start, const T* x, T* y) const {
  T* states = pass.state->layers[this->id()].data();
  if (hidden_ <= step_kernels_.step_lanes) return step_kernels_.step_one(start, x, states, nullptr, y, false);
  const View<T> sums = pass.scratch.buffers.matrix(this->id(), kGates, 1, step_columns_);
  if (step_in_near_cache_) return step_kernels_.step(start, x, states, sums.data, y, false);
  Buffer<T>& backwards = pass.scratch.buffers.at(this->id(), kBackwards);  // whether the last step went so
  if (backwards.empty()) backwards.resize_zero(1);
  backwards[0] = 1 - backwards[0];
  step_kernels_.step(start, x, states, sums.data, y, backwards[0] != 0);
}

template void RecurrentLayer<float>::pack_step(const Parameters<float>&);
template void RecurrentLayer<double>::pack_step(const Parameters<double>&);
template void RecurrentLayer<float>::step(const Pass<float>&, const float*, size_t, float*) const;
template void RecurrentLayer<double>::step(const Pass<double>&, const double*, size_t, double*) const;

}  // namespace elman
