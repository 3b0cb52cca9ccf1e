#pragma once

#include <string>

#include "train/trainer.h"

namespace elman {

// What training needs beyond the configuration of the model.
struct TrainRun {
  std::string checkpoint;    // file; empty: none
  double save_every = 60.0;  // seconds
  bool resume = false;
  double time_limit = 0;  // seconds, 0: none
  TapeMemory memory;
  TrainObserver observer;

  // The trainer's settings with those of this run.
  TrainConfig apply_to(TrainConfig config) const {
    config.checkpoint = checkpoint;
    config.save_every = save_every;
    config.resume = resume;
    config.time_limit = time_limit;
    return config;
  }
  void note(const std::string& text) const {
    if (observer.on_note) observer.on_note(text);
  }
};

}  // namespace elman
