#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/threads.h"
#include "elman/schedule.h"
#include "model/network.h"
#include "optim/optimizer.h"
#include "train/problem.h"
#include "train/record.h"

namespace elman {

struct TrainConfig {
  size_t epochs = 10;
  size_t validate_every = 0;  // batches between validations; 0: once an epoch
  size_t patience = 0;        // validations without a new best before stopping; 0: never stop early
  double clip_norm = 1.0;     // 0: off
  double clip_value = 0.0;    // 0: off
  uint64_t seed = 1;
  int64_t max_steps = 0;    // optimiser steps after which training ends; 0: as many as the epochs hold
  bool keep_best = true;    // end with the weights of the best validation rather than the last ones
  double time_limit = 0.0;  // seconds after which training ends with a last validation; 0: none
  OptimizerConfig optimizer = {};
  ScheduleConfig schedule = {};

  std::string checkpoint = {};  // file; empty: none is written
  double save_every = 60.0;     // seconds between two writes of it
  bool resume = false;
  bool keep_checkpoint = false;  // after the run has ended: another one is to follow
  std::string context = {};      // stored in the checkpoint for whoever resumes: see read_checkpoint_context()
  // What a checkpoint must agree with to be resumed.
  std::string fingerprint = {};       // of the configuration
  std::string data_fingerprint = {};  // of the data
};

// What a run tells while it goes on; every member may be empty.
struct TrainObserver {
  std::function<void(double done, double total, double loss, double seconds)> on_batch;  // batches done and in all
  std::function<void(const TrainPoint&, bool is_best)> on_validation;
  std::function<void(const TrainRecord&)> on_best;  // the network holds the new best weights
  std::function<void(const std::string&)> on_note;  // a step skipped, a checkpoint that could not be read…
  std::function<bool()> interrupted;
};

// Trains a network as the textbook has it: forward through time, compare with the target, back through time, update.
// Best weights are kept and put back at the end. A step whose loss or gradient is not finite never reaches the weights:
// it is skipped; after several in a row the last good state returns with half the learning rate; at last kDiverged is
// thrown. An interruption saves a checkpoint and throws kInterrupted; a resumed run ends in the same bits as one never
// stopped.
class Trainer {
 public:
  Trainer(Network<float>& network, Problem& problem, ThreadPool& pool, TrainConfig config, TrainObserver observer = {});
  ~Trainer();
  TrainRecord run();

 private:
  // All that changes during a run, next to the weights themselves.
  struct Progress {
    size_t epoch = 0, batch = 0;
    int64_t steps = 0;
    double rate_factor = 1.0;  // halved by each rollback
    double loss_sum = 0, loss_count = 0, norm_sum = 0;
    int64_t norm_count = 0;
    size_t waited = 0, skips_in_a_row = 0, rollbacks_in_a_row = 0;
    double best = 0;
    bool has_best = false;
    TrainRecord record;
  };
  struct Snapshot {
    Buffer<float> values;
    std::vector<Buffer<float>> slabs;
    int64_t optimizer_steps = 0;
  };
  friend class Checkpoint;

  bool train_epoch();  // false when training is to end
  void put_back_carried();
  void train_step();
  void skip_step();
  void undo_step();
  void roll_back(const std::string& reason);
  bool validate();  // false when patience is exhausted
  void restore_optimizer(int64_t steps, const std::vector<Buffer<float>>& slabs);
  void take_snapshot();
  double learning_rate() const;
  double elapsed() const;
  void poll();
  void note(const std::string& text) const;

  Network<float>& network_;
  Problem& problem_;
  ThreadPool& pool_;
  TrainConfig config_;
  TrainObserver observer_;
  std::unique_ptr<Optimizer<float>> optimizer_;
  Schedule schedule_;
  Progress progress_;
  Snapshot good_;                                 // the state to roll back to
  Buffer<float> best_;                            // weights of the best validation
  std::map<std::string, Buffer<float>> carried_;  // of a checkpoint, until its epoch has started again
  double before_ = 0;                             // seconds of the runs this one resumes
  double started_ = 0, checkpointed_ = 0;
};

}  // namespace elman
