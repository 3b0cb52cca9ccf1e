// A run that was interrupted and resumed ends in the bits of one that was not.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "data/expect_error.h"
#include "train/checkpoint.h"
#include "train/problems.h"

namespace elman {
namespace {

constexpr size_t kEpochs = 4;

using MakeProblem = std::function<std::unique_ptr<Problem>(Network<float>&)>;

MakeProblem sine(bool carry = false) {
  return [=](Network<float>& network) { return std::make_unique<SineProblem>(network, carry); };
}

// Faults at batches [first, last), counted over the epochs, and at `single`.
MakeProblem faulty(size_t first, size_t last, size_t single = SIZE_MAX) {
  return [=](Network<float>& network) {
    return std::make_unique<FaultyProblem>(network, [=](size_t batch) {
      return batch == single || (batch >= first && batch < last) ? Fault::kGradientNaN : Fault::kNone;
    });
  };
}

// Its first validation is its best.
class StaleProblem : public SineProblem {
 public:
  using SineProblem::SineProblem;
  double validate() override { return 1.0; }
};

struct Scenario {
  OptimizerConfig optimizer{.name = "adamw", .learning_rate = 0.01};
  MakeProblem problem = sine();
  size_t patience = 0;
};

Scenario with(MakeProblem problem, size_t patience = 0) {
  Scenario scenario;
  scenario.problem = std::move(problem);
  scenario.patience = patience;
  return scenario;
}

struct Training {
  const TempFolder& folder;
  Scenario scenario;
  bool resume = false;
  size_t stop_after = SIZE_MAX;  // batches of this run, then it is interrupted

  // Outcome
  std::vector<float> weights = {};
  TrainRecord record = {};
  std::vector<std::string> notes = {};
  size_t batches = 0;

  std::string path() const { return folder.path() + "/run.checkpoint"; }

  TrainConfig config() const {
    return {.epochs = kEpochs,
            .validate_every = 4,
            .patience = scenario.patience,
            .optimizer = scenario.optimizer,
            .schedule = {.kind = ScheduleKind::kPlateau, .patience = 0, .plateau_factor = 0.9},
            .checkpoint = path(),
            .resume = resume,
            .context = "what it was called with",
            .fingerprint = "settings",
            .data_fingerprint = "data"};
  }

