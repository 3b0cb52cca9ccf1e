#pragma once

#include <algorithm>
#include <memory>
#include <vector>

#include "base/random.h"
#include "base/threads.h"
#include "tensor/parameters.h"
#include "tensor/steps.h"
#include "tensor/tensor.h"

namespace elman {

// Buffers that layers reuse from call to call: each layer, known by its id, has a few numbered slots. After the largest
// call nothing is allocated any more.
template <class T>
class Workspace {
 public:
  static constexpr size_t kSlots = 11;

  View<T> matrix(size_t layer, size_t slot, size_t rows, size_t cols) { return at(layer, slot).matrix(rows, cols); }
  Buffer<T>& at(size_t layer, size_t slot) {
    if (layer >= layers_.size()) layers_.resize(layer + 1);
    return layers_[layer].slots[slot];
  }

 private:
  struct Slots {
    Buffer<T> slots[kSlots];
  };
  std::vector<Slots> layers_;
};

// Gradients of parameters are sums over rows, and a sum's bits depend on its order: blocks of steps from the last one
// back, each at most this many rows, and the rows of a block ascending. So a sequence that is taken in pieces, cut
// where blocks meet, gives the same gradients as the whole.
inline constexpr size_t kGradientRows = 2048;

// Calls visit(first row, rows) for each block of the sum.
template <class Visit>
void for_each_gradient_block(const Steps& steps, Visit&& visit) {
  for (size_t last = steps.steps(), first = 0; last > 0; last = first) {
    first = steps.run_before(last, kGradientRows);
    visit(steps.offset(first), steps.offset(last) - steps.offset(first));
  }
}

template <class T>
struct Checkpoints;

// What a forward pass keeps for its backward pass: saved columns in the workspace, and each layer's input by reference.
template <class T>
struct Tape {
  struct Entry {
    ConstView<T> input = {}, output = {};
    bool had_state = false;  // Pass::has_state()
    bool dropped = false;    // whether dropout ran, and its source and first row then: the masks are drawn again
    Random dropout{0, 0};
    size_t first_row = 0;
    std::shared_ptr<Checkpoints<T>> checkpoints = {};  // of layers that ran piece by piece
    std::shared_ptr<std::vector<Tape>> steps = {};     // of calls that follow one another
  };
  // With checkpoints only the states between pieces of about so many steps are kept, and the way back runs each piece
  // anew: sqrt(steps) makes memory grow as that root, for one more forward pass. The same bits. 0: all is kept.
  size_t checkpoint_every = 0;
  Workspace<T> saved;
  std::vector<Entry> entries;

  Entry& entry(size_t layer) {
    if (layer >= entries.size()) entries.resize(layer + 1);
    return entries[layer];
  }
};

// What a stream carries from one step to the next, a buffer [batch][states][hidden_size] for each recurrent layer: all
// that belongs to a sequence lies together. A value: copy it to fork a stream, save it to resume one.
template <class T>
struct State {
  size_t batch = 0;
  std::vector<Buffer<T>> layers;  // by layer id; empty for layers without state

  State() = default;
  State(State&&) noexcept = default;
  State& operator=(State&&) noexcept = default;
  State copy() const {
    State other;
    other.take(*this, batch);
    return other;
  }
  // Becomes the first `count` sequences of `from`, which is another state.
  void take(const State& from, size_t count) {
    batch = count;
    layers.resize(from.layers.size());
    for (size_t i = 0; i < layers.size(); ++i) {
      layers[i].resize(from.layers[i].size() / from.batch * count);
      std::copy_n(from.layers[i].data(), layers[i].size(), layers[i].data());
    }
  }
  // Overwrites the first sequences by those of `from`, a state of no more sequences.
  void put(const State& from) {
    for (size_t i = 0; i < from.layers.size(); ++i)
      std::copy_n(from.layers[i].data(), from.layers[i].size(), layers[i].data());
  }
};

// Temporary memory and threads for one caller. Two callers of one model each bring their own.
template <class T>
struct Scratch {
  explicit Scratch(ThreadPool& threads) : pool(threads) {}
  ThreadPool& pool;
  Workspace<T> buffers;
};

// One forward pass. Null tape: inference. Null state: from the initial state, final state not kept. Null dropout: none.
template <class T>
struct Pass {
  const Parameters<T>& parameters;
  Scratch<T>& scratch;
  State<T>* state = nullptr;
  Tape<T>* tape = nullptr;
  const Random* dropout = nullptr;
  size_t first_row = 0;  // of x in the sequence that it is a piece of: where dropout's masks begin
  bool starts = false;   // `state` is the initial one, and learns as such

