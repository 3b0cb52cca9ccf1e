#include "tasks/windows.h"

#include <algorithm>
#include <cmath>

#include "tasks/forecast_family.h"
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

Windows::Windows(const ForecastConfig& config, const Frequency& frequency, const Covariates& covariates)
    : look_back_(config.look_back),
      segment_(config.segment),
      horizon_(config.horizon),
      written_(config.written_steps()),
      season_(config.season),
      base_reads_(config.epochs == 0 ? config.values_read() : config.look_back),
      counts_(head_of(config).counts),
      fed_back_(find_family(config.model).closed_loop),
      frequency_(frequency),
      calendar_(calendar_features(frequency)),
      covariates_(covariates) {
  for (const std::string& base : config.bases) bases_.push_back(find_base(base));
}

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
  const size_t known = known_features();
  for (size_t step = 0; step < steps(); ++step) {
    float* row = x.row(step * batch + b);
    const auto begin = static_cast<int64_t>(origin + step * segment_) - static_cast<int64_t>(look_back_);
    fill_known(series, begin, origin, row);
    if (step < past_steps()) {
      fill_past(series, begin, origin, scale, row + known);
    } else {
      std::fill_n(row + known, features() - known, 0.0f);
      if (fed_back_) std::fill_n(row + features() - segment_, segment_, 1.0f);
    }
  }
  return scale;
}

void Windows::fill_known(const Series& series, int64_t begin, size_t origin, float* row) const {
  const auto segment = static_cast<int64_t>(segment_), end = static_cast<int64_t>(origin + horizon_);
  covariates_.encode_fixed(series, row);
  row += covariates_.fixed_width();
  fill_calendar(frequency_.time_at(series.start, begin + segment - 1), calendar_, {row, 2 * calendar_.size()});
  row += 2 * calendar_.size();
  for (int64_t i = begin; i < begin + segment; ++i, row += covariates_.future_width())
    covariates_.encode_future(series, i, end, row);
}

void Windows::fill_past(const Series& series, int64_t begin, size_t origin, const WindowScale& scale,
                        float* row) const {
  const auto segment = static_cast<int64_t>(segment_);
  for (int64_t i = begin; i < begin + segment; ++i, row += covariates_.past_width())
    covariates_.encode_past(series, i, static_cast<int64_t>(origin), row);
  for (int64_t i = begin; i < begin + segment; ++i, ++row) {
    const double v = i < 0 ? NAN : series.values[static_cast<size_t>(i)];
    const bool observed = !std::isnan(v);
    row[0] = observed ? static_cast<float>(std::clamp((v - scale.center) / scale.scale, -kClamp, kClamp)) : 0.0f;
    row[segment_] = observed ? 1.0f : 0.0f;
  }
}

std::vector<double> Windows::forecast_of(const Baseline& baseline, const Series& series, size_t origin,
                                         size_t steps) const {
  const size_t begin = origin > steps ? origin - steps : 0;
  return baseline.forecast({series.values.data() + begin, origin - begin}, season_, written_);
}

std::vector<double> Windows::base_of(const Series& series, size_t origin, const WindowScale& scale) const {
  std::vector<double> mean(written_);
  for (const Baseline* base : bases_) {
    const std::vector<double> one =
        base ? forecast_of(*base, series, origin, base_reads_) : std::vector<double>(written_, scale.center);
    for (size_t k = 0; k < written_; ++k) mean[k] += one[k] / static_cast<double>(bases_.size());
  }
  return mean;
}

void Windows::fill_target(const Series& series, size_t origin, const WindowScale& scale, float* target) const {
  const std::vector<double> base = base_of(series, origin, scale);
  for (size_t k = 0; k < written_; ++k) {
    const size_t i = origin + k;
    target[k] =
        k < horizon_ && i < series.values.size() ? static_cast<float>((series.values[i] - base[k]) / scale.scale) : NAN;
  }
}

}  // namespace elman
