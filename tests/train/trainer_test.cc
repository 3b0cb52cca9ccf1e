#include "train/trainer.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "data/expect_error.h"
#include "train/problems.h"

namespace elman {
namespace {

TrainConfig adam(size_t epochs) { return {.epochs = epochs, .optimizer = {.name = "adam", .learning_rate = 0.01}}; }

// The sines' variance is 0.5: the loss of a constant.
TEST(Trainer, LearnsASine) {
  const auto network = sine_network();
  SineProblem problem(*network);
  const TrainRecord record = Trainer(*network, problem, no_threads(), adam(60)).run();
  EXPECT_LT(record.valid_loss, 0.01);
  EXPECT_EQ(record.epochs, 60u);
  EXPECT_EQ(record.steps, 60 * static_cast<int64_t>(SineProblem::kBatches));
  EXPECT_EQ(record.skipped_steps, 0u);
  EXPECT_FALSE(record.stopped_early);
  EXPECT_EQ(record.history.size(), 60u);
  EXPECT_GT(record.history.front().train_loss, record.history.back().train_loss);
  EXPECT_EQ(problem.validate(), record.valid_loss);  // the weights are the best ones
}

TEST(Trainer, SameBitsOnAnyNumberOfThreadsWatchedOrNot) {
  std::vector<float> expected;
  for (const size_t threads : {1, 2, 3}) {
    const auto network = sine_network();
    SineProblem problem(*network, false, threads);
    ThreadPool pool(threads);
    size_t batches = 0, validations = 0, bests = 0;
    TrainObserver watching{.on_batch =
                               [&](double done, double total, double, double) {
                                 EXPECT_EQ(done, static_cast<double>(++batches));
                                 EXPECT_EQ(total, 3.0 * SineProblem::kBatches);
                               },
                           .on_validation = [&](const TrainPoint&, bool) { ++validations; },
                           .on_best = [&](const TrainRecord&) { ++bests; },
                           .on_note = {},
                           .interrupted = [] { return false; }};
    Trainer(*network, problem, pool, adam(3), threads == 1 ? TrainObserver{} : watching).run();
    if (threads == 1) expected = weights_of(*network);
    else {
      EXPECT_EQ(batches, 3 * SineProblem::kBatches);
      EXPECT_EQ(validations, 3u);
      EXPECT_GT(bests, 0u);
    }
    EXPECT_TRUE(same_bits(weights_of(*network), expected)) << threads << " threads";
  }
}

// A problem whose validation figures are given, and which notes the weights they were asked for.
class ScriptedProblem : public SineProblem {
 public:
  ScriptedProblem(Network<float>& network, std::vector<double> figures)
      : SineProblem(network), figures_(std::move(figures)) {}
  double validate() override {
    weights.push_back(weights_of(network()));
    return figures_.at(weights.size() - 1);
  }
  std::vector<std::vector<float>> weights;  // at each validation

