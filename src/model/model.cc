#include "elman/model.h"

#include <algorithm>
#include <mutex>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/error.h"
#include "loss/loss.h"
#include "model/config.h"
#include "model/model_file.h"

namespace elman {
namespace {

constexpr uint64_t kDropoutStream = 0x6d6f64656c;  // "model"

ThreadPool& shared_pool() {
  static ThreadPool pool;
  return pool;
}

Steps steps_of(const Sequences& x, size_t features) {
  if (!std::is_sorted(x.lengths.rbegin(), x.lengths.rend()) || (!x.lengths.empty() && x.lengths.back() == 0))
    fail(ErrorCode::kUsage, "sequences: lengths must be at least 1 and come longest first");
  const size_t longest = x.lengths.empty() ? x.steps : x.lengths.front();
  const size_t batch = x.lengths.empty() ? x.batch : x.lengths.size();
  const size_t found = x.values.size();
  if (longest > found || batch > found)  // before their product is taken, which could overflow
    fail(ErrorCode::kUsage, "sequences: {} values found, expected {} sequences of up to {} steps", found, batch,
         longest);
  Steps steps = x.lengths.empty() ? Steps(longest, batch) : Steps::packed(x.lengths);
  if (found != steps.rows() * features)
    fail(ErrorCode::kUsage, "sequences: {} values found, expected {} rows of {} features", found, steps.rows(),
         features);
  return steps;
}

void check_full(const Network<float>& network, const char* what) {
  if (network.is_narrow())
    fail(ErrorCode::kUsage, "a narrowed model cannot be {}: its full weights are gone; load it again", what);
}

void check_causal(const Network<float>& network, const char* what) {
  if (!network.can_stream())
    fail(ErrorCode::kUsage,
         "this network needs the future of each step (bidirectional or flatten layers) and cannot {}", what);
}

}  // namespace

struct Model::Impl {
  std::shared_ptr<Network<float>> network;
  uint64_t seed = 1, calls = 0;
  std::mutex step;  // guards the first packing for streams
  bool step_packed = false;
  Scratch<float> scratch{shared_pool()};  // of backward(), which only one thread may call
  Tape<float> tape;
  Buffer<float> d_y;

  Impl(const NetworkConfig& config, uint64_t s) : network(std::make_shared<Network<float>>(config)), seed(s) {}
  explicit Impl(std::unique_ptr<Network<float>> loaded) : network(std::move(loaded)) {}
};

// ---- State ----

struct Model::State::Impl {
  std::shared_ptr<const Network<float>> network;  // whose description it is of
  elman::State<float> values;

