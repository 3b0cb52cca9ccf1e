#include "tasks/ridge.h"

#include <algorithm>
#include <cmath>

#include "kernels/elementwise.h"
#include "layers/products.h"
#include "model/network.h"
#include "tasks/forecast_problem.h"
#include "tasks/split.h"

namespace elman {
namespace {

constexpr size_t kLongestLookBack = 1024;
constexpr size_t kFarSeasons = 4;
constexpr size_t kMostWindows = 1 << 14;  // fitted: neighbours are nearly the same
constexpr size_t kWindowsForErrors = 1 << 11;
constexpr size_t kBatch = 512;
constexpr double kPenalty = 0.3;  // of the mean square of an input, for each window
constexpr double kClamp = 10.0;   // of targets, as of inputs

// Those that train, with all of the look-back known, or, of a series too short for one, the last.
std::vector<WindowIndex> full_windows(const SeriesSet& data, const ForecastConfig& config, bool hold_out) {
  std::vector<WindowIndex> windows;
  for (size_t i = 0; i < data.series.size(); ++i) {
    const Split split = split_of(data.series[i], config, hold_out);
    if (split.training == 0) continue;
    const size_t last = split.first + split.training - 1;
    for (size_t origin = std::clamp(config.look_back, split.first, last); origin <= last; ++origin)
      windows.push_back({static_cast<uint32_t>(i), static_cast<uint32_t>(origin)});
  }
  return windows;
}

// G, symmetric and positive definite, becomes its Cholesky factor U with U^T U = G, in the upper triangle; x, the
// solution of G X = x.
void solve(View<double> g, View<double> x) {
  const size_t n = g.rows;
  const auto from = [&](size_t row, size_t col) { return std::span<double>(g.row(row) + col, n - col); };
  const auto row = [&](size_t i) { return std::span<double>(x.row(i), x.cols); };
  for (size_t k = 0; k < n; ++k) {
    scale(1 / std::sqrt(g(k, k)), from(k, k));
    for (size_t i = k + 1; i < n; ++i) axpy(-g(k, i), from(k, i), from(i, i));
  }
  for (size_t i = 0; i < n; ++i) {
    for (size_t k = 0; k < i; ++k) axpy(-g(k, i), row(k), row(i));
    scale(1 / g(i, i), row(i));
  }
  for (size_t i = n; i-- > 0;) {
    for (size_t k = i + 1; k < n; ++k) axpy(-g(i, k), row(k), row(i));
    scale(1 / g(i, i), row(i));
  }
}

class RidgeFit {
 public:
  RidgeFit(const SeriesSet& data, const ForecastConfig& config, const Windows& windows, ThreadPool& pool)
      : data_(data),
        config_(config),
        windows_(windows),
        pool_(pool),
        inputs_(config.look_back + 1),
        steps_(config.written_steps()) {}

  Buffer<float> parameters(const std::vector<WindowIndex>& origins) {
    fit(even_choice(origins, kMostWindows));
    return written(error_quantiles(even_choice(origins, kWindowsForErrors)));
  }

 private:
  // Calls visit(inputs [windows, look_back + 1], targets [windows, steps]) for batches of windows; the last input is 1.
  template <class Visit>
  void for_each_batch(const std::vector<WindowIndex>& origins, Visit&& visit) {
    for (size_t first = 0; first < origins.size(); first += kBatch) {
      const size_t batch = std::min(kBatch, origins.size() - first);
      const View<double> inputs = inputs_buffer_.matrix(batch, inputs_),
                         targets = targets_buffer_.matrix(batch, steps_);
      pool_.split(batch, 16, [&](size_t begin, size_t end) {
        Buffer<float> x, target(steps_);
        for (size_t b = begin; b < end; ++b) {
          const Series& series = data_.series[origins[first + b].series];
          const size_t origin = origins[first + b].origin;
          const View<float> rows = x.matrix(windows_.steps(), windows_.features());
          const WindowScale scale = windows_.fill_input(series, origin, rows, 1, 0);
          for (size_t i = 0; i < config_.look_back; ++i)
            inputs(b, i) = rows(i / config_.segment, windows_.value_column() + i % config_.segment);
          inputs(b, config_.look_back) = 1;
          windows_.fill_target(series, origin, scale, target.data());
          for (size_t k = 0; k < steps_; ++k) targets(b, k) = std::clamp<double>(target.data()[k], -kClamp, kClamp);
        }
      });
      visit(inputs, targets);
    }
  }

