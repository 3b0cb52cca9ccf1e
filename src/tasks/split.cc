#include "tasks/split.h"

#include <algorithm>

namespace elman {
namespace {

constexpr double kValidationShare = 0.1;

}  // namespace

Split split_of(size_t length, const ForecastConfig& config, bool hold_out) {
  Split split;
  const size_t h = config.horizon;
  const size_t least = std::min(config.season, length / 2) + 1;  // values that a window must have seen
  if (length < least + h) return split;
  const size_t held = std::max(h, static_cast<size_t>(kValidationShare * static_cast<double>(length)));
  if (hold_out && length >= held + h + 2 * least) {
    split.held = held;
    split.validation = held - h + 1;
  }
  split.first = least;
  split.training = length - split.held - h - least + 1;
  return split;
}

}  // namespace elman