  Impl copy() const { return {network, values.copy()}; }
};

Model::State::State(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Model::State::State(const State& other) : impl_(std::make_unique<Impl>(other.impl_->copy())) {}
Model::State& Model::State::operator=(const State& other) { return *this = State(other); }
Model::State::State(State&&) noexcept = default;
Model::State& Model::State::operator=(State&&) noexcept = default;
Model::State::~State() = default;

size_t Model::State::batch() const { return impl_->values.batch; }

std::span<float> Model::State::layer(size_t index) {
  for (Buffer<float>& layer : impl_->values.layers)
    if (!layer.empty() && index-- == 0) return {layer.data(), layer.size()};
  return {};
}

Model::State Model::initial_state(size_t batch) const {
  check_causal(*impl_->network, "carry a state");
  return State(std::make_unique<State::Impl>(State::Impl{impl_->network, impl_->network->initial_state(batch)}));
}

// A caller's state, if any, as a call works on it: a copy, so that a call that fails changes nothing.
class Model::Carried {
 public:
  Carried(const Network<float>& network, State* state) : state_(state) {
    if (!state) return;
    const Network<float>& other = *state->impl_->network;
    if (&other != &network && to_json(other.config()) != to_json(network.config()))
      fail(ErrorCode::kUsage, "the state is of another network, expected one of this model's initial_state()");
    values_ = state->impl_->values.copy();
  }
  elman::State<float>* get() { return state_ ? &values_ : nullptr; }
  void keep() {
    if (state_) state_->impl_->values = std::move(values_);
  }

 private:
  State* state_;
  elman::State<float> values_;
};

// ---- Model ----

Model::Model(const NetworkConfig& config, uint64_t seed) : impl_(std::make_unique<Impl>(config, seed)) {
  impl_->network->initialize(seed);
  update();
}
Model::Model(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) { update(); }
Model::Model(Model&&) noexcept = default;
Model& Model::operator=(Model&&) noexcept = default;
Model::~Model() = default;

Model Model::load(const std::string& path) { return Model(std::make_unique<Impl>(load_model(path).network)); }

void Model::save(const std::string& path) const {
  check_full(*impl_->network, "saved");
  save_model(path, *impl_->network, "network", nullptr, {{"seed", impl_->seed}});
}

Model Model::copy() const {
  check_full(*impl_->network, "copied");
  Model other(impl_->network->config(), impl_->seed);
  other.impl_->network->parameters().values() = impl_->network->parameters().values().copy();
  other.update();
  return other;
}

size_t Model::input_size() const { return impl_->network->input_size(); }
size_t Model::output_size() const { return impl_->network->output_size(); }
size_t Model::parameter_count() const { return impl_->network->parameter_count(); }

std::vector<float> Model::forward(const Sequences& x, State* state) const {
  const Steps steps = steps_of(x, input_size());
  Scratch<float> scratch(shared_pool());
  Carried carried(*impl_->network, state);
  const View<float> y =
      impl_->network->forward(scratch, steps, {x.values.data(), steps.rows(), input_size()}, carried.get());
  carried.keep();
  return {y.data, y.data + y.rows * y.cols};
}

double Model::backward(const Sequences& x, const Target& target, State* state) {
  Network<float>& network = *impl_->network;
  check_full(network, "trained");
  const Steps steps = steps_of(x, input_size());
  Carried carried(network, state);
  const Random dropout(impl_->seed ^ (impl_->calls++ << 20), kDropoutStream);
  const View<float> y = network.forward(impl_->scratch, steps, {x.values.data(), steps.rows(), input_size()},
                                        carried.get(), &impl_->tape, &dropout);
  if (target.values.size() != y.rows * target.targets)
    fail(ErrorCode::kUsage, "target: {} values found, expected {} rows of {}", target.values.size(), y.rows,
         target.targets);
  LossConfig config{.name = target.loss, .delta = target.delta, .classes = output_size()};
  if (!target.quantiles.empty()) config.quantiles = target.quantiles;
  const View<float> d_y = impl_->d_y.matrix(y.rows, y.cols);
  const LossValue loss = make_loss<float>(config)->evaluate(y, {target.values.data(), y.rows, target.targets}, nullptr,
                                                            d_y, impl_->scratch.pool);
  network.parameters().gradients().fill(0.0f);
  network.backward(impl_->scratch, steps, impl_->tape, d_y);
  carried.keep();
  return loss.mean();
}

std::span<float> Model::parameters() {
  if (impl_->network->is_narrow()) return {};
  Buffer<float>& values = impl_->network->parameters().values();
  return {values.data(), values.size()};
}
std::span<const float> Model::gradients() const {
  const Buffer<float>& gradients = std::as_const(impl_->network->parameters()).gradients();
  return {gradients.data(), gradients.size()};
}
void Model::update() {
  check_full(*impl_->network, "changed");
  impl_->network->pack(shared_pool(), true);
}

void Model::narrow() {
  if (!impl_->network->is_narrow()) impl_->network->narrow();
  impl_->step_packed = true;
}

std::span<float> Model::parameter(const std::string& name) {
  Parameters<float>& all = impl_->network->parameters();
  const Parameter* found = all.find(name);
  if (!found || found->dropped) return {};
  return {all.values().data() + found->offset, found->size()};
}

// ---- Stream ----

struct Stream::Impl {
  std::shared_ptr<const Network<float>> network;
  ThreadPool pool{1};
  Scratch<float> scratch{pool};
  State<float> state;
  explicit Impl(std::shared_ptr<const Network<float>> n) : network(std::move(n)), state(network->initial_state(1)) {}
};

Stream Model::stream() const {
  check_causal(*impl_->network, "stream");
  {
    const std::lock_guard lock(impl_->step);
    if (!std::exchange(impl_->step_packed, true)) impl_->network->pack_step();
  }
  return Stream(std::make_unique<Stream::Impl>(impl_->network));
}

Stream::Stream(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Stream::Stream(const Stream& other) : impl_(std::make_unique<Impl>(other.impl_->network)) {
  impl_->state = other.impl_->state.copy();
}
Stream& Stream::operator=(const Stream& other) { return *this = Stream(other); }
Stream::Stream(Stream&&) noexcept = default;
Stream& Stream::operator=(Stream&&) noexcept = default;
Stream::~Stream() = default;

void Stream::step(const float* x, float* y) noexcept { impl_->network->step(impl_->scratch, impl_->state, x, y); }

void Stream::reset() { impl_->state = impl_->network->initial_state(1); }

}  // namespace elman
