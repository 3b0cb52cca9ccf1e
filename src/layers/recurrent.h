#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cells/cell.h"
#include "kernels/gemm.h"
#include "layers/input_projection.h"
#include "layers/layer.h"
#include "layers/partition.h"
#include "layers/slices.h"
#include "layers/symbol_projection.h"

namespace elman {

struct RecurrentOptions {
  const Cell* cell = nullptr;
  size_t input_size = 0, hidden_size = 0;
  bool reverse = false;                 // runs from each sequence's last step to its first
  bool learned_state = false;           // the initial state is a parameter instead of zeros
  std::optional<Symbols> symbols = {};  // x [rows, 1] holds symbols, whose vectors [input_size] the layer looks up
  // Parameters are called prefix + "weight_ih" + suffix and so on: "rnn." and "_l0_reverse", say.
  std::string prefix = {}, suffix = {};
};

// One recurrent layer in one direction: a hoisted input projection, a recurrent projection and a cell.
//
//   gates[t] = x[t] W_ih^T + b_ih                      the rows of many steps at once (layers/input_projection.h)
//   for each step t:
//     gates[t] += h[t-1] W_hh^T + b_hh
//     h[t], … = cell(gates[t], h[t-1], …)              y[t] = h[t]
//
// Parameters, with G gates: weight_ih [G*hidden, input], weight_hh [G*hidden, hidden], bias_ih and bias_hh
// [G*hidden], the cell's vectors [hidden] each, and initial_<state> [hidden] when learned_state.
//
// Rows of the gate buffer and of its gradient are ordered by slices (layers/slices.h).
template <class T>
class RecurrentLayer : public Layer<T> {
 public:
  RecurrentLayer(size_t id, const RecurrentOptions& options, Parameters<T>& parameters);

  size_t output_size() const override { return hidden_; }
  void pack(const Parameters<T>& parameters, ThreadPool& pool, bool training) override;
  void narrow(Parameters<T>& parameters) override;
  void initial_state(const Parameters<T>& parameters, size_t batch, State<T>& state) const override;
  bool needs_future() const override { return reverse_; }
  size_t state_size() const override { return spec().states.size() * hidden_; }
  size_t tape_size(const Steps& steps, size_t checkpoint_every) const override;

  View<T> forward(const Pass<T>& pass, const Steps& steps, ConstView<T> x) const override;
  View<T> backward(const BackwardPass<T>& pass, const Steps& steps, View<T> d_y, bool need_d_x) const override;

  void pack_step(const Parameters<T>& parameters) override;
  void step(const Pass<T>& pass, const T* x, size_t width, T* y) const override;

  // State s of all sequences, h being the first, in this layer's part of `state`.
  View<T> state_of(State<T>& state, size_t s) const {
    return {state.layers[this->id()].data() + s * hidden_, state.batch, hidden_, state_size()};
  }
  // Symbols have none.
  bool has_input_gradient() const { return symbols_ == 0; }
  // The same, into memory of the caller: y [rows, hidden] may be a slice of a wider matrix. d_x starts at zero or, to
  // sum two directions, at what it holds; without data it is not computed.
  void forward_into(const Pass<T>& pass, const Steps& steps, ConstView<T> x, View<T> y) const;
  void backward_into(const BackwardPass<T>& pass, const Steps& steps, ConstView<T> d_y, View<T> d_x,
                     GemmStart start) const;

 private:
  enum Slot {
    kGates,
    kResult,
    kOutput,
    kStates,
    kInitial,
    kDeltaGates,
    kDeltaStates,
    kDeltaInput,
    kDeltaResult,
    kSums,
    kBackwards,
    kSlots
  };
  static_assert(kSlots <= Workspace<T>::kSlots);

  // Steps [first, last) in running order, whose rows are neighbours in memory.
  struct Window {
    size_t first, last, row, rows;
  };

  // The buffers of one call. Gates and their gradient hold one window at a time, unless the tape keeps the gates.
  struct alignas(128) Run {  // apart from what one thread writes: lines travel in pairs
    const Steps& steps;
    CellKernels<T> kernels;
    Window window;
    View<T> gates;                // [rows, columns * hidden] from row gates_row on
    View<T> result;               // [rows, hidden], as gates
    size_t gates_row;             // the sequence's row at gates row 0
    View<T> initial[kMaxStates];  // [batch, hidden]
    View<T> states[kMaxStates];   // [rows, hidden]; in inference all but h are one rolling [batch, hidden]
    bool rolling, zero_start;     // the initial state is zero
    ConstView<T> d_y;
    View<T> d_gates;               // [rows of the window, columns * hidden]
    View<T> d_states[kMaxStates];  // [batch, hidden]
    View<T> d_result;              // [batch, hidden]

    View<T> state_rows(size_t state, size_t t, size_t begin, size_t count) const {
      const size_t first = rolling && state > 0 ? begin : steps.offset(t) + begin;
      return states[state].slice_rows(first, count);
    }
  };

  static constexpr size_t kRowBlock = 48;  // rows whose gates stay in the first cache levels from product to cell

  // A run of rows of step t that all have, or all lack, a step before.
  struct Block {
    size_t t, begin, count;  // sequences [begin, begin + count)
    bool continues;
  };

  // A product of the cell with its weights as the kernels want them: a segment a slice of its gates.
  struct Product {
    const RecurrentProduct* spec;
    PackedMatrix<T> packed;
  };
  // The way back from neighbouring columns of the gate buffer to their common source: a matrix a slice of the gates, a
  // segment a slice of the source.
  struct BackProduct {
    size_t phase, first_column;
    RecurrentProduct::Source source;
    std::vector<size_t> gates;  // of the columns
    std::vector<PackedMatrix<T>> packed;
  };

