#include "tasks/windows.h"

#include <algorithm>
#include <cmath>

#include "tasks/forecast_head.h"

namespace elman {
namespace {

constexpr double kClamp = 10.0;  // normalised inputs stay within it, whatever an outlier does

struct Mean {
  double sum = 0.0;
  size_t count = 0;
  void add(double v) {
    if (std::isnan(v)) return;
    sum += v;
    ++count;
  }
  double value() const { return count ? sum / static_cast<double>(count) : 0.0; }
};

}  // namespace

Windows::Windows(const ForecastConfig& config, const Frequency& frequency)
    : look_back_(config.look_back),
      segment_(config.segment),
      horizon_(config.horizon),
      written_(config.written_steps()),
      season_(config.season),
      counts_(find_head(config.head).counts),
      frequency_(frequency),
      calendar_(calendar_features(frequency)) {}

// Level: the mean of the last season. Scale: the mean absolute deviation over the window. Of counts the scale is their
// mean and 1, as 0 is a value like any other there (Salinas et al. 2020).
WindowScale Windows::measure(const Series& series, size_t origin) const {
  const size_t begin = origin > look_back_ ? origin - look_back_ : 0;
  Mean window, season, deviation;
  for (size_t i = begin; i < origin; ++i) window.add(series.values[i]);
  for (size_t i = origin > season_ ? std::max(begin, origin - season_) : begin; i < origin; ++i)
    season.add(series.values[i]);
  if (counts_) return {0.0, 1.0 + std::abs(window.value())};
  for (size_t i = begin; i < origin; ++i) deviation.add(std::abs(series.values[i] - window.value()));
  const double center = season.count ? season.value() : window.value();
  // A constant past gives a scale that keeps intervals narrow and divisions harmless.
  const double least = std::max(1e-3 * std::abs(center), 1e-6);
  return {center, std::max(deviation.value(), least)};
}

WindowScale Windows::fill_input(const Series& series, size_t origin, View<float> x, size_t batch, size_t b) const {
  const WindowScale scale = measure(series, origin);
  const int64_t first = static_cast<int64_t>(origin) - static_cast<int64_t>(look_back_);
  for (size_t step = 0; step < steps(); ++step) {
    float* row = x.row(step * batch + b);
    for (size_t k = 0; k < segment_; ++k) {
      const int64_t i = first + static_cast<int64_t>(step * segment_ + k);
      const double v = i < 0 ? NAN : series.values[static_cast<size_t>(i)];
      const bool observed = !std::isnan(v);
      row[k] = observed ? static_cast<float>(std::clamp((v - scale.center) / scale.scale, -kClamp, kClamp)) : 0.0f;
      row[segment_ + k] = observed ? 1.0f : 0.0f;
    }
    const int64_t last = first + static_cast<int64_t>((step + 1) * segment_) - 1;
    fill_calendar(frequency_.time_at(series.start, last), calendar_, {row + 2 * segment_, 2 * calendar_.size()});
  }
  return scale;
}

void Windows::fill_target(const Series& series, size_t origin, const WindowScale& scale, float* target) const {
  for (size_t k = 0; k < written_; ++k) {
    const size_t i = origin + k;
    target[k] = k < horizon_ && i < series.values.size()
                    ? static_cast<float>((series.values[i] - scale.center) / scale.scale)
                    : NAN;
  }
}

}  // namespace elman
