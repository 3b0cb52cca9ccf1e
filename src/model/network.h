#pragma once

#include <functional>

#include "elman/network.h"
#include "layers/layer.h"

namespace elman {

// How much of a pass through time training may keep for the way back. However much it is, the bits are the same.
struct TapeMemory {
  size_t checkpoint_every = 0;  // steps: Tape's
  size_t limit = 0;             // bytes; checkpoints are set where all would need more. 0: none
};

// A network built from its description: the layers, and all their parameters in one slab.
template <class T>
class Network {
 public:
  // Called with the parameters declared, before memory is taken for them; may throw.
  using Inspect = std::function<void(const Parameters<T>&)>;
  // Throws ErrorCode::kUsage on sizes that do not fit, ErrorCode::kLimit on parameters beyond `kMaxParameters`.
  explicit Network(NetworkConfig config, const Inspect& inspect = {});
  Network(const Network&) = delete;
  Network& operator=(const Network&) = delete;

  static constexpr size_t kMaxParameters = size_t{1} << 31;

  const NetworkConfig& config() const noexcept { return config_; }
  size_t input_size() const noexcept { return config_.input_size; }
  size_t output_size() const { return root_->output_size(); }
  Steps output_steps(const Steps& steps) const { return root_->output_steps(steps); }
  Parameters<T>& parameters() noexcept { return parameters_; }
  const Parameters<T>& parameters() const noexcept { return parameters_; }
  size_t parameter_count() const;
  bool can_stream() const { return !root_->needs_future(); }

  void initialize(uint64_t seed) { parameters_.initialize(seed); }
  // Must follow every change of the parameters; `training` also prepares the backward pass.
  void pack(ThreadPool& pool, bool training) { root_->pack(parameters_, pool, training); }
  void pack(bool training) { pack(no_threads(), training); }
  // After pack(): rounds weights to BFloat16 and forgets the full ones, for inference in less than half the memory.
  void narrow() {
    root_->narrow(parameters_);
    parameters_.compact();
    narrow_ = true;
  }
  bool is_narrow() const noexcept { return narrow_; }
  void pack_step() { root_->pack_step(parameters_); }  // the same for step()
  State<T> initial_state(size_t batch) const;
  // Numbers that a tape keeps of a pass; see Tape::checkpoint_every.
  size_t tape_size(const Steps& steps, size_t checkpoint_every) const {
    return root_->tape_size(steps, checkpoint_every);
  }
  // For Tape::checkpoint_every, as long as the limit allows. Throws ErrorCode::kLimit when none is small enough.
  size_t checkpoints(const Steps& steps, const TapeMemory& memory) const;

  // x [steps.rows(), input_size] → y [output_steps(steps).rows(), output_size], valid until the next call with this
  // scratch or tape. Null tape: inference; null state: from the initial state; null dropout: none. Throws
  // ErrorCode::kUsage if x or state are not of these sizes.
  View<T> forward(Scratch<T>& scratch, const Steps& steps, ConstView<T> x, State<T>* state = nullptr,
                  Tape<T>* tape = nullptr, const Random* dropout = nullptr) const {
    check_call(steps, x, state);
    return root_->forward({parameters_, scratch, state, tape, dropout}, steps, x);
  }
  // One step of one sequence: x [input_size] → y [output_size], as forward gives them. Allocates nothing after the
  // first call with this scratch. REQUIRES: can_stream(), a state of one sequence, x and y apart.
  void step(Scratch<T>& scratch, State<T>& state, const T* x, T* y) const {
    root_->step({parameters_, scratch, &state}, x, input_size(), y);
  }
  // Adds to parameters().gradients(). Returns d_x when asked for.
  View<T> backward(Scratch<T>& scratch, const Steps& steps, Tape<T>& tape, View<T> d_y, bool need_d_x = false,
                   State<T>* d_state = nullptr) {
    return root_->backward({parameters_, scratch, tape, d_state}, steps, d_y, need_d_x);
  }

 private:
  void check_call(const Steps& steps, ConstView<T> x, const State<T>* state) const;

  NetworkConfig config_;
  Parameters<T> parameters_;
  LayerPtr<T> root_;
  bool narrow_ = false;
};

}  // namespace elman
