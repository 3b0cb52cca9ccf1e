// The way back through time of a recurrent layer.
#include <algorithm>

#include "layers/gate_order.h"
#include "layers/products.h"
#include "layers/recurrent.h"

namespace elman {
namespace {

constexpr size_t kColumns = 16;    // of a thread's part are a multiple: it writes whole cache lines of the bias
constexpr size_t kPieceRows = 24;  // of d_x at least: fewer do not pay for reading the weights

}  // namespace

template <class T>
View<T> RecurrentLayer<T>::backward(const BackwardPass<T>& pass, const Steps& steps, View<T> d_y, bool need_d_x) const {
  View<T> d_x;
  if (need_d_x && has_input_gradient())
    d_x = pass.scratch.buffers.matrix(this->id(), kDeltaInput, steps.rows(), input_);
  backward_into(pass, steps, d_y, d_x, GemmStart::kZero);
  return d_x;
}

template <class T>
void RecurrentLayer<T>::backward_into(const BackwardPass<T>& pass, const Steps& steps, ConstView<T> d_y, View<T> d_x,
                                      GemmStart start) const {
  ThreadPool& pool = pass.scratch.pool;
  Workspace<T>& buffers = pass.scratch.buffers;
  const size_t id = this->id(), batch = steps.batch(), states = spec().states.size();
  const typename Tape<T>::Entry& entry = pass.tape.entry(id);
  const View<T> y(const_cast<T*>(entry.output.data), entry.output.rows, entry.output.cols, entry.output.stride);
  Run run = make_run(steps, pass.tape.saved, false, y);
  run.zero_start = !entry.had_state && initial_.empty();
  run.d_y = d_y;
  // Rows are a cache line more than their width apart: powers of two would crowd a few sets of the cache.
  const size_t stride = run.gates.cols + kAlignment / sizeof(T);
  View<T> d_gates = buffers.matrix(id, kDeltaGates, std::min(steps.rows(), window_rows(batch) + batch), stride);
  d_gates.cols = run.gates.cols;
  if (spec().result) run.d_result = buffers.matrix(id, kDeltaResult, batch, hidden_);
  const View<T> d_states = buffers.matrix(id, kDeltaStates, states * batch, hidden_);
  for (size_t s = 0; s < states; ++s) {
    run.d_states[s] = d_states.slice_rows(s * batch, batch);
    if (pass.d_state) copy_rows<T>(state_of(*pass.d_state, s), run.d_states[s]);
    else std::fill_n(run.d_states[s].data, batch * hidden_, T{});
  }
  Buffer<T>& sums = buffers.at(id, kSums);
  for (size_t end = steps.steps(); end > 0;) {
    const Window block = window_before(steps, end, kGradientRows);
    // Cut into windows of about one size, by what the block alone knows: it may be all that is left of a longer pass.
    const size_t widest = steps.batch_at(reverse_ ? steps.steps() - block.last : block.first);
    const size_t windows = (block.rows - 1) / window_rows(widest) + 1, rows = (block.rows - 1) / windows + 1;
    sums.resize_zero(run.gates.cols);
    projection_->begin_block(pass);
    for (; end > block.first; end = run.window.first) {
      const size_t first = window_before(steps, end, rows + widest - 1).first;
      run.window = window(steps, std::max(first, block.first), end);
      run.d_gates = d_gates.slice_rows(0, run.window.rows);
      const Partition shares = partition(pool, run);
      backward_window(run, shares, pool);
      ThreadPool& threads = threads_for(run.window.rows * (input_ + hidden_), kWorthSharing, shares, pool);
      window_gradients(pass, run, threads, entry.input, sums.data(), d_x, start);
    }
    projection_->end_block(pass);
    bias_gradients(pass, sums);
  }
  for (size_t s = 0; pass.d_state && s < states; ++s) copy_rows<T>(run.d_states[s], state_of(*pass.d_state, s));
  if (!entry.had_state)
    for (size_t s = 0; s < initial_.size(); ++s)
      add_column_sums<T>(pool, run.d_states[s], pass.parameters.gradient(initial_[s]).data);
}

// The error travels back through the window's steps: d_states enters each step as the gradient to the state after it,
// leaves as that before it. A phase's products come one turn after it, when every slice's gates are there.
template <class T>
void RecurrentLayer<T>::backward_window(const Run& run, const Partition& shares, ThreadPool& pool) const {
  const size_t phases = spec().phases, turns = (run.window.last - run.window.first) * phases;
  const auto step_of = [&](size_t turn) { return nth_step(run.steps, run.window.last - 1 - turn / phases); };
  const auto phase_of = [&](size_t turn) { return phases - 1 - turn % phases; };
  shares.run(pool, turns + 1, [&](size_t turn, const Share& share) {
    if (turn > 0) {
      const bool new_step = turn < turns && turn % phases == 0;
      Upcoming<T> upcoming = new_step ? tape_of(run, step_of(turn), share) : Upcoming<T>();
      backward_products(run, step_of(turn - 1), phase_of(turn - 1), share, upcoming);
    }
    if (turn < turns) backward_phase(run, step_of(turn), phase_of(turn), share);
  });
}

// What the pointwise math of step t reads, long gone from the caches, for the products before it to prefetch.
template <class T>
Upcoming<T> RecurrentLayer<T>::tape_of(const Run& run, size_t t, const Share& share) const {
  Upcoming<T> upcoming;
  const size_t begin = share.begin, end = std::min(share.end, run.steps.batch_at(t));
  // A part of the units would have gaps between its rows.
  if (begin >= end || share.last_slice - share.first_slice < slices_.count()) return upcoming;
  const size_t row = run.steps.offset(t) + begin, going = std::min(end, continuing(run.steps, t));
  upcoming.add(run.gates.slice_rows(row - run.gates_row, end - begin));
  upcoming.add(run.d_y.slice_rows(row, end - begin));
  for (size_t s = 0; s < spec().states.size() && begin < going; ++s)
    upcoming.add(run.state_rows(s, previous_step(t), begin, going - begin));
  return upcoming;
}

template <class T>
void RecurrentLayer<T>::fill_gradients(const Run& run, const Block& block, size_t slice, CellGradients<T>& cell) const {
  fill_rows(run, block, slice, cell);
  const size_t row = run.steps.offset(block.t) + block.begin;
  cell.d_gates = slices_.columns(run.d_gates.slice_rows(row - run.window.row, block.count), slice, 0, spec().columns);
  cell.d_y = run.d_y.slice_rows(row, block.count).slice_cols(slices_.first(slice), cell.units);
  for (size_t s = 0; s < spec().states.size(); ++s)
    cell.d_next[s] = cell.d_prev[s] = units(run.d_states[s].slice_rows(block.begin, block.count), slice);
  if (run.d_result) cell.d_result = units(run.d_result.slice_rows(block.begin, block.count), slice);
}

// Pointwise math of one phase of step t.
template <class T>
void RecurrentLayer<T>::backward_phase(const Run& run, size_t t, size_t phase, const Share& share) const {
  for_each_block(run.steps, t, share, [&](const Block& block) {
    for (size_t s = share.first_slice; s < share.last_slice; ++s) {
      CellGradients<T> cell;
      fill_gradients(run, block, s, cell);
      run.kernels.backward[phase](cell);
    }
  });
}

// What flows back through a phase's products, from the gates of all slices to the sources of the share's.
template <class T>
void RecurrentLayer<T>::backward_products(const Run& run, size_t t, size_t phase, const Share& share,
                                          Upcoming<T>& upcoming) const {
  for_each_block(run.steps, t, share, [&](const Block& block) {
    const View<T> d_gates = run.d_gates.slice_rows(run.steps.offset(t) + block.begin - run.window.row, block.count);
    for (const BackProduct& p : back_products_) {
      if (p.phase != phase) continue;
      const bool hidden = p.source == RecurrentProduct::kHidden;
      const View<T> d_source = (hidden ? run.d_states[0] : run.d_result).slice_rows(block.begin, block.count);
      for (size_t s = 0; s < slices_.count(); ++s)
        gemm<T>(slices_.columns(d_gates, s, p.first_column, p.gates.size()), p.packed[s], d_source,
                hidden || s > 0 ? GemmStart::kAccumulate : GemmStart::kZero, nullptr,
                {share.first_slice, share.last_slice, panels_after<T>(p.packed, s, share.first_slice)}, &upcoming);
    }
  });
}

// All that the gates' gradient of a window leads to, in pieces that do not wait for each other: a part of the columns
// for either weight, then a few rows of d_x at a time for whoever is free. The fewer parts, the less often a thread
// copies what it multiplies with; d_x evens out what W_hh then takes longer than W_ih.
template <class T>
void RecurrentLayer<T>::window_gradients(const BackwardPass<T>& pass, const Run& run, ThreadPool& pool, ConstView<T> x,
                                         T* sums, View<T> d_x, GemmStart start) const {
  const size_t row = run.window.row, rows = run.window.rows, width = run.d_gates.cols;
  const size_t threads = pool.size(), blocks = (width + kColumns - 1) / kColumns;
  const size_t parts = std::min(d_x && hidden_ <= 2 * input_ ? (threads + 1) / 2 : threads, blocks);
  const size_t pieces = !d_x ? 0 : threads == 1 ? 1 : std::clamp<size_t>(rows / kPieceRows, 1, 4 * threads);
  const GradientRows gradient_rows = rows_of_gradients();
  const auto piece = [&](size_t i) {
    if (i < 2 * parts) {
      const size_t part = i % parts, begin = part * blocks / parts * kColumns;
      const size_t end = std::min((part + 1) * blocks / parts * kColumns, width);
      if (i < parts) return weight_gradients(pass, run, gradient_rows, begin, end);
      projection_->weight_gradient(pass, x.slice_rows(row, rows), run.d_gates, begin, end);
      column_sums(run.d_gates.slice_cols(begin, end - begin), sums + begin);
    } else {
      const size_t n = i - 2 * parts, begin = n * rows / pieces, count = (n + 1) * rows / pieces - begin;
      projection_->input_gradient(run.d_gates.slice_rows(begin, count), d_x.slice_rows(row + begin, count), start);
    }
  };
  pool.each(2 * parts + pieces, piece);
  vector_gradients(pass, run);
}

template <class T>
template <class Visit>
void RecurrentLayer<T>::for_each_previous(const Run& run, size_t state, Visit&& visit) const {
  size_t first_row = 0;
  View<T> gathered;
  const auto add = [&](size_t row, View<T> rows) {
    if (rows.rows == 0) return;
    if (gathered.rows > 0 && row == first_row + gathered.rows &&
        rows.data == gathered.data + gathered.rows * gathered.stride) {
      gathered.rows += rows.rows;
      return;
    }
    if (gathered.rows > 0) visit(first_row, gathered);
    first_row = row;
    gathered = rows;
  };
  for (size_t n = run.window.first; n < run.window.last; ++n) {
    const size_t t = nth_step(run.steps, reverse_ ? run.window.last - 1 - (n - run.window.first) : n);
    const size_t going = continuing(run.steps, t), active = run.steps.batch_at(t);
    const size_t row = run.steps.offset(t) - run.window.row;
    if (going > 0) add(row, run.state_rows(state, previous_step(t), 0, going));
    if (!run.zero_start) add(row + going, run.initial[state].slice_rows(going, active - going));
  }
  if (gathered.rows > 0) visit(first_row, gathered);
}

template <class T>
typename RecurrentLayer<T>::GradientRows RecurrentLayer<T>::rows_of_gradients() const {
  std::vector<size_t> hidden_gates(spec().columns, Segment::kNowhere), result_gates = hidden_gates;
  for (const RecurrentProduct& p : spec().products)
    for (size_t g = 0; g < p.gates; ++g)
      (p.source == RecurrentProduct::kHidden ? hidden_gates : result_gates)[p.first_column + g] = p.first_gate + g;
  return {row_of_columns(slices_, hidden_gates), row_of_columns(slices_, result_gates)};
}

// Of columns [begin, end) of the gate buffer.
template <class T>
void RecurrentLayer<T>::weight_gradients(const BackwardPass<T>& pass, const Run& run, const GradientRows& rows,
                                         size_t begin, size_t end) const {
  thread_local Buffer<T> workspace;
  const auto add = [&](ConstView<T> d_gates, ConstView<T> source, const std::vector<Segment>& segments) {
    gemm_gradient<T>(d_gates, source, pass.parameters.gradient(weight_hh_), workspace, {segments, begin, end});
  };
  for_each_previous(run, 0, [&](size_t row, View<T> previous) {
    add(run.d_gates.slice_rows(row, previous.rows), previous, rows.hidden);
  });
  if (spec().result) add(run.d_gates, run.result.slice_rows(run.window.row, run.window.rows), rows.result);
}

template <class T>
void RecurrentLayer<T>::bias_gradients(const BackwardPass<T>& pass, const Buffer<T>& sums) const {
  const auto add = [&](size_t parameter, size_t gate, size_t column) {
    T* d_bias = pass.parameters.gradient(parameter).data + gate * hidden_;
    for (size_t s = 0; s < slices_.count(); ++s)
      for (size_t u = 0; u < slices_.units(s); ++u) d_bias[slices_.first(s) + u] += sums[slices_.column(s, column) + u];
  };
  for (size_t g = 0; g < spec().gates.size(); ++g) add(bias_ih_, g, spec().column_of(g));
  for (const RecurrentProduct& p : spec().products)
    for (size_t g = 0; g < p.gates; ++g) add(bias_hh_, p.first_gate + g, p.first_column + g);
}

template <class T>
void RecurrentLayer<T>::vector_gradients(const BackwardPass<T>& pass, const Run& run) const {
  for (size_t k = 0; k < vectors_.size(); ++k) {
    const CellVector& v = spec().vectors[k];
    T* d_vector = pass.parameters.gradient(vectors_[k]).data;
    const auto add = [&](size_t first_row, ConstView<T> state) {
      for (size_t s = 0; s < slices_.count(); ++s) {
        const View<T> d_gate = slices_.columns(run.d_gates, s, spec().column_of(v.gate), 1);
        for (size_t r = 0; r < state.rows; ++r)
          for (size_t u = 0, unit = slices_.first(s); u < d_gate.cols; ++u, ++unit)
            d_vector[unit] += d_gate(first_row + r, u) * state(r, unit);
      }
    };
    if (v.of_next) add(0, run.states[v.state].slice_rows(run.window.row, run.window.rows));
    else for_each_previous(run, v.state, add);
  }
}

template View<float> RecurrentLayer<float>::backward(const BackwardPass<float>&, const Steps&, View<float>, bool) const;
template View<double> RecurrentLayer<double>::backward(const BackwardPass<double>&, const Steps&, View<double>,
                                                       bool) const;
template void RecurrentLayer<float>::backward_into(const BackwardPass<float>&, const Steps&, ConstView<float>,
                                                   View<float>, GemmStart) const;
template void RecurrentLayer<double>::backward_into(const BackwardPass<double>&, const Steps&, ConstView<double>,
                                                    View<double>, GemmStart) const;

}  // namespace elman
