#include "model/network.h"

#include "base/error.h"
#include "model/builder.h"

namespace elman {

template <class T>
Network<T>::Network(NetworkConfig config, const Inspect& inspect) : config_(std::move(config)) {
  root_ = build_layers(config_, parameters_);
  if (parameters_.size() > kMaxParameters)
    fail(ErrorCode::kLimit, "the network has {} parameters, expected at most {}; choose a smaller hidden_size",
         parameters_.size(), kMaxParameters);
  if (inspect) inspect(parameters_);
  parameters_.allocate();
}

template <class T>
void Network<T>::check_call(const Steps& steps, ConstView<T> x, const State<T>* state) const {
  if (steps.rows() == 0) fail(ErrorCode::kUsage, "the network got no rows, expected at least one step of one sequence");
  if (x.rows != steps.rows() || x.cols != input_size())
    fail(ErrorCode::kUsage, "the network got {} rows of {} features, expected {} rows of {}", x.rows, x.cols,
         steps.rows(), input_size());
  if (state && state->batch != steps.batch())
    fail(ErrorCode::kUsage, "the state is of {} sequences, the input of {}", state->batch, steps.batch());
}

template <class T>
size_t Network<T>::parameter_count() const {
  size_t count = 0;
  for (const Parameter& p : parameters_.list()) count += p.size();
  return count;
}

template <class T>
State<T> Network<T>::initial_state(size_t batch) const {
  State<T> state;
  state.batch = batch;
  root_->initial_state(parameters_, batch, state);
  return state;
}

template <class T>
size_t Network<T>::checkpoints(const Steps& steps, const TapeMemory& memory) const {
  if (memory.limit == 0) return memory.checkpoint_every;
  const auto bytes = [&](size_t every) { return tape_size(steps, every) * sizeof(T); };
  size_t every = memory.checkpoint_every, least = bytes(every);
  for (size_t shorter = steps.steps() / 2; least > memory.limit && memory.checkpoint_every == 0 && shorter > 0;
       shorter /= 2)
    if (bytes(shorter) < least) least = bytes(every = shorter);
  if (least > memory.limit)
    fail(ErrorCode::kLimit,
         "{} sequences of up to {} steps need {} MiB for the way back through time, the limit is {} MiB; choose a "
         "smaller --batch-size or a larger --memory-limit",
         steps.batch(), steps.steps(), (least >> 20) + 1, memory.limit >> 20);
  return every;
}

template class Network<float>;
template class Network<double>;

}  // namespace elman
