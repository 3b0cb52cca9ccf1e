#include "elman/schedule.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "base/registry.h"
#include "optim/power.h"

namespace elman {
namespace {

// By ScheduleKind.
constexpr std::string_view kNames[] = {"constant", "cosine", "step", "plateau"};

// cos(pi x) for x in [0, 1], from operations with the same bits on every machine: the series of the sine, whose
// argument pi (1/2 - x) is at most pi / 2.
double cos_pi(double x) noexcept {
  const double angle = 3.14159265358979323846 * (0.5 - x), z = angle * angle;
  double series = 1.0;
  for (int k = 20; k >= 2; k -= 2) series = 1.0 - series * z / (k * (k + 1));
  return angle * series;
}

void check(bool good, std::string_view setting, auto value, std::string_view expected) {
  if (!good) fail(ErrorCode::kUsage, "learning-rate schedule: {} is {}, expected {}", setting, value, expected);
}

bool is_fraction(double value) noexcept { return value >= 0.0 && value <= 1.0; }

}  // namespace

ScheduleKind find_schedule(std::string_view name) {
  const auto& found = find_named(kNames, std::identity(), name, "learning-rate schedule", "schedules");
  return static_cast<ScheduleKind>(&found - kNames);
}

std::string_view name_of(ScheduleKind kind) noexcept { return kNames[static_cast<size_t>(kind)]; }

Schedule::Schedule(double learning_rate, const ScheduleConfig& config)
    : learning_rate_(learning_rate), config_(config) {
  const ScheduleConfig& c = config_;
  check(learning_rate >= 0.0 && std::isfinite(learning_rate), "learning_rate", learning_rate, "a number not below 0");
  check(c.warmup_steps >= 0, "warmup_steps", c.warmup_steps, "at least 0");
  check(is_fraction(c.final_fraction), "final_fraction", c.final_fraction, "a number from 0 to 1");
  if (c.kind == ScheduleKind::kCosine)
    check(c.total_steps > c.warmup_steps, "total_steps", c.total_steps, "more than warmup_steps");
  if (c.kind == ScheduleKind::kStep) {
    check(c.step_every > 0, "step_every", c.step_every, "at least 1");
    check(is_fraction(c.step_factor), "step_factor", c.step_factor, "a number from 0 to 1");
  }
  if (c.kind == ScheduleKind::kPlateau) {
    check(c.patience >= 0, "patience", c.patience, "at least 0");
    check(is_fraction(c.plateau_factor), "plateau_factor", c.plateau_factor, "a number from 0 to 1");
  }
}

double Schedule::rate(int64_t step) const noexcept {
  if (step < config_.warmup_steps)
    return learning_rate_ * (static_cast<double>(step + 1) / static_cast<double>(config_.warmup_steps + 1));
  return learning_rate_ * factor(step - config_.warmup_steps);
}

// `step` counts from the end of the warm-up.
double Schedule::factor(int64_t step) const noexcept {
  switch (config_.kind) {
    case ScheduleKind::kConstant: break;
    case ScheduleKind::kCosine: {
      const double length = static_cast<double>(config_.total_steps - config_.warmup_steps);
      const double x = std::min(static_cast<double>(step) / length, 1.0);
      return config_.final_fraction + (1.0 - config_.final_fraction) * (0.5 + 0.5 * cos_pi(x));
    }
    case ScheduleKind::kStep: return power(config_.step_factor, step / config_.step_every);
    case ScheduleKind::kPlateau: return state_.factor;
  }
  return 1.0;
}

void Schedule::observe(double validation_loss) noexcept {
  if (!std::isnan(validation_loss) && (!state_.best || validation_loss < *state_.best)) {
    state_.best = validation_loss;
    state_.waited = 0;
  } else if (++state_.waited > config_.patience) {
    state_.factor = std::max(state_.factor * config_.plateau_factor, config_.final_fraction);
    state_.waited = 0;
  }
}

}  // namespace elman
