// Long-term memory, learned: the adding problem (Hochreiter & Schmidhuber 1997).
#include <gtest/gtest.h>

#include "train/problems.h"

namespace elman {
namespace {

// Each step brings a random number and a mark; two steps are marked, one in each half, and at the end the sum of their
// numbers is asked for. Answering the mean leaves a squared error of 1/6 (0.1767 as Le et al. 2015 sample it): what a
// network scores that has forgotten.
class AddingProblem : public Problem {
 public:
  AddingProblem(Network<float>& network, size_t steps, size_t threads)
      : network_(network), steps_(steps, kBatch), pool_(threads), x_(steps * kBatch, 2) {}

  size_t batches_per_epoch() const override { return 100; }
  void start_epoch(size_t epoch) override { epoch_ = epoch; }

  LossValue train_batch(size_t batch, const Random& dropout) override {
    fill(1 + epoch_ * batches_per_epoch() + batch);
    const View<float> y = network_.forward(scratch_, steps_, x_, nullptr, &tape_, &dropout);
    Tensor<float> d_y(kBatch, 1);
    const LossValue loss = loss_->evaluate(y, target_, nullptr, d_y);
    network_.backward(scratch_, steps_, tape_, d_y);
    return loss;
  }

  double validate() override {
    LossValue total;
    for (uint64_t k = 0; k < 20; ++k) {
      fill(uint64_t{1} << 40 | k);
      const LossValue loss = loss_->evaluate(network_.forward(scratch_, steps_, x_), target_, nullptr, {});
      total.sum += loss.sum;
      total.count += loss.count;
    }
    return total.mean();
  }

 private:
  static constexpr size_t kBatch = 32;

  void fill(uint64_t stream) {
    Random random(8, stream);
    for (size_t b = 0; b < kBatch; ++b) {
      for (size_t t = 0; t < steps_.steps(); ++t) {
        x_(t * kBatch + b, 0) = static_cast<float>(random.uniform());
        x_(t * kBatch + b, 1) = 0.0f;
      }
      const size_t half = steps_.steps() / 2, first = random.below(half), second = half + random.below(half);
      target_(b, 0) = 0.0f;
      for (const size_t t : {first, second}) {
        x_(t * kBatch + b, 1) = 1.0f;
        target_(b, 0) += x_(t * kBatch + b, 0);
      }
    }
  }

  Network<float>& network_;
  Steps steps_;
  ThreadPool pool_;
  Scratch<float> scratch_{pool_};
  Tape<float> tape_;
  std::unique_ptr<Loss<float>> loss_ = make_loss<float>({.name = "mse"});
  size_t epoch_ = 0;
  Tensor<float> x_, target_{kBatch, 1};
};

// Every seed, not the best one.
TEST(Learning, AddingProblemOverAHundredSteps) {
  for (const char* cell : {"lstm", "gru"})
    for (const uint64_t seed : {1, 2, 3}) {
      Network<float> network({2, {Recurrent{.cell = cell, .hidden_size = 32}, LastStep{}, Linear{.output_size = 1}}});
      network.initialize(seed);
      AddingProblem problem(network, 100, 2);
      const TrainConfig config{.epochs = 20, .optimizer = {.name = "adam", .learning_rate = 0.005}};
      EXPECT_LT(Trainer(network, problem, no_threads(), config).run().valid_loss, 0.005) << cell << ", seed " << seed;
    }
}

}  // namespace
}  // namespace elman