 private:
  std::vector<double> figures_;
};

TEST(Trainer, StopsEarlyWithTheBestWeights) {
  const auto network = sine_network();
  ScriptedProblem problem(*network, {5, 4, 3, 6, 3, 8, 1, 1});
  TrainConfig config = adam(8);
  config.patience = 3;
  const TrainRecord record = Trainer(*network, problem, no_threads(), config).run();
  EXPECT_EQ(problem.weights.size(), 6u);
  EXPECT_TRUE(same_bits(weights_of(*network), problem.weights[2]));
  EXPECT_TRUE(record.stopped_early);
  EXPECT_EQ(record.epochs, 6u);
  EXPECT_EQ(record.best_step, 3 * static_cast<int64_t>(SineProblem::kBatches));
  EXPECT_EQ(record.valid_loss, 3.0);
  EXPECT_EQ(record.train_loss, record.history[2].train_loss);
}

TEST(Trainer, KeepsTheLastWeightsWhenAskedTo) {
  const auto network = sine_network();
  ScriptedProblem problem(*network, {1, 2, 3});
  TrainConfig config = adam(3);
  config.keep_best = false;
  Trainer(*network, problem, no_threads(), config).run();
  EXPECT_TRUE(same_bits(weights_of(*network), problem.weights[2]));
}

TEST(Trainer, AFigureThatIsNoNumberIsNeverTheBest) {
  const auto network = sine_network();
  ScriptedProblem problem(*network, {NAN, 4, NAN, HUGE_VAL, -HUGE_VAL});
  const TrainRecord record = Trainer(*network, problem, no_threads(), adam(5)).run();
  EXPECT_EQ(record.valid_loss, 4.0);
  EXPECT_TRUE(same_bits(weights_of(*network), problem.weights[1]));
}

TEST(Trainer, ValidatesEveryFewBatchesAndAtTheEpochsEnd) {
  const auto network = sine_network();
  ScriptedProblem problem(*network, std::vector<double>(4, 1.0));
  TrainConfig config = adam(2);
  config.validate_every = 4;
  const TrainRecord record = Trainer(*network, problem, no_threads(), config).run();
  std::vector<int64_t> steps;
  for (const TrainPoint& p : record.history) steps.push_back(p.steps);
  EXPECT_EQ(steps, (std::vector<int64_t>{4, 6, 10, 12}));
}

TEST(Trainer, EndsAtTheLimitOfStepsOrTime) {
  for (const bool by_time : {false, true}) {
    const auto network = sine_network();
    ScriptedProblem problem(*network, std::vector<double>(10, 1.0));
    TrainConfig config = adam(3);
    if (by_time) config.time_limit = 1e-9;
    else config.max_steps = 1;
    const TrainRecord record = Trainer(*network, problem, no_threads(), config).run();
    EXPECT_EQ(record.steps, 1);
    EXPECT_EQ(record.history.size(), 1u);
    EXPECT_TRUE(record.stopped_early);
    EXPECT_EQ(record.epochs, 0u);
  }
}

TEST(Trainer, WithoutEpochsLeavesTheNetworkAsItIs) {
  const auto network = sine_network();
  const std::vector<float> before = weights_of(*network);
  SineProblem problem(*network);
  EXPECT_TRUE(Trainer(*network, problem, no_threads(), adam(0)).run().history.empty());
  EXPECT_TRUE(same_bits(weights_of(*network), before));
}

TEST(Trainer, ThePlateauScheduleSeesTheValidations) {
  const auto network = sine_network();
  ScriptedProblem problem(*network, {1, 1, 1, 1});
  TrainConfig config = adam(4);
  config.schedule = {.kind = ScheduleKind::kPlateau, .patience = 0, .plateau_factor = 0.5};
  const TrainRecord record = Trainer(*network, problem, no_threads(), config).run();
  std::vector<double> rates;
  for (const TrainPoint& p : record.history) rates.push_back(p.learning_rate);
  EXPECT_EQ(rates, (std::vector<double>{0.01, 0.01, 0.005, 0.0025}));  // of the epoch before each figure
}

TEST(Trainer, WrongSettingsAreErrors) {
  const auto network = sine_network();
  SineProblem problem(*network);
  TrainConfig config = adam(1);
  config.optimizer.name = "adma";
  expect_error(ErrorCode::kUsage, {"adma", "adam"}, [&] { Trainer(*network, problem, no_threads(), config); });
  config = adam(1);
  config.optimizer.learning_rate = NAN;
  expect_error(ErrorCode::kUsage, {"learning_rate", "nan"}, [&] { Trainer(*network, problem, no_threads(), config); });
}

TEST(TrainRecord, SurvivesJson) {
  TrainRecord record;
  record.history = {{1, 6, 0.1, 0.30000000000000004, 1e-3, 2.5}, {2, 12, NAN, 0.2, 1e-3, 0}};
  record.epochs = 2;
  record.steps = 12;
  record.best_step = 6;
  record.train_loss = 0.1;
  record.valid_loss = 0.2;
  record.skipped_steps = 3;
  record.rollbacks = 1;
  record.stopped_early = true;
  const nlohmann::json json = nlohmann::json::parse(to_json(record).dump());
  const TrainRecord read = train_record_from_json(json);
  EXPECT_EQ(to_json(read).dump(), to_json(record).dump());
  EXPECT_EQ(read.history[0].valid_loss, record.history[0].valid_loss);
  EXPECT_TRUE(std::isnan(read.history[1].train_loss));
}

}  // namespace
}  // namespace elman
