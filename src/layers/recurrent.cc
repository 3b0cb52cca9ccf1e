#include "layers/recurrent.h"

#include <algorithm>
#include <numeric>

#include "layers/gate_order.h"
#include "layers/products.h"

namespace elman {
namespace {

constexpr size_t kWindowBytes = 1 << 20;  // of gates, which wait in a cache between the projections
constexpr size_t kWindowRows = 512;       // fewest rows of a window: the weights are read once for each

}  // namespace

template <class T>
RecurrentLayer<T>::RecurrentLayer(size_t id, const RecurrentOptions& o, Parameters<T>& parameters)
    : Layer<T>(id),
      cell_(*o.cell),
      input_(o.input_size),
      hidden_(o.hidden_size),
      symbols_(o.symbols ? o.symbols->count : 0),
      reverse_(o.reverse),
      slices_(o.hidden_size, o.cell->spec.columns) {
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

  const GateBuffer<T> buffer{spec(), slices_, bias_};
  if (o.symbols) projection_ = std::make_unique<SymbolProjection<T>>(buffer, weight_ih_, *o.symbols);
  else projection_ = std::make_unique<DenseProjection<T>>(buffer, weight_ih_);
  for (const RecurrentProduct& p : spec().products) {
    products_.push_back({&p, {}});
    const auto goes_on = [&](const BackProduct& b) {
      return b.phase == p.phase && b.source == p.source && b.first_column + b.gates.size() == p.first_column;
    };
    if (back_products_.empty() || !goes_on(back_products_.back()))
      back_products_.push_back({p.phase, p.first_column, p.source, {}, {}});
    for (size_t g = 0; g < p.gates; ++g) back_products_.back().gates.push_back(p.first_gate + g);
  }
}

// ---- Weights as the kernels want them ----

template <class T>
void RecurrentLayer<T>::pack(const Parameters<T>& parameters, ThreadPool& pool, bool training) {
  pack_bias(parameters);
  projection_->pack(parameters, pool, training);
  const ConstView<T> weight_hh = parameters.value(weight_hh_);
  for (Product& p : products_) {
    std::vector<size_t> gates(p.spec->gates);
    std::iota(gates.begin(), gates.end(), p.spec->first_gate);
    pack_to_gates<T>(weight_hh, gates, slices_, p.spec->first_column, pool, p.packed);
  }
  for (BackProduct& p : back_products_) {
    p.packed.resize(training ? slices_.count() : 0);
    for (size_t s = 0; s < p.packed.size(); ++s)
      pack_from_gates<T>(weight_hh, p.gates, slices_, s, hidden_units(slices_), pool, p.packed[s]);
  }
  vector_values_.resize(vectors_.size() * hidden_);
  for (size_t k = 0; k < vectors_.size(); ++k)
    std::copy_n(parameters.value(vectors_[k]).data, hidden_, vector_values_.data() + k * hidden_);
  if (!step_constants_.empty()) pack_step(parameters);  // streams are running, or were
}

template <class T>
void RecurrentLayer<T>::pack_bias(const Parameters<T>& parameters) {
  const T* bias_ih = parameters.value(bias_ih_).data;
  const T* bias_hh = parameters.value(bias_hh_).data;
  bias_.resize_zero(spec().columns * hidden_);
  const auto add_bias = [&](const T* bias, size_t gate, size_t column) {
    for (size_t s = 0; s < slices_.count(); ++s)
      for (size_t u = 0; u < slices_.units(s); ++u)
        bias_[slices_.column(s, column) + u] += bias[gate * hidden_ + slices_.first(s) + u];
  };
  for (size_t g = 0; g < spec().gates.size(); ++g) add_bias(bias_ih, g, spec().column_of(g));
  for (const RecurrentProduct& p : spec().products)
    for (size_t g = 0; g < p.gates; ++g) add_bias(bias_hh, p.first_gate + g, p.first_column + g);
}

template <class T>
void RecurrentLayer<T>::narrow(Parameters<T>& parameters) {
  projection_->narrow(parameters);
  pack_step(parameters);
  step_narrow_ = narrowed(step_weights_);
  step_.narrow_weights = step_narrow_.data();
  step_weights_ = {};
  for (Product& p : products_) p.packed.narrow();
  for (BackProduct& p : back_products_) p.packed.clear();
  parameters.drop(weight_ih_);
  parameters.drop(weight_hh_);
}

// ---- States ----

template <class T>
void RecurrentLayer<T>::initial_state(const Parameters<T>& parameters, size_t batch, State<T>& state) const {
  if (state.layers.size() <= this->id()) state.layers.resize(this->id() + 1);
  state.layers[this->id()].resize_zero(batch * spec().states.size() * hidden_);
  for (size_t s = 0; s < initial_.size(); ++s)
    for (size_t b = 0; b < batch; ++b)
      std::copy_n(parameters.value(initial_[s]).data, hidden_, state_of(state, s).row(b));
}

template <class T>
void RecurrentLayer<T>::load_initial(const Pass<T>& pass, Run& run) const {
  for (size_t s = 0; s < spec().states.size(); ++s) {
    if (pass.state) {
      copy_rows<T>(state_of(*pass.state, s), run.initial[s]);
      continue;
    }
    const T* learned = initial_.empty() ? nullptr : pass.parameters.value(initial_[s]).data;
    for (size_t b = 0; b < run.steps.batch(); ++b) {
      T* row = run.initial[s].row(b);
      if (learned) std::copy_n(learned, hidden_, row);
      else std::fill_n(row, hidden_, T{});
    }
  }
}

template <class T>
void RecurrentLayer<T>::store_final(State<T>& state, const Run& run) const {
  for (size_t s = 0; s < spec().states.size(); ++s)
    for (size_t b = 0; b < run.steps.batch(); ++b) {
      const size_t last = reverse_ ? 0 : run.steps.length(b) - 1;
      copy_rows<T>(run.state_rows(s, last, b, 1), state_of(state, s).slice_rows(b, 1));
    }
}

template <class T>
size_t RecurrentLayer<T>::continuing(const Steps& steps, size_t t) const {
  if (reverse_) return t + 1 == steps.steps() ? 0 : steps.batch_at(t + 1);
  return t == 0 ? 0 : steps.batch_at(t);
}

// ---- Buffers and windows of one call ----

template <class T>
typename RecurrentLayer<T>::Run RecurrentLayer<T>::make_run(const Steps& steps, Workspace<T>& kept, bool rolling,
                                                            View<T> y) const {
  const size_t id = this->id(), batch = steps.batch(), extra = spec().states.size() - 1;
  const size_t width = spec().columns * hidden_;
  const size_t window = window_rows(batch);
  const size_t rows = rolling ? std::min(steps.rows(), window) : steps.rows();
  Run run{.steps = steps,
          .kernels = cell_.template kernels<T>(),
          .window = {0, 0, 0, window},
          .gates = kept.matrix(id, kGates, rows, width),
          .result = {},
          .gates_row = 0,
          .initial = {},
          .states = {},
          .rolling = rolling,
          .zero_start = false,
          .d_y = {},
          .d_gates = {},
          .d_states = {},
          .d_result = {}};
  if (spec().result) run.result = kept.matrix(id, kResult, rows, hidden_);
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
size_t RecurrentLayer<T>::window_rows(size_t batch) const {
  return std::max({batch, kWindowRows, kWindowBytes / (spec().columns * hidden_ * sizeof(T))});
}

template <class T>
typename RecurrentLayer<T>::Window RecurrentLayer<T>::window(const Steps& steps, size_t first, size_t last) const {
  const size_t begin = reverse_ ? steps.steps() - last : first, row = steps.offset(begin);
  return {first, last, row, steps.offset(begin + last - first) - row};
}

template <class T>
typename RecurrentLayer<T>::Window RecurrentLayer<T>::window_after(const Steps& steps, size_t first,
                                                                   size_t max_rows) const {
  const size_t all = steps.steps();
  return window(steps, first,
                reverse_ ? all - steps.run_before(all - first, max_rows) : steps.run_after(first, max_rows));
}

template <class T>
typename RecurrentLayer<T>::Window RecurrentLayer<T>::window_before(const Steps& steps, size_t last,
                                                                    size_t max_rows) const {
  const size_t all = steps.steps();
  return window(steps, reverse_ ? all - steps.run_after(all - last, max_rows) : steps.run_before(last, max_rows), last);
}

template <class T>
Partition RecurrentLayer<T>::partition(ThreadPool& pool, const Run& run) const {
  const size_t count = run.window.last - run.window.first;
  const size_t begin = reverse_ ? run.steps.steps() - run.window.last : run.window.first;
  const double weights = static_cast<double>(spec().gates.size() * hidden_ * hidden_);
  return Partition::choose(pool.size(), run.steps.part(begin, begin + count), slices_,
                           {2 * weights, weights * sizeof(T), static_cast<double>(spec().columns * hidden_)});
}

template <class T>
ThreadPool& RecurrentLayer<T>::threads_for(size_t work, size_t least, const Partition& shares, ThreadPool& pool) const {
  if (!shares.is_alone()) least = kWorthThreads;
  return work * spec().columns * hidden_ < least ? no_threads() : pool;
}

template <class T>
size_t RecurrentLayer<T>::tape_size(const Steps& steps, size_t) const {
  return steps.rows() * (spec().columns + spec().states.size() + (spec().result ? 1 : 0)) * hidden_ +
         steps.batch() * state_size();
}

// ---- One step ----

template <class T>
ConstView<T> RecurrentLayer<T>::previous(const Run& run, size_t state, const Block& block) const {
  return block.continues ? run.state_rows(state, previous_step(block.t), block.begin, block.count)
                         : run.initial[state].slice_rows(block.begin, block.count);
}

template <class T>
ConstView<T> RecurrentLayer<T>::source(const Run& run, RecurrentProduct::Source source, const Block& block) const {
  if (source == RecurrentProduct::kHidden) return previous(run, 0, block);
  return run.result.slice_rows(run.steps.offset(block.t) + block.begin - run.gates_row, block.count);
}

template <class T>
void RecurrentLayer<T>::fill_rows(const Run& run, const Block& block, size_t slice, CellRows<T>& cell) const {
  const size_t first = slices_.first(slice), row = run.steps.offset(block.t) + block.begin;
  cell.rows = block.count;
  cell.units = slices_.units(slice);
  cell.gates = slices_.columns(run.gates.slice_rows(row - run.gates_row, block.count), slice, 0, spec().columns);
  for (size_t s = 0; s < spec().states.size(); ++s) {
    cell.prev[s] = previous(run, s, block).slice_cols(first, cell.units);
    cell.next[s] = units(run.state_rows(s, block.t, block.begin, block.count), slice);
  }
  if (run.result) cell.result = units(run.result.slice_rows(row - run.gates_row, block.count), slice);
  for (size_t k = 0; k < vectors_.size(); ++k) cell.vectors[k] = vector_values_.data() + k * hidden_ + first;
}

// The products that a phase of step t waits for, then its pointwise math, slice by slice: every other step begins with
// the slices that the step before ended with, whose weights are still in a cache when not all of them fit.
template <class T>
void RecurrentLayer<T>::forward_phase(const Run& run, size_t t, size_t phase, const Share& share) const {
  const size_t rows = std::min(share.end, run.steps.batch_at(t));
  for (size_t i = share.first_slice; i < share.last_slice; ++i) {
    const size_t s = t % 2 == 0 ? i : share.first_slice + share.last_slice - 1 - i;
    const size_t after = i + 1 == share.last_slice ? s : t % 2 == 0 ? s + 1 : s - 1;
    for_each_block(run.steps, t, share, [&](const Block& block) {
      CellRows<T> cell;
      fill_rows(run, block, s, cell);
      const View<T> gates = run.gates.slice_rows(run.steps.offset(t) + block.begin - run.gates_row, block.count);
      const size_t next = block.begin + block.count < rows ? s : after;
      for (const Product& p : products_)
        if (p.spec->phase == phase)
          gemm<T>(source(run, p.spec->source, block), p.packed, gates,
                  p.spec->apart ? GemmStart::kBias : GemmStart::kAccumulate, bias_.data(),
                  {s, s + 1, p.packed.is_far() ? p.packed.panels(next) : nullptr});
      run.kernels.forward[phase](cell);
    });
  }
}

// ---- Forward ----

template <class T>
View<T> RecurrentLayer<T>::forward(const Pass<T>& pass, const Steps& steps, ConstView<T> x) const {
  const View<T> y = pass.kept().matrix(this->id(), kOutput, steps.rows(), hidden_);
  forward_into(pass, steps, x, y);
  return y;
}

template <class T>
void RecurrentLayer<T>::forward_into(const Pass<T>& pass, const Steps& steps, ConstView<T> x, View<T> y) const {
  ThreadPool& pool = pass.scratch.pool;
  Run run = make_run(steps, pass.kept(), pass.tape == nullptr, y);
  load_initial(pass, run);
  const size_t phases = spec().phases, window_rows = run.window.rows;
  for (size_t first = 0; first < steps.steps(); first = run.window.last) {
    const Window window = run.window = window_after(steps, first, window_rows);
    if (run.rolling) run.gates_row = window.row;
    const Partition shares = partition(pool, run);
    ThreadPool& threads = threads_for(window.rows * input_, pass.tape ? kWorthSharing : worth_fetching(), shares, pool);
    projection_->forward(threads, x.slice_rows(window.row, window.rows),
                         run.gates.slice_rows(window.row - run.gates_row, window.rows));
    // h_t becomes h_{t-1} of the next step.
    shares.run(pool, (window.last - window.first) * phases, [&](size_t n, const Share& share) {
      forward_phase(run, nth_step(steps, window.first + n / phases), n % phases, share);
    });
  }
  if (pass.state) store_final(*pass.state, run);
  if (pass.tape) pass.tape->entry(this->id()) = {.input = x, .output = y, .had_state = pass.has_state()};
}

template class RecurrentLayer<float>;
template class RecurrentLayer<double>;

}  // namespace elman
