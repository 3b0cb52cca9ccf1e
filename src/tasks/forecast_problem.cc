#include "tasks/forecast_problem.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "tasks/blend.h"

namespace elman {
namespace {

constexpr size_t kMaxValidationWindows = 2048;
constexpr size_t kEvaluationBatch = 512;
constexpr double kWeightCap = 10.0;  // times the median weight of the batch

double seasonal_naive_error(const std::vector<double>& y, size_t season) {
  double sum = 0.0;
  size_t count = 0;
  for (size_t i = season; i < y.size(); ++i) {
    const double error = std::abs(y[i] - y[i - season]);
    if (std::isnan(error)) continue;
    sum += error;
    ++count;
  }
  return count ? sum / static_cast<double>(count) : 0.0;
}

double mean_size(const std::vector<double>& y) {
  double sum = 0.0;
  size_t count = 0;
  for (const double v : y) {
    if (std::isnan(v)) continue;
    sum += std::abs(v);
    ++count;
  }
  return count ? sum / static_cast<double>(count) : 0.0;
}

double weight_of(const Series& series, size_t season) {
  const double error = seasonal_naive_error(series.values, season), size = mean_size(series.values);
  if (error > 0 && size > 0) return 1.0 / std::sqrt(error * size);
  return size > 0 ? 1.0 / size : 1.0;
}

}  // namespace

std::vector<WindowIndex> even_choice(std::vector<WindowIndex> windows, size_t most) {
  if (windows.size() <= most) return windows;
  std::vector<WindowIndex> chosen;
  for (size_t k = 0; k < most; ++k) chosen.push_back(windows[k * windows.size() / most]);
  return chosen;
}

ForecastProblem::ForecastProblem(const SeriesSet& data, const ForecastConfig& config, const Covariates& covariates,
                                 Network<float>& network, ThreadPool& pool, Validation validation,
                                 const TapeMemory& memory)
    : data_(data),
      config_(config),
      network_(network),
      head_(find_head(config.head).make(config.quantiles)),
      windows_(config, data.frequency, covariates),
      scratch_(pool) {
  tape_.checkpoint_every = network.checkpoints(Steps(windows_.steps(), config.batch_size), memory);
  for (uint32_t i = 0; i < data.series.size(); ++i) {
    series_weight_.push_back(weight_of(data.series[i], config.season));
    split_series(i, validation);
  }
  if (training_.empty())
    fail(ErrorCode::kData,
         "{}: no series is long enough for a training window of {} steps ahead; give more data or a smaller --horizon",
         data.path, config.horizon);
  validation_ = even_choice(std::move(validation_), kMaxValidationWindows);
}

void ForecastProblem::split_series(uint32_t index, Validation validation) {
  const Split split = split_of(data_.series[index], config_, validation == Validation::kHeldOut);
  if (split.training == 0) return;
  windows_trained_ += split.training;
  training_.push_back({index, static_cast<uint32_t>(split.first), static_cast<uint32_t>(split.training)});
  const bool all = validation == Validation::kEverything;
  const size_t length = data_.series[index].values.size();
  const size_t first = all ? first_judged(split, length) : split.first_validation(length);
  const size_t end = all ? split.first + split.training : first + split.validation;
  for (size_t origin = first; origin < end; ++origin) validation_.push_back({index, static_cast<uint32_t>(origin)});
}

// Of a past that judges, the origin from which on Theta knows a season, if there is one, and a third of the values.
size_t ForecastProblem::first_judged(const Split& split, size_t length) const {
  const size_t last = split.first + split.training - 1, seasonal = 2 * config_.season;
  return std::clamp(length / 3, seasonal <= last ? seasonal : split.first, last);
}

void ForecastProblem::gather(const std::vector<WindowIndex>& windows) {
  const size_t batch = windows.size(), h = config_.written_steps();
  const View<float> x = x_.matrix(windows_.steps() * batch, windows_.features());
  const View<float> target = target_.matrix(batch, h);
  scales_.resize(batch);
  scratch_.pool.split(batch, 16, [&](size_t begin, size_t end) {
    for (size_t b = begin; b < end; ++b) {
      const Series& series = data_.series[windows[b].series];
      const WindowScale scale = windows_.fill_input(series, windows[b].origin, x, batch, b);
      windows_.fill_target(series, windows[b].origin, scale, target.row(b));
      scales_[b] = scale.scale;
    }
  });
  weigh(windows);
}

void ForecastProblem::weigh(const std::vector<WindowIndex>& windows) {
  weights_.resize(windows.size());
  if (!head_->loss_has_units()) return weights_.fill(1.0f);
  for (size_t b = 0; b < windows.size(); ++b)
    weights_[b] = static_cast<float>(scales_[b] * series_weight_[windows[b].series]);
  std::vector<float> sorted(weights_.begin(), weights_.end());
  std::nth_element(sorted.begin(), sorted.begin() + static_cast<ptrdiff_t>(sorted.size() / 2), sorted.end());
  const float cap = static_cast<float>(kWeightCap) * sorted[sorted.size() / 2];
  for (float& weight : weights_) weight = std::min(weight, cap);
}

LossValue ForecastProblem::train_batch(size_t batch, const Random& dropout) {
  Random random(config_.seed, (static_cast<uint64_t>(epoch_) << 32) + batch);
  std::vector<WindowIndex> windows(config_.batch_size);
  for (WindowIndex& w : windows) {
    const Range& range = training_[random.below(training_.size())];
    w = {range.series, range.first + static_cast<uint32_t>(random.below(range.count))};
  }
  gather(windows);
  const Steps steps(windows_.steps(), windows.size());
  const View<float> x = x_.matrix(steps.rows(), windows_.features());
  const View<float> prediction = network_.forward(scratch_, steps, x, nullptr, &tape_, &dropout);
  const View<float> d_prediction = d_prediction_.matrix(prediction.rows, prediction.cols);
  const LossValue loss = head_->evaluate(prediction, target_.matrix(windows.size(), config_.written_steps()), scales_,
                                         weights_.data(), d_prediction, scratch_.pool);
  network_.backward(scratch_, steps, tape_, d_prediction);
  return loss;
}

void ForecastProblem::for_each_validation_batch(const VisitBatch& visit) {
  for (size_t first = 0; first < validation_.size(); first += kEvaluationBatch) {
    const std::vector<WindowIndex> windows(
        validation_.begin() + static_cast<ptrdiff_t>(first),
        validation_.begin() + static_cast<ptrdiff_t>(std::min(first + kEvaluationBatch, validation_.size())));
    gather(windows);
    const Steps steps(windows_.steps(), windows.size());
    const View<float> prediction = network_.forward(scratch_, steps, x_.matrix(steps.rows(), windows_.features()));
    blend_all(windows, prediction);
    visit(prediction, target_.matrix(windows.size(), config_.written_steps()));
  }
}

void ForecastProblem::blend_all(const std::vector<WindowIndex>& windows, View<float> prediction) {
  if (blends_nothing(config_)) return;
  scratch_.pool.split(windows.size(), 16, [&](size_t begin, size_t end) {
    for (size_t b = begin; b < end; ++b) {
      const Series& series = data_.series[windows[b].series];
      const size_t origin = windows[b].origin;
      const WindowScale scale = windows_.measure(series, origin);
      blend(config_, *head_, windows_, series, origin, scale, windows_.base_of(series, origin, scale),
            prediction.row(b));
    }
  });
}

std::vector<CarriedBuffer> ForecastProblem::carried() {
  std::vector<CarriedBuffer> buffers;
  for (size_t k = 0; carried_ && k < carried_->size(); ++k)
    buffers.push_back({fmt::format("member.{}", k), &(*carried_)[k]});
  return buffers;
}

double ForecastProblem::validate() {
  LossValue total;
  for_each_validation_batch([&](ConstView<float> prediction, ConstView<float> target) {
    const LossValue loss = head_->evaluate(prediction, target, scales_, weights_.data(), {}, scratch_.pool);
    total.sum += loss.sum;
    total.count += loss.count;
  });
  return total.count > 0 ? total.mean() : NAN;
}

Calibration ForecastProblem::calibrate() {
  CalibrationScores scores(config_.quantiles, config_.horizon, calendar_places(data_.frequency));
  const size_t levels = config_.quantiles.size();
  std::vector<float> row(config_.horizon * levels);
  size_t window = 0;
  for_each_validation_batch([&](ConstView<float> prediction, ConstView<float> target) {
    for (size_t b = 0; b < target.rows; ++b, ++window) {
      for (size_t step = 0; step < config_.horizon; ++step)
        head_->quantiles(prediction.row(b) + step * head_->outputs(), scales_[b], {&row[step * levels], levels});
      const WindowIndex& w = validation_[window];
      const bool goes_on = window > 0 && validation_[window - 1].series == w.series;
      scores.add(row.data(), target.row(b),
                 calendar_places(data_.frequency, data_.series[w.series].start, w.origin, config_.horizon),
                 goes_on ? w.origin - validation_[window - 1].origin : config_.horizon);
    }
  });
  return scores.finish();
}

PathDependence ForecastProblem::measure_dependence() {
  DependenceSums sums;
  std::vector<double> ranks(config_.horizon);
  for_each_validation_batch([&](ConstView<float> prediction, ConstView<float> target) {
    for (size_t b = 0; b < target.rows; ++b) {
      for (size_t step = 0; step < config_.horizon; ++step) {
        const double y = target.row(b)[step];
        const float* raw = prediction.row(b) + step * head_->outputs();
        ranks[step] = std::isnan(y) ? NAN : head_->rank(raw, scales_[b], y);
      }
      sums.add(ranks);
    }
  });
  return sums.finish();
}

}  // namespace elman