  // True when it went to its end, false when it was interrupted.
  bool go(TrainConfig c) {
    const auto network = sine_network(resume ? 99 : 1);  // a resumed run owes nothing to its first weights
    const std::unique_ptr<Problem> problem = scenario.problem(*network);
    batches = 0;
    TrainObserver observer;
    observer.on_note = [&](const std::string& text) { notes.push_back(text); };
    observer.interrupted = [&] { return batches++ >= stop_after; };
    try {
      record = Trainer(*network, *problem, no_threads(), std::move(c), observer).run();
    } catch (const Error& e) {
      if (e.code() != ErrorCode::kInterrupted) throw;
      EXPECT_NE(std::string(e.what()).find("--resume"), std::string::npos) << e.what();
      return false;
    }
    weights = weights_of(*network);
    return true;
  }
  bool go() { return go(config()); }
};

void expect_same_end(const Training& a, const Training& b) {
  EXPECT_TRUE(same_bits(a.weights, b.weights));
  EXPECT_EQ(to_json(a.record), to_json(b.record));
}

// Interrupts a run at every batch in turn and resumes it; then interrupts one again and again.
void check_every_point(const Scenario& scenario) {
  const TempFolder folder;
  Training whole{folder, scenario};
  ASSERT_TRUE(whole.go());
  for (size_t point = 0; point < whole.batches; ++point) {
    SCOPED_TRACE(::testing::Message() << scenario.optimizer.name << ", interrupted after " << point << " batches");
    Training first{folder, scenario, false, point}, second{folder, scenario, true};
    ASSERT_FALSE(first.go());
    ASSERT_TRUE(second.go());
    expect_same_end(second, whole);
  }
  Training piece{folder, scenario, false, 5};
  while (!piece.go()) piece.resume = true;
  expect_same_end(piece, whole);
}

TEST(Resume, EveryOptimizer) {
  for (const OptimizerEntry* entry : optimizers())
    for (const double momentum : {0.0, 0.9})
      check_every_point({.optimizer = {.name = std::string(entry->name), .learning_rate = 0.01, .momentum = momentum}});
}

TEST(Resume, CarriedState) { check_every_point(with(sine(true))); }

TEST(Resume, SkippedBatchesAndARollback) { check_every_point(with(faulty(9, 12, 2))); }

TEST(Resume, PatienceGoesOn) {
  const Scenario scenario = with([](Network<float>& network) { return std::make_unique<StaleProblem>(network); }, 6);
  const TempFolder folder;
  Training whole{folder, scenario};
  ASSERT_TRUE(whole.go());
  ASSERT_TRUE(whole.record.stopped_early);
  check_every_point(scenario);
}

// The returns to a good state before the interruption count: a run that gives up does so at the same batch.
TEST(Resume, GivingUpComesNoLater) {
  const Scenario scenario = with(faulty(3, SIZE_MAX));
  const TempFolder folder;
  Training whole{folder, scenario};
  expect_error(ErrorCode::kDiverged, {}, [&] { whole.go(); });
  for (size_t point = 0; point < whole.batches; ++point) {
    Training first{folder, scenario, false, point}, second{folder, scenario, true};
    ASSERT_FALSE(first.go());
    expect_error(ErrorCode::kDiverged, {}, [&] { second.go(); });
    EXPECT_EQ(point + second.batches, whole.batches);
  }
}

TEST(Resume, AFinishedRunLeavesNoCheckpoint) {
  const TempFolder folder;
  Training first{folder, {}, false, 3}, second{folder, {}, true};
  first.go();
  EXPECT_TRUE(std::filesystem::exists(first.path()));
  second.go();
  EXPECT_TRUE(std::filesystem::is_empty(folder.path()));

  Training kept{folder, {}};
  TrainConfig config = kept.config();
  config.keep_checkpoint = true;
  config.save_every = 0;  // before every batch
  kept.go(config);
  EXPECT_TRUE(std::filesystem::exists(kept.path()));
}

TEST(Resume, WithoutACheckpointTrainsFromTheBeginning) {
  const TempFolder folder;
  Training fresh{folder, {}, true};
  EXPECT_TRUE(fresh.go());
  ASSERT_EQ(fresh.notes.size(), 1u);
  EXPECT_NE(fresh.notes[0].find(fresh.path()), std::string::npos) << fresh.notes[0];
  EXPECT_EQ(fresh.record.epochs, kEpochs);
}

TEST(Resume, ACheckpointBelongsToItsDataAndSettings) {
  const TempFolder folder;
  Training first{folder, {}, false, 3}, second{folder, {}, true};
  first.go();
  TrainConfig config = second.config();
  config.data_fingerprint = "other data";
  expect_error(ErrorCode::kData, {second.path(), "data has changed", "--resume"}, [&] { second.go(config); });
  config = second.config();
  config.fingerprint = "other settings";
  expect_error(ErrorCode::kUsage, {second.path(), "other settings", "--resume"}, [&] { second.go(config); });
  EXPECT_TRUE(second.go());
}

TEST(Resume, TheContextCanBeReadBefore) {
  const TempFolder folder;
  Training first{folder, {}, false, 3};
  EXPECT_EQ(read_checkpoint_context(first.path()), std::nullopt);
  first.go();
  EXPECT_EQ(read_checkpoint_context(first.path()), "what it was called with");
  std::filesystem::resize_file(first.path(), 100);
  EXPECT_EQ(read_checkpoint_context(first.path()), std::nullopt);
}

// Writes a checkpoint before every batch, so that there is a previous one, and is interrupted.
void write_two(const TempFolder& folder) {
  Training first{folder, {}, false, 7};
  TrainConfig config = first.config();
  config.save_every = 0;
  ASSERT_FALSE(first.go(config));
  ASSERT_TRUE(std::filesystem::exists(first.path()));
  ASSERT_TRUE(std::filesystem::exists(first.path() + ".previous"));
}

TEST(Resume, ADamagedCheckpointGivesWayToThePreviousOne) {
  const TempFolder reference;
  Training whole{reference, {}};
  whole.go();
  for (const size_t size : {0, 1, 7, 8, 100, 3000, 16000}) {
    const TempFolder folder;
    write_two(folder);
    Training second{folder, {}, true};
    ASSERT_LT(size, std::filesystem::file_size(second.path()));
    std::filesystem::resize_file(second.path(), size);
    ASSERT_TRUE(second.go()) << size;
    expect_same_end(second, whole);
    ASSERT_EQ(second.notes.size(), 1u);
    EXPECT_NE(second.notes[0].find("previous"), std::string::npos) << second.notes[0];
  }
}

// Each part of the description is needed: without it the file counts as damaged, and nothing of it is used.
TEST(Resume, AnIncompleteCheckpointGivesWayToThePreviousOne) {
  const TempFolder reference;
  Training whole{reference, {}};
  whole.go();
  for (const std::string key : {"\"epoch\"", "\"schedule\"", "\"record\"", "\"rate_factor\"", "\"good.values\"",
                                "\"values\"", "\"best.values\"", "\"first_moment\"", "\"elman_checkpoint\""}) {
    SCOPED_TRACE(key);
    const TempFolder folder;
    write_two(folder);
    Training second{folder, {}, true};
    std::ifstream in(second.path(), std::ios::binary);
    std::string bytes(std::istreambuf_iterator<char>(in), {});
    const std::string escaped = "\\\"" + key.substr(1, key.size() - 2) + "\\\"";  // JSON within JSON
    const size_t found = bytes.find(escaped) != std::string::npos ? bytes.find(escaped) + 2 : bytes.find(key) + 1;
    ASSERT_NE(found, std::string::npos + 1);
    bytes[found] = bytes[found] == 'x' ? 'y' : 'x';
    folder.write("run.checkpoint", bytes);
    ASSERT_TRUE(second.go());
    expect_same_end(second, whole);
    EXPECT_EQ(second.notes.size(), 1u);
  }
}

TEST(Resume, TheInterruptedWriteOfACheckpointLosesNothing) {
  const TempFolder reference, folder;
  Training whole{reference, {}};
  whole.go();
  write_two(folder);
  Training second{folder, {}, true};
  std::filesystem::remove(second.path());  // the newest was moved aside, the next not yet written
  ASSERT_TRUE(second.go());
  expect_same_end(second, whole);
}

TEST(Resume, TwoDamagedCheckpointsAreAnError) {
  const TempFolder folder;
  write_two(folder);
  Training second{folder, {}, true};
  std::filesystem::resize_file(second.path(), 50);
  std::filesystem::resize_file(second.path() + ".previous", 50);
  expect_error(ErrorCode::kModel, {second.path(), "without --resume"}, [&] { second.go(); });
}

TEST(Resume, ACheckpointOfAnotherNetworkIsAnError) {
  const TempFolder folder;
  Training first{folder, {}, false, 3};
  first.go();
  Network<float> other({1, {Recurrent{.cell = "gru", .hidden_size = 9}, Linear{.output_size = 1}}});
  SineProblem problem(other);
  Training second{folder, {}, true};
  expect_error(ErrorCode::kModel, {first.path(), "'values'"},
               [&] { Trainer(other, problem, no_threads(), second.config()).run(); });
}

TEST(Resume, AnInterruptionWithoutACheckpointSaysSo) {
  const auto network = sine_network();
  SineProblem problem(*network);
  TrainObserver observer;
  observer.interrupted = [] { return true; };
  expect_error(ErrorCode::kInterrupted, {"no checkpoint"},
               [&] { Trainer(*network, problem, no_threads(), {}, observer).run(); });
}

}  // namespace
}  // namespace elman
