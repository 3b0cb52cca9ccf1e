// What NaN and infinity may not do: reach the weights, or go on for ever.
#include <gtest/gtest.h>

#include <algorithm>

#include "data/expect_error.h"
#include "train/problems.h"

namespace elman {
namespace {

constexpr Fault kFaults[] = {Fault::kLossNaN, Fault::kLossInfinite, Fault::kGradientNaN, Fault::kGradientInfinite};

TrainConfig adam(size_t epochs) { return {.epochs = epochs, .optimizer = {.name = "adam", .learning_rate = 0.01}}; }

// Faults at these batches, counted over the epochs.
std::function<Fault(size_t)> at(std::vector<size_t> batches, Fault fault = Fault::kLossNaN) {
  return [batches = std::move(batches), fault](size_t batch) {
    return std::find(batches.begin(), batches.end(), batch) != batches.end() ? fault : Fault::kNone;
  };
}

TEST(Divergence, ABadBatchIsSkippedAndCounted) {
  for (const Fault fault : kFaults)
    for (const double clip_value : {0.0, 0.5}) {
      const auto network = sine_network();
      FaultyProblem problem(*network, at({2, 7, 8}, fault));
      TrainConfig config = adam(2);
      config.clip_value = clip_value;
      std::vector<std::vector<float>> weights;  // before each batch
      TrainObserver observer;
      observer.interrupted = [&] {
        weights.push_back(weights_of(*network));
        return false;
      };
      const TrainRecord record = Trainer(*network, problem, no_threads(), config, observer).run();
      EXPECT_EQ(record.skipped_steps, 3u);
      EXPECT_EQ(record.rollbacks, 0u);
      EXPECT_EQ(record.steps, 9);
      for (size_t i = 0; i + 1 < weights.size(); ++i)
        EXPECT_EQ(weights[i] == weights[i + 1], i == 2 || i == 7 || i == 8) << "batch " << i;
      EXPECT_TRUE(finite(weights_of(*network)));
    }
}

// A skipped batch takes no part in the figures of the history.
TEST(Divergence, TheHistoryStaysFinite) {
  const auto network = sine_network();
  FaultyProblem problem(*network, at({1, 8}));
  for (const TrainPoint& p : Trainer(*network, problem, no_threads(), adam(2)).run().history) {
    EXPECT_TRUE(std::isfinite(p.train_loss));
    EXPECT_TRUE(std::isfinite(p.gradient_norm));
    EXPECT_GT(p.train_loss, 0.0);
  }
}

TEST(Divergence, SeveralInARowReturnToTheLastGoodStateAtHalfTheRate) {
  const auto network = sine_network();
  const std::vector<float> start = weights_of(*network);
  FaultyProblem problem(*network, at({3, 4, 5}));
  std::vector<std::string> notes;
  std::vector<std::vector<float>> weights;  // at the epochs' ends
  TrainObserver observer;
  observer.on_note = [&](const std::string& text) { notes.push_back(text); };
  observer.on_validation = [&](const TrainPoint&, bool) { weights.push_back(weights_of(*network)); };
  const TrainRecord record = Trainer(*network, problem, no_threads(), adam(2), observer).run();
  EXPECT_EQ(record.rollbacks, 1u);
  EXPECT_EQ(record.skipped_steps, 3u);
  EXPECT_TRUE(same_bits(weights.at(0), start));
  EXPECT_EQ(record.history.at(1).learning_rate, 0.005);
  EXPECT_NE(weights.at(1), start);
  ASSERT_EQ(notes.size(), 1u);
  EXPECT_NE(notes[0].find("learning rate x 0.5"), std::string::npos) << notes[0];
}

// After a hundred steps the state to return to is a newer one, the optimiser's moments included.
TEST(Divergence, TheGoodStateIsRenewed) {
  const auto network = sine_network();
  FaultyProblem problem(*network, at({103, 104, 105}));
  std::vector<std::vector<float>> weights;
  TrainObserver observer;
  observer.interrupted = [&] {
    weights.push_back(weights_of(*network));
    return false;
  };
  const TrainRecord record = Trainer(*network, problem, no_threads(), adam(20), observer).run();
  EXPECT_EQ(record.rollbacks, 1u);
  EXPECT_TRUE(same_bits(weights.at(106), weights.at(100)));
  EXPECT_NE(weights.at(107), weights.at(106));
}

TEST(Divergence, AlwaysIsAnErrorAndTheWeightsStayFinite) {
  for (const Fault fault : kFaults) {
    const auto network = sine_network();
    FaultyProblem problem(*network, [&](size_t batch) { return batch < 4 ? Fault::kNone : fault; });
    expect_error(ErrorCode::kDiverged, {"diverged", "--learning-rate", "0.01"},
                 [&] { Trainer(*network, problem, no_threads(), adam(100)).run(); });
    EXPECT_TRUE(finite(weights_of(*network)));
  }
  EXPECT_EQ(static_cast<int>(ErrorCode::kDiverged), 7);
}

// Every second batch is bad: training goes on between them and still learns.
TEST(Divergence, HalfOfTheBatches) {
  const auto network = sine_network();
  FaultyProblem problem(*network, [](size_t batch) { return batch % 2 ? kFaults[batch / 2 % 4] : Fault::kNone; });
  TrainObserver observer;
  observer.on_validation = [&](const TrainPoint&, bool) { EXPECT_TRUE(finite(weights_of(*network))); };
  const TrainRecord record = Trainer(*network, problem, no_threads(), adam(80), observer).run();
  EXPECT_EQ(record.skipped_steps, 80 * SineProblem::kBatches / 2);
  EXPECT_LT(record.valid_loss, 0.05);
}

// Chance decides: whatever the run ends in, no weight is ever NaN or infinite.
TEST(Divergence, FaultsAtRandom) {
  for (uint64_t stream = 0; stream < 50; ++stream) {
    const auto network = sine_network();
    FaultyProblem problem(*network, [&](size_t batch) {
      const uint32_t word = Random(9, stream).block(batch)[0];
      return word % 2 ? kFaults[word / 2 % 4] : Fault::kNone;
    });
    TrainObserver observer;
    observer.interrupted = [&] {
      EXPECT_TRUE(finite(weights_of(*network)));
      return false;
    };
    try {
      Trainer(*network, problem, no_threads(), adam(5), observer).run();
    } catch (const Error& e) {
      EXPECT_EQ(e.code(), ErrorCode::kDiverged) << e.what();
    }
    EXPECT_TRUE(finite(weights_of(*network)));
  }
}

// Gradients are finite, but a step along them is not.
TEST(Divergence, AnUpdateThatOverflowsIsUndone) {
  const auto network = sine_network();
  SineProblem problem(*network);
  TrainConfig config = adam(10);
  config.optimizer = {.name = "sgd", .learning_rate = 1e300};
  TrainObserver observer;
  observer.interrupted = [&] {
    EXPECT_TRUE(finite(weights_of(*network)));
    return false;
  };
  expect_error(ErrorCode::kDiverged, {"update"},
               [&] { Trainer(*network, problem, no_threads(), config, observer).run(); });
  EXPECT_TRUE(finite(weights_of(*network)));
}

}  // namespace
}  // namespace elman