  void pack_bias(const Parameters<T>& parameters);
  void pack_step_constants();
  void pack_step_weights(const Parameters<T>& parameters);
  size_t step_inputs() const { return symbols_ > 0 ? 0 : input_; }
  void step(const Pass<T>& pass, const CellStep<T>& start, const T* x, T* y) const;

  // Time runs forward or in reverse; these say what that means.
  size_t nth_step(const Steps& steps, size_t n) const { return reverse_ ? steps.steps() - 1 - n : n; }
  size_t previous_step(size_t t) const { return reverse_ ? t + 1 : t - 1; }
  size_t continuing(const Steps& steps, size_t t) const;  // sequences [0, …) of step t that have a previous step

  Run make_run(const Steps& steps, Workspace<T>& kept, bool rolling, View<T> y) const;
  void load_initial(const Pass<T>& pass, Run& run) const;
  void store_final(State<T>& state, const Run& run) const;
  size_t window_rows(size_t batch) const;  // the most that a window should have, for steps of so many sequences
  Window window(const Steps& steps, size_t first, size_t last) const;
  // The longest of at most `max_rows` rows, or one step.
  Window window_after(const Steps& steps, size_t first, size_t max_rows) const;
  Window window_before(const Steps& steps, size_t last, size_t max_rows) const;
  Partition partition(ThreadPool& pool, const Run& run) const;  // of the window's steps
  // Who computes what comes before or after the steps: `work` multiply-adds for each column of the gate buffer, of
  // which `least` in all are worth another thread if one takes all steps.
  ThreadPool& threads_for(size_t work, size_t least, const Partition& shares, ThreadPool& pool) const;

  ConstView<T> previous(const Run& run, size_t state, const Block& block) const;
  ConstView<T> source(const Run& run, RecurrentProduct::Source source, const Block& block) const;
  void fill_rows(const Run& run, const Block& block, size_t slice, CellRows<T>& cell) const;
  void fill_gradients(const Run& run, const Block& block, size_t slice, CellGradients<T>& cell) const;
  void forward_phase(const Run& run, size_t t, size_t phase, const Share& share) const;
  void backward_phase(const Run& run, size_t t, size_t phase, const Share& share) const;
  void backward_products(const Run& run, size_t t, size_t phase, const Share& share, Upcoming<T>& upcoming) const;
  Upcoming<T> tape_of(const Run& run, size_t t, const Share& share) const;
  void backward_window(const Run& run, const Partition& shares, ThreadPool& pool) const;

  // Which row of weight_hh each column of the gate buffer belongs to, by what the product reads.
  struct GradientRows {
    std::vector<Segment> hidden, result;
  };
  GradientRows rows_of_gradients() const;
  void window_gradients(const BackwardPass<T>& pass, const Run& run, ThreadPool& pool, ConstView<T> x, T* sums,
                        View<T> d_x, GemmStart start) const;
  void weight_gradients(const BackwardPass<T>& pass, const Run& run, const GradientRows& rows, size_t begin,
                        size_t end) const;
  void vector_gradients(const BackwardPass<T>& pass, const Run& run) const;
  void bias_gradients(const BackwardPass<T>& pass, const Buffer<T>& sums) const;
  // Calls visit(block) for the rows of step t within the share, a few at a time.
  template <class Visit>
  void for_each_block(const Steps& steps, size_t t, const Share& share, Visit&& visit) const;
  // Calls visit(row of the window, previous) for runs of rows whose states before the step lie evenly in memory.
  template <class Visit>
  void for_each_previous(const Run& run, size_t state, Visit&& visit) const;

  const CellSpec& spec() const { return cell_.spec; }
  View<T> units(View<T> rows, size_t slice) const {
    return rows.slice_cols(slices_.first(slice), slices_.units(slice));
  }

  const Cell& cell_;
  size_t input_, hidden_, symbols_;
  bool reverse_;
  Slices slices_;
  size_t weight_ih_, weight_hh_, bias_ih_, bias_hh_;  // indices of parameters
  std::vector<size_t> vectors_, initial_;
  std::unique_ptr<InputProjection<T>> projection_;
  std::vector<Product> products_;
  std::vector<BackProduct> back_products_;
  Buffer<T> bias_;                           // [columns * hidden]: all that is constant in each column
  Buffer<T> vector_values_;                  // [vectors * hidden]
  Buffer<T> step_constants_, step_weights_;  // as CellStep wants them; constants of each start of the projection
  Buffer<BFloat16> step_narrow_;
  size_t step_columns_ = 0;          // constants of one start
  bool step_in_near_cache_ = false;  // all weights of a step
  CellKernels<T> step_kernels_;
  CellStep<T> step_;  // all that step() reads of the layer, in one place
};

template <class T>
template <class Visit>
void RecurrentLayer<T>::for_each_block(const Steps& steps, size_t t, const Share& share, Visit&& visit) const {
  const size_t going = continuing(steps, t), end = std::min(share.end, steps.batch_at(t));
  for (size_t b = share.begin; b < end;) {
    const bool continues = b < going;
    const size_t left = (continues ? std::min(going, end) : end) - b;
    const size_t blocks = (left + kRowBlock - 1) / kRowBlock, count = (left + blocks - 1) / blocks;
    visit(Block{t, b, count, continues});
    b += count;
  }
}

}  // namespace elman
