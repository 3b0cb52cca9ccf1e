#pragma once

#include <cmath>
#include <functional>
#include <limits>
#include <memory>

#include "loss/loss.h"
#include "model/network.h"
#include "support/values.h"
#include "train/trainer.h"

namespace elman {

// A small network with dropout, so that a run depends on its random numbers, too.
inline std::unique_ptr<Network<float>> sine_network(uint64_t seed = 1) {
  auto network = std::make_unique<Network<float>>(
      NetworkConfig{1,
                    {Recurrent{.cell = "gru", .hidden_size = 8, .num_layers = 2, .dropout = 0.1, .name = "rnn"},
                     Linear{.output_size = 1}}});
  network->initialize(seed);
  return network;
}

// Sines of random phase, of which the next value is to be predicted. With carry, a batch goes on from the state in
// which the one before it ended.
class SineProblem : public Problem {
 public:
  static constexpr size_t kBatches = 6, kBatch = 4, kSteps = 12;

  explicit SineProblem(Network<float>& network, bool carry = false, size_t threads = 1)
      : network_(network), carry_(carry), pool_(threads), scratch_(pool_), state_(network.initial_state(kBatch)) {}

  size_t batches_per_epoch() const override { return kBatches; }

  void start_epoch(size_t epoch) override {
    epoch_ = epoch;
    order_ = permutation(kBatches, Random(3, epoch));
    state_ = network_.initial_state(kBatch);
  }

  LossValue train_batch(size_t batch, const Random& dropout) override {
    fill(carry_ ? batch : order_[batch], epoch_ + 1);
    const View<float> y = network_.forward(scratch_, steps(), x_, carry_ ? &state_ : nullptr, &tape_, &dropout);
    Tensor<float> d_y(y.rows, 1);
    const LossValue loss = loss_->evaluate(y, target_, nullptr, d_y);
    network_.backward(scratch_, steps(), tape_, d_y);
    return loss;
  }

  double validate() override {
    LossValue total;
    for (size_t batch = 0; batch < 3; ++batch) {
      fill(batch, 0);
      const LossValue loss = loss_->evaluate(network_.forward(scratch_, steps(), x_), target_, nullptr, {});
      total.sum += loss.sum;
      total.count += loss.count;
    }
    return total.mean();
  }

  std::vector<CarriedBuffer> carried() override {
    std::vector<CarriedBuffer> buffers;
    for (size_t i = 0; carry_ && i < state_.layers.size(); ++i)
      if (!state_.layers[i].empty()) buffers.push_back({"state." + std::to_string(i), &state_.layers[i]});
    return buffers;
  }

 protected:
  Network<float>& network() { return network_; }
  size_t epoch() const { return epoch_; }

 private:
  static Steps steps() { return {kSteps, kBatch}; }

  void fill(size_t batch, size_t stream) {
    for (size_t b = 0; b < kBatch; ++b) {
      const double phase = Random(4, stream * 100 + (carry_ ? 0 : batch) * kBatch + b).uniform(0, 6.28);
      const size_t first = carry_ ? batch * kSteps : 0;
      for (size_t t = 0; t < kSteps; ++t) {
        const double angle = 0.4 * static_cast<double>(first + t) + phase;
        x_(t * kBatch + b, 0) = static_cast<float>(std::sin(angle));
        target_(t * kBatch + b, 0) = static_cast<float>(std::sin(angle + 0.4));
      }
    }
  }

  Network<float>& network_;
  bool carry_;
  ThreadPool pool_;
  Scratch<float> scratch_;
  Tape<float> tape_;
  State<float> state_;
  std::unique_ptr<Loss<float>> loss_ = make_loss<float>({.name = "mse"});
  size_t epoch_ = 0;
  std::vector<uint32_t> order_;
  Tensor<float> x_{kSteps * kBatch, 1}, target_{kSteps * kBatch, 1};
};

enum class Fault { kNone, kLossNaN, kLossInfinite, kGradientNaN, kGradientInfinite };

// The same with faults: `fault` says for each batch, counted over the epochs, what goes wrong with it.
class FaultyProblem : public SineProblem {
 public:
  FaultyProblem(Network<float>& network, std::function<Fault(size_t batch)> fault)
      : SineProblem(network), fault_(std::move(fault)) {}

  LossValue train_batch(size_t batch, const Random& dropout) override {
    LossValue loss = SineProblem::train_batch(batch, dropout);
    float& gradient = network().parameters().gradients()[5];
    switch (fault_(epoch() * kBatches + batch)) {
      case Fault::kNone: break;
      case Fault::kLossNaN: loss.sum = NAN; break;
      case Fault::kLossInfinite: loss.sum = HUGE_VAL; break;
      case Fault::kGradientNaN: gradient = NAN; break;
      case Fault::kGradientInfinite: gradient = -std::numeric_limits<float>::infinity(); break;
    }
    return loss;
  }

 private:
  std::function<Fault(size_t batch)> fault_;
};

inline std::vector<float> weights_of(const Network<float>& network) { return to_vector(network.parameters().values()); }

inline bool finite(const std::vector<float>& values) {
  for (const float value : values)
    if (!std::isfinite(value)) return false;
  return true;
}

}  // namespace elman
