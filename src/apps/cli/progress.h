#pragma once

#include <string>

#include "apps/cli/common.h"
#include "train/trainer.h"

namespace elman::cli {

// Shows a training on standard error: one live line on a terminal, otherwise a line at each validation.
class Progress {
 public:
  explicit Progress(const Common& common);
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  // What a trainer calls; valid while this lives.
  TrainObserver observer();

 private:
  void on_batch(double done, double total, double loss, double seconds);
  void on_validation(const TrainPoint& point, bool is_best);
  void draw(double done, double total, double seconds);
  void clear();
  void line(const std::string& text);

  Common common_;
  bool live_;  // redraw one line
  bool drawn_ = false;
  double drawn_at_ = 0;
  double done_ = 0;    // batches; fewer than before: another training has begun
  double loss_ = 0;    // running mean
  std::string valid_;  // the last validation and the best
  double best_ = 0;
};

}  // namespace elman::cli
