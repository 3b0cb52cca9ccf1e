#include "tasks/split.h"

#include <algorithm>
#include <cmath>

namespace elman {
namespace {

// Values to hold out, at most `most` of `length`: a share, and as many horizons as it has tenths or as there is room
// for, `least` or more.
size_t held_out(size_t most, size_t length, size_t least, const ForecastConfig& config) {
  const auto share = static_cast<size_t>(config.validation_share * static_cast<double>(length));
  const auto wanted = static_cast<size_t>(std::ceil(10 * config.validation_share));
  for (size_t horizons = wanted; horizons >= std::min(least, wanted) && horizons > 0; --horizons) {
    const size_t held = std::max(horizons * config.horizon, share);
    if (held <= most) return held;
  }
  return 0;
}

}  // namespace

Split split_of(size_t length, const ForecastConfig& config, bool hold_out) {
  Split split;
  const size_t h = config.horizon;
  // Values that a window must have seen: more than a season, or half; a third where the horizon leaves no more.
  const size_t room = std::max(length > h ? length - h : 0, (length + 2) / 3);
  const size_t least = std::min(std::min(config.season, length / 2) + 1, room);
  if (length < least + h) return split;
  // To keep: as many origins to train from as a window must have seen, as two horizons have steps, and sixteen. With
  // fewer, or a single horizon held out, a network learned and showed so little that, of a short series, Theta forecast
  // better.
  // Where nothing else can judge, as many origins as it forecasts do, or half of these.
  constexpr size_t kFewest = 16;
  const auto hold = [&](size_t origins, size_t horizons) {
    const size_t kept = h + least + origins - 1;
    if (split.held == 0 && length > kept) split.held = held_out(length - kept, length, horizons, config);
  };
  if (hold_out && config.past_can_judge) {
    hold(std::max({least, 2 * h, kFewest}), 2);
  } else if (hold_out) {
    const size_t few = std::min(least, h);
    for (const size_t origins : {least, few, (few + 1) / 2}) hold(origins, 1);
  }
  if (split.held > 0) split.validation = split.held - h + 1;
  split.first = least;
  split.training = length - split.held - h - least + 1;
  return split;
}

Split split_of(const Series& series, const ForecastConfig& config, bool hold_out) {
  const std::vector<double>& y = series.values;
  const Split split = split_of(y.size(), config, hold_out);
  const auto held = y.end() - static_cast<ptrdiff_t>(split.held);
  const bool blind = std::all_of(held, y.end(), [](double v) { return std::isnan(v); });
  return hold_out && blind ? split_of(y.size(), config, false) : split;
}

double held_horizons(const SeriesSet& data, const ForecastConfig& config) {
  size_t held = 0;
  for (const Series& s : data.series) held += split_of(s, config, true).held;
  return static_cast<double>(held) / static_cast<double>(config.horizon);
}

size_t windows_with_room(const SeriesSet& data, const ForecastConfig& config, size_t most) {
  size_t longest = 0, windows = most;
  for (const Series& s : data.series) longest = std::max(longest, s.values.size());
  const auto has_room = [&](size_t held) {
    return longest > held && split_of(longest - held, config, false).training > 0;
  };
  while (windows > 0 && !has_room(windows * config.horizon)) --windows;
  return windows;
}

}  // namespace elman
