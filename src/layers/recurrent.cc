#include "layers/recurrent.h"

#include <algorithm>

#include "layers/products.h"

namespace elman {
namespace {

constexpr size_t kRowBlock = 48;     // rows whose gates stay in the first cache levels between product and cell
constexpr size_t kWindowRows = 512;  // rows of gates in memory at a time when nothing is kept
constexpr size_t kBatchGrain = 4;    // fewest sequences worth a thread

template <class T>
void copy(ConstView<T> from, View<T> to) {
  for (size_t r = 0; r < from.rows; ++r) std::copy_n(from.row(r), from.cols, to.row(r));
}

}  // namespace

template <class T>
RecurrentLayer<T>::RecurrentLayer(size_t id, const RecurrentOptions& o, Parameters<T>& parameters)
    : Layer<T>(id), cell_(*o.cell), input_(o.input_size), hidden_(o.hidden_size), reverse_(o.reverse) {
  const size_t gates = spec().gates.size(), rows = gates * hidden_;
  const auto name = [&](std::string_view base) { return o.prefix + std::string(base) + o.suffix; };
  weight_ih_ = parameters.add(name("weight_ih"), {rows, input_}, Init::kGlorot, gates);
  weight_hh_ = parameters.add(name("weight_hh"), {rows, hidden_}, Init::kOrthogonal, gates);
  bias_ih_ = parameters.add(name("bias_ih"), {rows}, Init::kZeros);
  bias_hh_ = parameters.add(name("bias_hh"), {rows}, Init::kZeros);
  for (const CellVector& v : spec().vectors) vectors_.push_back(parameters.add(name(v.name), {hidden_}, Init::kZeros));
  if (o.learned_state)
    for (const std::string_view s : spec().states)
      initial_.push_back(parameters.add(name("initial_" + std::string(s)), {hidden_}, Init::kZeros));
  if (spec().forget_gate) {
    parameters.after_initialize([index = bias_ih_, first = *spec().forget_gate * hidden_,
                                 n = hidden_](Parameters<T>& p) { std::fill_n(p.value(index).data + first, n, T{1}); });
  }
}

template <class T>
void RecurrentLayer<T>::pack(const Parameters<T>& parameters, bool training) {
  const ConstView<T> weight_ih = parameters.value(weight_ih_), weight_hh = parameters.value(weight_hh_);
  const T* bias_ih = parameters.value(bias_ih_).data;
  const T* bias_hh = parameters.value(bias_hh_).data;
  packed_ih_.pack_transposed(weight_ih);
  if (training) packed_ih_back_.pack(weight_ih);

  bias_.resize_zero(spec().columns * hidden_);
  std::copy_n(bias_ih, weight_ih.rows, bias_.data());
  packed_hh_.resize(spec().products.size());
  packed_hh_back_.resize(spec().products.size());
  for (size_t k = 0; k < spec().products.size(); ++k) {
    const RecurrentProduct& p = spec().products[k];
    const ConstView<T> rows = weight_hh.slice_rows(p.first_gate * hidden_, p.gates * hidden_);
    packed_hh_[k].pack_transposed(rows);
    if (training) packed_hh_back_[k].pack(rows);
    for (size_t j = 0; j < p.gates * hidden_; ++j)
      bias_[p.first_column * hidden_ + j] += bias_hh[p.first_gate * hidden_ + j];
  }

  vector_values_.resize(vectors_.size() * hidden_);
  for (size_t k = 0; k < vectors_.size(); ++k)
    std::copy_n(parameters.value(vectors_[k]).data, hidden_, vector_values_.data() + k * hidden_);
}

template <class T>
void RecurrentLayer<T>::initial_state(const Parameters<T>& parameters, size_t batch, State<T>& state) const {
  if (state.layers.size() <= this->id()) state.layers.resize(this->id() + 1);
  Buffer<T>& buffer = state.layers[this->id()];
  buffer.resize_zero(spec().states.size() * batch * hidden_);
  for (size_t s = 0; s < initial_.size(); ++s)
    for (size_t b = 0; b < batch; ++b)
      std::copy_n(parameters.value(initial_[s]).data, hidden_, buffer.data() + (s * batch + b) * hidden_);
}

template <class T>
size_t RecurrentLayer<T>::continuing(const Steps& steps, size_t t) const {
  if (reverse_) return t + 1 == steps.steps() ? 0 : steps.batch_at(t + 1);
  return t == 0 ? 0 : steps.batch_at(t);
}

template <class T>
typename RecurrentLayer<T>::Run RecurrentLayer<T>::make_run(const Steps& steps, Workspace<T>& kept, bool rolling,
                                                            View<T> y) const {
  const size_t id = this->id(), batch = steps.batch(), extra = spec().states.size() - 1;
  const size_t window = rolling ? std::min(steps.rows(), std::max(kWindowRows, batch)) : steps.rows();
  Run run{.steps = steps,
          .kernels = cell_.template kernels<T>(),
          .gates = {},
          .window_row = 0,
          .initial = {},
          .states = {},
          .rolling = rolling,
          .d_states = {},
          .d_source = {},
          .d_y = {}};
  run.gates = kept.matrix(id, kGates, window, spec().columns * hidden_);
  const View<T> initial = kept.matrix(id, kInitial, (1 + extra) * batch, hidden_);
  for (size_t s = 0; s <= extra; ++s) run.initial[s] = initial.slice_rows(s * batch, batch);
  run.states[0] = y;
  if (!rolling) {
    const View<T> states = kept.matrix(id, kStates, extra * steps.rows(), hidden_);
    for (size_t s = 1; s <= extra; ++s) run.states[s] = states.slice_rows((s - 1) * steps.rows(), steps.rows());
  } else {
    for (size_t s = 1; s <= extra; ++s) run.states[s] = run.initial[s];
  }
  return run;
}

template <class T>
void RecurrentLayer<T>::load_initial(const Pass<T>& pass, const Run& run) const {
  const size_t batch = run.steps.batch();
  for (size_t s = 0; s < spec().states.size(); ++s) {
    const T* given = pass.state ? pass.state->layers[this->id()].data() + s * batch * hidden_ : nullptr;
    const T* learned = initial_.empty() ? nullptr : pass.parameters.value(initial_[s]).data;
    for (size_t b = 0; b < batch; ++b) {
      T* row = run.initial[s].row(b);
      if (given) std::copy_n(given + b * hidden_, hidden_, row);
      else if (learned) std::copy_n(learned, hidden_, row);
      else std::fill_n(row, hidden_, T{});
    }
  }
}

template <class T>
void RecurrentLayer<T>::store_final(State<T>& state, const Run& run) const {
  const size_t batch = run.steps.batch();
  View<T> out(state.layers[this->id()].data(), spec().states.size() * batch, hidden_);
  for (size_t s = 0; s < spec().states.size(); ++s)
    for (size_t b = 0; b < batch; ++b) {
      const size_t last = reverse_ ? 0 : run.steps.length(b) - 1;
      copy<T>(run.state_rows(s, last, b, 1), out.slice_rows(s * batch + b, 1));
    }
}

// ---- The time loop
// ----------------------------------------------------------------------------------------------------

template <class T>
template <class Visit>
void RecurrentLayer<T>::for_each_block(const Run& run, size_t t, size_t begin, size_t end, Visit&& visit) const {
  const size_t going = continuing(run.steps, t), active = std::min(end, run.steps.batch_at(t));
  for (size_t b = begin; b < active;) {
    const bool from_previous = b < going;
    const size_t count = std::min({kRowBlock, active - b, from_previous ? going - b : active - b});
    CellRows<T> block;
    block.rows = count;
    block.hidden_size = hidden_;
    block.gates = run.gate_rows(run.steps.offset(t) + b, count);
    for (size_t s = 0; s < spec().states.size(); ++s) {
      block.prev[s] =
          from_previous ? run.state_rows(s, previous_step(t), b, count) : run.initial[s].slice_rows(b, count);
      block.next[s] = run.state_rows(s, t, b, count);
    }
    for (size_t k = 0; k < vectors_.size(); ++k) block.vectors[k] = vector_values_.data() + k * hidden_;
    visit(block, b);
    b += count;
  }
}

template <class T>
void RecurrentLayer<T>::forward_block(const CellRows<T>& block, const CellKernels<T>& kernels) const {
  for (size_t phase = 0; phase < spec().phases; ++phase) {
    for (size_t k = 0; k < packed_hh_.size(); ++k) {
      const RecurrentProduct& p = spec().products[k];
      if (p.phase != phase) continue;
      const ConstView<T> source =
          p.source == RecurrentProduct::kHidden ? block.prev[0] : ConstView<T>(columns(block.gates, p.source, 1));
      gemm<T>(source, packed_hh_[k], columns(block.gates, p.first_column, p.gates),
              p.apart ? GemmStart::kBias : GemmStart::kAccumulate, bias_.data() + p.first_column * hidden_);
    }
    kernels.forward[phase](block);
  }
}

template <class T>
void RecurrentLayer<T>::backward_block(CellRows<T>& block, const CellKernels<T>& kernels, View<T> d_source) const {
  block.d_source = d_source;
  for (size_t phase = spec().phases; phase-- > 0;) {
    kernels.backward[phase](block);
    for (size_t k = 0; k < packed_hh_back_.size(); ++k) {
      const RecurrentProduct& p = spec().products[k];
      if (p.phase != phase) continue;
      const ConstView<T> d_gates = columns(block.gates, p.first_column, p.gates);
      if (p.source == RecurrentProduct::kHidden)
        gemm<T>(d_gates, packed_hh_back_[k], block.d_prev[0], GemmStart::kAccumulate);
      else gemm<T>(d_gates, packed_hh_back_[k], d_source, GemmStart::kZero);
    }
  }
}

// Steps first..last-1 in running order, for sequences [begin, end): h_t becomes h_{t-1} of the next.
template <class T>
void RecurrentLayer<T>::forward_steps(const Run& run, size_t first, size_t last, size_t begin, size_t end) const {
  for (size_t n = first; n < last; ++n)
    for_each_block(run, nth_step(run.steps, n), begin, end,
                   [&](const CellRows<T>& block, size_t) { forward_block(block, run.kernels); });
}

// The error travels back through time: d_states enters each step as the gradient to the state after it, leaves as that
// before it.
template <class T>
void RecurrentLayer<T>::backward_steps(const Run& run, size_t begin, size_t end) const {
  for (size_t n = run.steps.steps(); n-- > 0;) {
    const size_t t = nth_step(run.steps, n);
    for_each_block(run, t, begin, end, [&](CellRows<T>& block, size_t b) {
      for (size_t s = 0; s < spec().states.size(); ++s)
        block.d_next[s] = block.d_prev[s] = run.d_states[s].slice_rows(b, block.rows);
      for (size_t r = 0; r < block.rows; ++r) {
        const T* d_y = run.d_y.row(run.steps.offset(t) + b + r);
        T* d_h = block.d_next[0].row(r);
        for (size_t u = 0; u < hidden_; ++u) d_h[u] += d_y[u];
      }
      backward_block(block, run.kernels, run.d_source.slice_rows(b, block.rows));
    });
  }
}

// ---- Forward
// ----------------------------------------------------------------------------------------------------------

template <class T>
View<T> RecurrentLayer<T>::forward(const Pass<T>& pass, const Steps& steps, ConstView<T> x) const {
  const View<T> y = pass.kept().matrix(this->id(), kOutput, steps.rows(), hidden_);
  forward_into(pass, steps, x, y);
  return y;
}

template <class T>
void RecurrentLayer<T>::forward_into(const Pass<T>& pass, const Steps& steps, ConstView<T> x, View<T> y) const {
  Run run = make_run(steps, pass.kept(), pass.tape == nullptr, y);
  load_initial(pass, run);
  const size_t input_columns = spec().gates.size();
  for (size_t first = 0; first < steps.steps();) {
    size_t last = first, rows = 0;  // as many steps as the window holds
    while (last < steps.steps() && rows + steps.batch_at(nth_step(steps, last)) <= run.gates.rows)
      rows += steps.batch_at(nth_step(steps, last++));
    run.window_row = steps.offset(nth_step(steps, reverse_ ? last - 1 : first));
    multiply<T>(pass.scratch.pool, x.slice_rows(run.window_row, rows), packed_ih_,
                columns(run.gates.slice_rows(0, rows), 0, input_columns), GemmStart::kBias, bias_.data());
    pass.scratch.pool.split(steps.batch(), kBatchGrain,
                            [&](size_t begin, size_t end) { forward_steps(run, first, last, begin, end); });
    first = last;
  }
  if (pass.state) store_final(*pass.state, run);
  if (pass.tape) pass.tape->entry(this->id()) = {.input = x, .output = y, .had_state = pass.state != nullptr};
}

// ---- Backward
// ---------------------------------------------------------------------------------------------------------

template <class T>
View<T> RecurrentLayer<T>::backward(const BackwardPass<T>& pass, const Steps& steps, View<T> d_y, bool need_d_x) const {
  View<T> d_x;
  if (need_d_x) d_x = pass.scratch.buffers.matrix(this->id(), kDeltaInput, steps.rows(), input_);
  backward_into(pass, steps, d_y, d_x, GemmStart::kZero);
  return d_x;
}

template <class T>
void RecurrentLayer<T>::backward_into(const BackwardPass<T>& pass, const Steps& steps, ConstView<T> d_y, View<T> d_x,
                                      GemmStart start) const {
  const size_t id = this->id(), batch = steps.batch(), states = spec().states.size();
  const typename Tape<T>::Entry& entry = pass.tape.entry(id);
  const View<T> y(const_cast<T*>(entry.output.data), entry.output.rows, entry.output.cols, entry.output.stride);
  Run run = make_run(steps, pass.tape.saved, false, y);
  run.d_y = d_y;
  run.d_source = pass.scratch.buffers.matrix(id, kDeltaSource, batch, hidden_);
  const View<T> d_states = pass.scratch.buffers.matrix(id, kDeltaStates, states * batch, hidden_);
  if (pass.d_state) std::copy_n(pass.d_state->layers[id].data(), states * batch * hidden_, d_states.data);
  else std::fill_n(d_states.data, states * batch * hidden_, T{});
  for (size_t s = 0; s < states; ++s) run.d_states[s] = d_states.slice_rows(s * batch, batch);

  pass.scratch.pool.split(batch, kBatchGrain, [&](size_t begin, size_t end) { backward_steps(run, begin, end); });

  if (pass.d_state) std::copy_n(d_states.data, states * batch * hidden_, pass.d_state->layers[id].data());
  if (!entry.had_state)
    for (size_t s = 0; s < initial_.size(); ++s)
      add_column_sums<T>(pass.scratch.pool, run.d_states[s], pass.parameters.gradient(initial_[s]).data);
  weight_gradients(pass, run, entry.input);
  bias_gradients(pass, run);
  vector_gradients(pass, run);
  if (d_x) multiply<T>(pass.scratch.pool, columns(run.gates, 0, spec().gates.size()), packed_ih_back_, d_x, start);
}

template <class T>
template <class Visit>
void RecurrentLayer<T>::for_each_previous(const Run& run, size_t state, Visit&& visit) const {
  size_t first_row = 0;
  View<T> previous;  // the run gathered so far
  const auto add = [&](size_t row, View<T> rows) {
    if (rows.rows == 0) return;
    if (previous.rows > 0 && row == first_row + previous.rows &&
        rows.data == previous.data + previous.rows * previous.stride) {
      previous.rows += rows.rows;
      return;
    }
    if (previous.rows > 0) visit(first_row, previous);
    first_row = row;
    previous = rows;
  };
  for (size_t t = 0; t < run.steps.steps(); ++t) {
    const size_t going = continuing(run.steps, t), active = run.steps.batch_at(t), row = run.steps.offset(t);
    if (going > 0) add(row, run.state_rows(state, previous_step(t), 0, going));
    add(row + going, run.initial[state].slice_rows(going, active - going));
  }
  if (previous.rows > 0) visit(first_row, previous);
}

template <class T>
void RecurrentLayer<T>::weight_gradients(const BackwardPass<T>& pass, const Run& run, ConstView<T> x) const {
  ThreadPool& pool = pass.scratch.pool;
  add_gradient<T>(pool, columns(run.gates, 0, spec().gates.size()), x, pass.parameters.gradient(weight_ih_));
  const View<T> d_weight_hh = pass.parameters.gradient(weight_hh_);
  for (const RecurrentProduct& p : spec().products) {
    const View<T> d_gates = columns(run.gates, p.first_column, p.gates);
    const View<T> d_rows = d_weight_hh.slice_rows(p.first_gate * hidden_, p.gates * hidden_);
    if (p.source != RecurrentProduct::kHidden) {
      add_gradient<T>(pool, d_gates, columns(run.gates, p.source, 1), d_rows);
      continue;
    }
    for_each_previous(run, 0, [&](size_t row, View<T> previous) {
      add_gradient<T>(pool, d_gates.slice_rows(row, previous.rows), previous, d_rows);
    });
  }
}

template <class T>
void RecurrentLayer<T>::bias_gradients(const BackwardPass<T>& pass, const Run& run) const {
  Buffer<T>& sums = pass.scratch.buffers.at(this->id(), kSums);
  sums.resize_zero(run.gates.cols);
  add_column_sums<T>(pass.scratch.pool, run.gates, sums.data());
  T* d_bias_ih = pass.parameters.gradient(bias_ih_).data;
  T* d_bias_hh = pass.parameters.gradient(bias_hh_).data;
  for (size_t j = 0; j < spec().gates.size() * hidden_; ++j) d_bias_ih[j] += sums[j];
  for (const RecurrentProduct& p : spec().products)
    for (size_t j = 0; j < p.gates * hidden_; ++j)
      d_bias_hh[p.first_gate * hidden_ + j] += sums[p.first_column * hidden_ + j];
}

template <class T>
void RecurrentLayer<T>::vector_gradients(const BackwardPass<T>& pass, const Run& run) const {
  for (size_t k = 0; k < vectors_.size(); ++k) {
    const CellVector& v = spec().vectors[k];
    const View<T> d_gate = columns(run.gates, v.gate, 1);
    T* d_vector = pass.parameters.gradient(vectors_[k]).data;
    const auto add = [&](size_t first_row, ConstView<T> state) {
      for (size_t r = 0; r < state.rows; ++r)
        for (size_t u = 0; u < hidden_; ++u) d_vector[u] += d_gate(first_row + r, u) * state(r, u);
    };
    if (v.of_next) add(0, run.states[v.state]);
    else for_each_previous(run, v.state, [&](size_t row, View<T> previous) { add(row, previous); });
  }
}

template class RecurrentLayer<float>;
template class RecurrentLayer<double>;

}  // namespace elman
