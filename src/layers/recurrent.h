#pragma once

#include <string>
#include <vector>

#include "cells/cell.h"
#include "kernels/gemm.h"
#include "layers/layer.h"

namespace elman {

struct RecurrentOptions {
  const Cell* cell = nullptr;
  size_t input_size = 0, hidden_size = 0;
  bool reverse = false;        // runs from each sequence's last step to its first
  bool learned_state = false;  // the initial state is a parameter instead of zeros
  std::string prefix = {},
              suffix = {};  // parameter names are prefix + "weight_ih" + suffix, e.g. "rnn." and "_l0_reverse"
};

// One recurrent layer in one direction: a hoisted input projection, a recurrent projection and a cell.
//
//   gates[t] = x[t] W_ih^T + b_ih                      one product over all rows
//   for each step t:
//     gates[t] += h[t-1] W_hh^T + b_hh
//     h[t], … = cell(gates[t], h[t-1], …)              y[t] = h[t]
//
// Parameters, with G gates: weight_ih [G*hidden, input], weight_hh [G*hidden, hidden], bias_ih and bias_hh
// [G*hidden], the cell's vectors [hidden] each, and initial_<state> [hidden] when learned_state.
template <class T>
class RecurrentLayer : public Layer<T> {
 public:
  RecurrentLayer(size_t id, const RecurrentOptions& options, Parameters<T>& parameters);

  size_t output_size() const override { return hidden_; }
  void pack(const Parameters<T>& parameters, bool training) override;
  void initial_state(const Parameters<T>& parameters, size_t batch, State<T>& state) const override;
  bool needs_future() const override { return reverse_; }

  View<T> forward(const Pass<T>& pass, const Steps& steps, ConstView<T> x) const override;
  View<T> backward(const BackwardPass<T>& pass, const Steps& steps, View<T> d_y, bool need_d_x) const override;

  // The same, into memory of the caller: y [rows, hidden] may be a slice of a wider matrix. d_x starts at zero or, to
  // sum two directions, at what it holds; without data it is not computed.
  void forward_into(const Pass<T>& pass, const Steps& steps, ConstView<T> x, View<T> y) const;
  void backward_into(const BackwardPass<T>& pass, const Steps& steps, ConstView<T> d_y, View<T> d_x,
                     GemmStart start) const;

 private:
  enum Slot { kGates, kOutput, kStates, kInitial, kDeltaStates, kDeltaInput, kDeltaSource, kSums };

  // The buffers of one call. A window is the steps whose gates are in memory: all of them when a tape is kept.
  struct Run {
    const Steps& steps;
    CellKernels<T> kernels;
    View<T> gates;                // [rows of the window, columns * hidden]
    size_t window_row;            // the sequence's row at gates row 0
    View<T> initial[kMaxStates];  // [batch, hidden]
    View<T> states[kMaxStates];   // [rows, hidden]; in inference all but h are one rolling [batch, hidden]
    bool rolling;
    View<T> d_states[kMaxStates];  // [batch, hidden]
    View<T> d_source;              // [batch, hidden]
    ConstView<T> d_y;

    View<T> gate_rows(size_t row, size_t count) const { return gates.slice_rows(row - window_row, count); }
    View<T> state_rows(size_t state, size_t t, size_t begin, size_t count) const {
      const size_t first = rolling && state > 0 ? begin : steps.offset(t) + begin;
      return states[state].slice_rows(first, count);
    }
  };

  // Time runs forward or in reverse; these three say what that means.
  size_t nth_step(const Steps& steps, size_t n) const { return reverse_ ? steps.steps() - 1 - n : n; }
  size_t previous_step(size_t t) const { return reverse_ ? t + 1 : t - 1; }
  size_t continuing(const Steps& steps, size_t t) const;  // sequences [0, …) of step t that have a previous step

  Run make_run(const Steps& steps, Workspace<T>& kept, bool rolling, View<T> y) const;
  void load_initial(const Pass<T>& pass, const Run& run) const;
  void store_final(State<T>& state, const Run& run) const;
  void forward_steps(const Run& run, size_t first, size_t last, size_t begin, size_t end) const;
  void backward_steps(const Run& run, size_t begin, size_t end) const;
  void forward_block(const CellRows<T>& block, const CellKernels<T>& kernels) const;
  void backward_block(CellRows<T>& block, const CellKernels<T>& kernels, View<T> d_source) const;
  void weight_gradients(const BackwardPass<T>& pass, const Run& run, ConstView<T> x) const;
  void bias_gradients(const BackwardPass<T>& pass, const Run& run) const;
  void vector_gradients(const BackwardPass<T>& pass, const Run& run) const;
  // Calls visit(block, t) for the blocks of rows of step t within batch [begin, end): each block has its gates and
  // states set.
  template <class Visit>
  void for_each_block(const Run& run, size_t t, size_t begin, size_t end, Visit&& visit) const;
  // Calls visit(first_row, previous) for runs of rows whose states before the step lie evenly in memory.
  template <class Visit>
  void for_each_previous(const Run& run, size_t state, Visit&& visit) const;

  const CellSpec& spec() const { return cell_.spec; }
  View<T> columns(View<T> gates, size_t first, size_t count) const {
    return gates.slice_cols(first * hidden_, count * hidden_);
  }

  const Cell& cell_;
  size_t input_, hidden_;
  bool reverse_;
  size_t weight_ih_, weight_hh_, bias_ih_, bias_hh_;  // indices of parameters
  std::vector<size_t> vectors_, initial_;
  PackedMatrix<T> packed_ih_, packed_ih_back_;
  std::vector<PackedMatrix<T>> packed_hh_, packed_hh_back_;  // one a product of the cell
  Buffer<T> bias_;                                           // [columns * hidden]: all that is constant in each column
  Buffer<T> vector_values_;                                  // [vectors * hidden]
};

}  // namespace elman
