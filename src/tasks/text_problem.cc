#include "tasks/text_problem.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace elman {
namespace {

constexpr uint64_t kOffsetStream = 0x6f66667365740000;  // "offset", then the epoch
constexpr size_t kMostTracks = 32;                      // of an evaluation
constexpr size_t kShortestTrack = 4 * kTextRunIn;       // run-in included, it wastes a quarter at most
constexpr size_t kChunk = 64;                           // steps of an evaluation at a time
constexpr float kMissing = std::numeric_limits<float>::quiet_NaN();

std::unique_ptr<Loss<float>> text_loss(size_t symbols) {
  return make_loss<float>({.name = "cross_entropy", .classes = symbols});
}

// How a text is cut for evaluation: track k reads length + run_in symbols from start + k * length on.
struct Tracks {
  size_t count, start, length;

  Tracks(size_t size, size_t first) {
    start = first > kTextRunIn ? first - 1 - kTextRunIn : 0;
    const size_t inputs = size - 1 - start;
    count = std::clamp<size_t>(inputs / kShortestTrack, 1, kMostTracks);
    const size_t own = inputs > kTextRunIn ? inputs - kTextRunIn : 1;
    length = (own + count - 1) / count;
  }
  size_t steps() const { return length + kTextRunIn; }
};

}  // namespace

double nats_per_symbol(const Network<float>& network, std::span<const uint16_t> tokens, size_t first,
                       ThreadPool& pool) {
  ELMAN_DCHECK(tokens.size() >= 2 && first < tokens.size());
  const Tracks tracks(tokens.size(), first);
  const auto loss = text_loss(network.output_size());
  Scratch<float> scratch(pool);
  State<float> state = network.initial_state(tracks.count);
  Buffer<float> inputs, targets;
  LossValue total;
  for (size_t begin = 0; begin < tracks.steps(); begin += kChunk) {
    const Steps steps(std::min(kChunk, tracks.steps() - begin), tracks.count);
    const View<float> x = inputs.matrix(steps.rows(), 1), y = targets.matrix(steps.rows(), 1);
    for (size_t row = 0; row < steps.rows(); ++row) {
      const size_t track = row % tracks.count, t = begin + row / tracks.count;
      const size_t next = tracks.start + track * tracks.length + t + 1;  // position of the symbol to predict
      const bool counts = next < tokens.size() && next >= first && (track == 0 || t >= kTextRunIn);
      x(row, 0) = next <= tokens.size() ? tokens[next - 1] : 0;
      y(row, 0) = counts ? tokens[next] : kMissing;
    }
    const LossValue value = loss->evaluate(network.forward(scratch, steps, x, &state), y, nullptr, {}, pool);
    total.sum += value.sum;
    total.count += value.count;
  }
  return total.mean();
}

TextProblem::TextProblem(Network<float>& network, std::span<const uint16_t> tokens, const TextConfig& config,
                         ThreadPool& pool, const TapeMemory& memory)
    : network_(network),
      tokens_(tokens),
      config_(config),
      training_(validation_start(tokens.size(), config.valid_fraction)),
      chunks_(chunks_per_epoch(training_, config.batch_size, config.bptt)),
      loss_(text_loss(network.output_size())),
      scratch_(pool),
      state_(network.initial_state(config.batch_size)) {
  tape_.checkpoint_every = network.checkpoints(Steps(config.bptt, config.batch_size), memory);
}

void TextProblem::start_epoch(size_t epoch) {
  const size_t spare = training_ - 1 - config_.batch_size * chunks_ * config_.bptt;
  offset_ = Random(config_.seed, kOffsetStream + epoch).below(spare + 1);
  state_ = network_.initial_state(config_.batch_size);
}

// Row t * batch_size + b holds step t of track b.
void TextProblem::fill_batch(size_t batch) {
  const size_t tracks = config_.batch_size;
  inputs_.resize(config_.bptt * tracks);
  targets_.resize(config_.bptt * tracks);
  for (size_t b = 0; b < tracks; ++b) {
    const uint16_t* symbols = tokens_.data() + track_start(b) + batch * config_.bptt;
    for (size_t t = 0; t < config_.bptt; ++t) {
      inputs_[t * tracks + b] = symbols[t];
      targets_[t * tracks + b] = symbols[t + 1];
    }
  }
}

LossValue TextProblem::train_batch(size_t batch, const Random& dropout) {
  fill_batch(batch);
  const Steps steps(config_.bptt, config_.batch_size);
  const size_t rows = steps.rows();
  if (!config_.carry_state) state_ = network_.initial_state(config_.batch_size);
  const View<float> logits = network_.forward(scratch_, steps, inputs_.matrix(rows, 1), &state_, &tape_, &dropout);
  const View<float> d_logits = d_logits_.matrix(rows, logits.cols);
  const LossValue loss = loss_->evaluate(logits, targets_.matrix(rows, 1), nullptr, d_logits, scratch_.pool);
  network_.backward(scratch_, steps, tape_, d_logits);
  // A state that has overflowed would spoil every later chunk.
  if (!std::isfinite(loss.sum)) state_ = network_.initial_state(config_.batch_size);
  return loss;
}

double TextProblem::validate() { return nats_per_symbol(network_, tokens_, training_, scratch_.pool); }

std::vector<CarriedBuffer> TextProblem::carried() {
  std::vector<CarriedBuffer> buffers;
  if (!config_.carry_state) return buffers;
  for (size_t layer = 0; layer < state_.layers.size(); ++layer)
    if (!state_.layers[layer].empty()) buffers.push_back({fmt::format("state.{}", layer), &state_.layers[layer]});
  return buffers;
}

}  // namespace elman