  void fit(const std::vector<WindowIndex>& origins) {
    const View<double> g = squares_.matrix(inputs_, inputs_), r = solution_.matrix(inputs_, steps_);
    squares_.fill(0);
    solution_.fill(0);
    std::vector<double> known(steps_);  // windows whose value at a step was observed
    for_each_batch(origins, [&](View<double> inputs, View<double> targets) {
      for (size_t b = 0; b < targets.rows; ++b)
        for (size_t k = 0; k < steps_; ++k) {
          if (std::isnan(targets(b, k))) targets(b, k) = 0;
          else ++known[k];
        }
      add_gradient<double>(pool_, inputs, inputs, g);
      add_gradient<double>(pool_, inputs, targets, r);
    });
    const auto all = static_cast<double>(origins.size());
    double squares = 0;
    for (size_t i = 0; i < config_.look_back; ++i) squares += g(i, i);
    const double penalty = kPenalty * std::max(squares / static_cast<double>(config_.look_back), 1e-3 * all);
    for (size_t i = 0; i < config_.look_back; ++i) g(i, i) += penalty;
    for (size_t k = 0; k < steps_; ++k)
      for (size_t i = 0; known[k] > 0 && i < inputs_; ++i) r(i, k) *= all / known[k];
    solve(g, r);
  }

  // [steps * levels]
  std::vector<double> error_quantiles(const std::vector<WindowIndex>& origins) {
    const View<double> solution = solution_.matrix(inputs_, steps_);
    PackedMatrix<double> map;
    map.pack(solution, {}, &pool_);
    std::vector<std::vector<double>> errors(steps_);
    Buffer<double> buffer;
    for_each_batch(origins, [&](View<double> inputs, View<double> targets) {
      const View<double> forecast = buffer.matrix(inputs.rows, steps_);
      multiply<double>(pool_, inputs, map, forecast, GemmStart::kZero);
      for (size_t b = 0; b < inputs.rows; ++b)
        for (size_t k = 0; k < steps_; ++k)
          if (!std::isnan(targets(b, k))) errors[k].push_back(targets(b, k) - forecast(b, k));
    });
    const std::vector<double>& levels = config_.quantiles;
    std::vector<double> quantiles(steps_ * levels.size());
    for (size_t k = 0; k < steps_; ++k) {
      std::sort(errors[k].begin(), errors[k].end());
      for (size_t q = 0; !errors[k].empty() && q < levels.size(); ++q)
        quantiles[k * levels.size() + q] = errors[k][std::min(
            errors[k].size() - 1, static_cast<size_t>(levels[q] * static_cast<double>(errors[k].size())))];
    }
    return quantiles;
  }

  Buffer<float> written(const std::vector<double>& quantiles) {
    const Network<float> network({windows_.features(), ridge_layers(config_, windows_)});
    Buffer<float> values;
    values.resize_zero(network.parameters().values().size());
    const Parameter &weight = *network.parameters().find("ridge.weight"),
                    &bias = *network.parameters().find("ridge.bias");
    const View<double> solution = solution_.matrix(inputs_, steps_);
    const size_t levels = config_.quantiles.size();
    for (size_t row = 0; row < steps_ * levels; ++row) {
      float* to = values.data() + weight.offset + row * weight.cols();
      for (size_t i = 0; i < config_.look_back; ++i)
        to[i / config_.segment * windows_.features() + windows_.value_column() + i % config_.segment] =
            static_cast<float>(solution(i, row / levels));
      values.data()[bias.offset + row] = static_cast<float>(solution(config_.look_back, row / levels) + quantiles[row]);
    }
    return values;
  }

  const SeriesSet& data_;
  const ForecastConfig& config_;
  const Windows& windows_;
  ThreadPool& pool_;
  size_t inputs_, steps_;
  Buffer<double> inputs_buffer_, targets_buffer_, squares_, solution_;
};

}  // namespace

bool suits_ridge(const ForecastConfig& config) {
  return config.horizon >= kFarSeasons * config.season && config.head == "quantile" && corrects_forecasts(config) &&
         config.look_back <= kLongestLookBack;
}

std::vector<LayerConfig> ridge_layers(const ForecastConfig& config, const Windows& windows) {
  const size_t past = windows.past_steps();
  return {Crop{.first = 0, .count = past}, Flatten{past},
          Linear{.output_size = config.written_steps() * config.quantiles.size(), .zero_start = true, .name = "ridge"}};
}

Buffer<float> fit_ridge(const SeriesSet& data, const ForecastConfig& config, const Windows& windows, bool hold_out,
                        ThreadPool& pool) {
  return RidgeFit(data, config, windows, pool).parameters(full_windows(data, config, hold_out));
}

}  // namespace elman