  bool has_state() const { return state && !starts; }
  // Where layer `id` puts what must outlive its call: the tape, or scratch when nothing is kept.
  Workspace<T>& kept() const { return tape ? tape->saved : scratch.buffers; }
};

// The backward pass of a taped forward pass. Gradients are added to parameters.gradients().
template <class T>
struct BackwardPass {
  Parameters<T>& parameters;
  Scratch<T>& scratch;
  Tape<T>& tape;
  State<T>* d_state = nullptr;  // in: gradient to the final state; out: to the initial one. Null: zero, not returned
};

// A differentiable map of sequences. Const while it runs: parameters, state, tape and scratch belong to the caller, so
// any number of threads may use one layer. Instantiated for float (ships) and double (gradient checks).
template <class T>
class Layer {
 public:
  explicit Layer(size_t id) : id_(id) {}
  virtual ~Layer() = default;
  size_t id() const noexcept { return id_; }

  virtual size_t output_size() const = 0;
  // Layout of the output rows; many-to-one layers change it.
  virtual Steps output_steps(const Steps& steps) const { return steps; }

  // Copies weights into the layout the kernels want. Must follow every change of the parameters; `training` also
  // prepares what backward needs.
  virtual void pack(const Parameters<T>&, ThreadPool&, bool /*training*/) {}
  // Rounds the packed matrices to BFloat16 and lets go of the parameters they were packed from: for inference in half
  // the memory. There is no way back.
  virtual void narrow(Parameters<T>&) {}
  // Prepares step(), which streams call, after pack(); from then on pack() keeps it up to date.
  virtual void pack_step(const Parameters<T>&) {}
  // Appends buffers so that state.layers[id] is this layer's initial state for `batch` sequences.
  virtual void initial_state(const Parameters<T>&, size_t /*batch*/, State<T>&) const {}
  // Numbers in a state, for each sequence.
  virtual size_t state_size() const { return 0; }
  // Numbers that a taped forward pass keeps until its backward pass; see Tape::checkpoint_every.
  virtual size_t tape_size(const Steps& steps, size_t /*checkpoint_every*/) const {
    return output_steps(steps).rows() * output_size();
  }
  // True when outputs at step t need inputs after t, so that the layer cannot stream.
  virtual bool needs_future() const { return false; }

  // x [steps.rows(), input_size] → y [output_steps.rows(), output_size]. REQUIRES: x outlives the tape.
  virtual View<T> forward(const Pass<T>& pass, const Steps& steps, ConstView<T> x) const = 0;
  // d_y, which may be overwritten, → d_x (no data when !need_d_x). `steps` is the forward call's.
  virtual View<T> backward(const BackwardPass<T>& pass, const Steps& steps, View<T> d_y, bool need_d_x) const = 0;

  // One step of one sequence, bit for bit what forward gives: x [width] → y [output_size], which is not x.
  // After the first call nothing is allocated. Plain pointers, and few instructions: a small layer's step is one long
  // chain of additions and products, and the processor begins the next one only as far as it can look ahead; a view
  // written in pieces and copied as a whole would even make it wait for the step before to retire. REQUIRES: a state,
  // no tape, !needs_future().
  // The general one is a call of its own, for a caller that holds its code saves more registers at every step.
  [[gnu::noinline]] virtual void step(const Pass<T>& pass, const T* x, size_t width, T* y) const {
    std::copy_n(forward(pass, Steps(1, 1), {x, 1, width}).data, output_size(), y);
  }

 private:
  size_t id_;
};

template <class T>
using LayerPtr = std::unique_ptr<Layer<T>>;

}  // namespace elman
