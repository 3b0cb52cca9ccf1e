#include "tasks/rolling_origins.h"

#include <algorithm>

#include "base/error.h"

namespace elman {
namespace {

constexpr size_t kLeastPast = 2;  // steps before the first origin

}  // namespace

RollingOrigins::RollingOrigins(const SeriesSet& data, size_t horizon, const BacktestOptions& options)
    : horizon_(horizon), stride_(options.stride ? options.stride : horizon), windows_(options.windows) {
  if (windows_ == 0) fail(ErrorCode::kUsage, "--windows is 0, expected at least 1");
  if (horizon_ == 0) fail(ErrorCode::kUsage, "--horizon is 0, expected at least 1 step");
  size_t longest = 0;
  for (const Series& s : data.series) longest = std::max(longest, s.values.size());
  if (fit(longest)) return;
  const size_t most = most_windows(longest);
  const std::string advice =
      most                   ? fmt::format("ask for at most --windows {}, or a smaller --horizon or --stride", most)
      : longest > kLeastPast ? fmt::format("ask for a --horizon of at most {}", longest - kLeastPast)
                             : "give more data";
  fail(ErrorCode::kData,
       "{}: the longest series has {} steps, expected more for {} windows of {} steps, {} apart, and {} steps before "
       "them; {}",
       data.path, longest, windows_, horizon_, stride_, kLeastPast, advice);
}

size_t RollingOrigins::most_windows(size_t length) const noexcept {
  if (length < kLeastPast || length - kLeastPast < horizon_) return 0;
  return (length - kLeastPast - horizon_) / stride_ + 1;
}

SeriesSet RollingOrigins::known_before(const SeriesSet& data, size_t window) const {
  SeriesSet known = data;
  for (Series& s : known.series) {
    if (!fit(s.values.size())) continue;
    const size_t end = origin(s.values.size(), window);
    s.values.resize(end);
    for (auto& covariate : s.covariates) covariate.resize(std::min(covariate.size(), end));
  }
  return known;
}

}  // namespace elman
