#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "elman/error.h"

namespace elman {

// How the learning rate moves after the warm-up.
enum class ScheduleKind {
  kConstant,
  kCosine,  // half a cosine down to final_fraction at total_steps (Loshchilov & Hutter 2017)
  kStep,    // times step_factor every step_every steps
  kPlateau  // times plateau_factor when the validation loss has stopped falling
};

// The kind called "constant", "cosine", "step" or "plateau"; throws Error(kUsage) naming the nearest on any other.
ScheduleKind find_schedule(std::string_view name);
std::string_view name_of(ScheduleKind kind) noexcept;

struct ScheduleConfig {
  ScheduleKind kind = ScheduleKind::kConstant;
  int64_t warmup_steps = 0;      // any kind: step s of them has (s + 1) / (warmup_steps + 1) of the rate
  int64_t total_steps = 0;       // cosine: the whole run, warm-up included
  double final_fraction = 0.01;  // cosine: of the rate, at the end; plateau: the lowest it goes
  int64_t step_every = 0;        // step: counted from the end of the warm-up
  double step_factor = 0.1;      // step
  int64_t patience = 5;          // plateau: observations without a new best that are forgiven
  double plateau_factor = 0.5;   // plateau
};

// What a schedule learned from validation: all that a checkpoint needs of it.
struct ScheduleState {
  std::optional<double> best;  // lowest loss observed
  int64_t waited = 0;          // observations since then, or since the last cut
  double factor = 1.0;         // by which plateaus have cut the rate
};

// The learning rate at every optimiser step, for any optimiser:
//   const Schedule schedule(1e-3, {.kind = ScheduleKind::kCosine, .warmup_steps = 100, .total_steps = 5000});
//   adam.learning_rate = schedule.rate(step);  // before step `step`
class Schedule {
 public:
  // Throws Error(kUsage) on settings out of range.
  Schedule(double learning_rate, const ScheduleConfig& config);

  // The rate for `step`, counted from 0: a function of it and of state() alone.
  double rate(int64_t step) const noexcept;
  // Tells of a validation loss, usually once an epoch. NaN is never a new best.
  void observe(double validation_loss) noexcept;

  const ScheduleState& state() const noexcept { return state_; }
  void restore(const ScheduleState& state) noexcept { state_ = state; }

 private:
  double factor(int64_t step) const noexcept;

  double learning_rate_;
  ScheduleConfig config_;
  ScheduleState state_;
};

}  // namespace elman
