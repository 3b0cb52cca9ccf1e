#include "tasks/ridge.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "tasks/forecast_fixtures.h"
#include "tasks/forecast_network.h"
#include "tasks/split.h"

namespace elman {
namespace {

// 24 steps ahead, from the 12 before, of months in segments of 4.
ForecastConfig far_ahead() {
  ForecastConfig config = quick();
  config.horizon = 22;
  config.segment = 4;
  config.look_back = 12;
  config.season = 4;
  config.head = "quantile";
  config.bases = {"level"};
  config.validation_share = 0.1;
  return config;
}

struct Fitted {
  ConstView<float> weight, bias;
  Buffer<float> values;
};

class Ridge : public testing::Test {
 protected:
  Fitted fit(const SeriesSet& data, const ForecastConfig& config, bool hold_out = false, size_t threads = 2) {
    const Covariates none;
    const Windows windows(config, data.frequency, none);
    ThreadPool pool(threads);
    Fitted fitted{{}, {}, fit_ridge(data, config, windows, hold_out, pool)};
    const Network<float> network({windows.features(), ridge_layers(config, windows)});
    const auto of = [&](const char* name) {
      const Parameter& p = *network.parameters().find(name);
      return ConstView<float>(fitted.values.data() + p.offset, p.rows(), p.cols());
    };
    fitted.weight = of("ridge.weight");
    fitted.bias = of("ridge.bias");
    return fitted;
  }
};

// The gradient of what least squares with a penalty minimises is zero at every weight, by sums of its own.
TEST_F(Ridge, IsWhereThePenalisedSquaresAreLeast) {
  SeriesSet data = make_series(2, 150);
  for (size_t t = 30; t < 150; t += 17) data.series[1].values[t] = NAN;
  const ForecastConfig config = far_ahead();
  const Fitted fitted = fit(data, config);
  const Covariates none;
  const Windows windows(config, data.frequency, none);
  const size_t features = windows.features(), levels = config.quantiles.size(), median = 1;
  const auto column = [&](size_t i) { return i / 4 * features + windows.value_column() + i % 4; };
  for (size_t step = 0; step < config.horizon; step += 7) {
    double known = 0, all = 0, squares = 0;
    std::vector<double> slope(12);     // of the squares, by the weights
    std::vector<double> products(12);  // of inputs and targets
    std::vector<std::vector<double>> inputs;
    std::vector<double> mean(12);
    double mean_target = 0;
    for (const Series& series : data.series)
      for (size_t origin = 12; origin + config.horizon <= 150; ++origin) {
        const WindowScale scale = windows.measure(series, origin);
        std::vector<double> x(12);
        for (size_t i = 0; i < 12; ++i) {
          const double v = series.values[origin - 12 + i];
          x[i] = std::isnan(v) ? 0 : (v - scale.center) / scale.scale;
          squares += x[i] * x[i] / 12;
          mean[i] += x[i];
        }
        ++all;
        const double y = (series.values[origin + step] - scale.center) / scale.scale;
        if (!std::isnan(y)) {
          ++known;
          mean_target += y;
          for (size_t i = 0; i < 12; ++i) products[i] += x[i] * y;
        }
        inputs.push_back(x);
      }
    // The intercept is free of the penalty: in the middle of inputs and targets.
    double intercept = mean_target / known;
    for (size_t i = 0; i < 12; ++i) intercept -= fitted.weight(step * levels + median, column(i)) * mean[i] / all;
    for (const std::vector<double>& x : inputs) {
      double forecast = intercept;
      for (size_t i = 0; i < 12; ++i) forecast += fitted.weight(step * levels + median, column(i)) * x[i];
      for (size_t i = 0; i < 12; ++i) slope[i] += x[i] * forecast;
    }
    for (size_t i = 0; i < 12; ++i) {
      const double w = fitted.weight(step * levels + median, column(i));
      EXPECT_NEAR((slope[i] - products[i] * all / known) / all + 0.3 * squares / all * w, 0, 1e-4);
    }
  }
}

TEST_F(Ridge, ReadsValuesAlone) {
  const SeriesSet data = make_series(2, 150);
  const ForecastConfig config = far_ahead();
  const Fitted fitted = fit(data, config);
  const Covariates none;
  const Windows windows(config, data.frequency, none);
  for (size_t row = 0; row < fitted.weight.rows; ++row)
    for (size_t c = 0; c < fitted.weight.cols; ++c) {
      const size_t within = c % windows.features();
      const bool value = within >= windows.value_column() && within < windows.value_column() + config.segment;
      const bool written = row / config.quantiles.size() < config.horizon;
      EXPECT_EQ(fitted.weight(row, c) != 0, value && written) << row << " " << c;
    }
}

// The errors of the fit itself lie between the outer quantiles as often as they should.
TEST_F(Ridge, QuantilesLieAroundItByItsErrors) {
  SeriesSet data = make_series(1, 400, 0);
  Random random(5, 0);
  for (double& v : data.series[0].values) v += 30 * random.uniform(-1, 1);
  const ForecastConfig config = far_ahead();
  const Fitted fitted = fit(data, config);
  const Covariates none;
  const Windows windows(config, data.frequency, none);
  Network<float> network({windows.features(), ridge_layers(config, windows)});
  std::copy(fitted.values.begin(), fitted.values.end(), network.parameters().values().data());
  network.pack(false);
  ThreadPool pool(1);
  Scratch<float> scratch(pool);
  const Steps steps(windows.steps(), 1);
  Tensor<float> x(steps.rows(), windows.features());
  std::vector<float> target(config.written_steps());
  size_t inside = 0, below = 0, count = 0;
  for (size_t origin = 12; origin + config.horizon <= 400; ++origin) {
    const WindowScale scale = windows.fill_input(data.series[0], origin, x, 1, 0);
    windows.fill_target(data.series[0], origin, scale, target.data());
    const View<float> y = network.forward(scratch, steps, x);
    for (size_t k = 0; k < config.horizon; ++k, ++count) {
      const float* at = y.row(0) + k * 3;
      inside += target[k] >= at[0] && target[k] <= at[2];
      below += target[k] < at[1];
    }
  }
  EXPECT_NEAR(static_cast<double>(inside) / static_cast<double>(count), 0.8, 0.01);
  EXPECT_NEAR(static_cast<double>(below) / static_cast<double>(count), 0.5, 0.01);
}

TEST_F(Ridge, HasTheSameBitsOnEveryThreadCountAndSeesNothingHeldOut) {
  SeriesSet data = make_series(3, 150);
  const ForecastConfig config = far_ahead();
  const auto bits = [](const Fitted& f) { return std::vector<float>(f.values.begin(), f.values.end()); };
  const std::vector<float> first = bits(fit(data, config, true, 1));
  EXPECT_EQ(first, bits(fit(data, config, true, 3)));
  EXPECT_NE(first, bits(fit(data, config, false, 1)));
  for (Series& s : data.series)
    for (size_t k = s.values.size() - split_of(s, config, true).held; k < s.values.size(); ++k) s.values[k] += 50;
  EXPECT_EQ(first, bits(fit(data, config, true, 1)));
}

// A constant past, and steps that were never observed: nothing is divided by zero.
TEST_F(Ridge, TakesWhatTeachesNothing) {
  SeriesSet data = make_series(1, 150);
  std::fill(data.series[0].values.begin(), data.series[0].values.end(), 3.0);
  for (const double v : {3.0, static_cast<double>(NAN)}) {
    std::fill(data.series[0].values.begin() + 12, data.series[0].values.end(), v);
    const Fitted fitted = fit(data, far_ahead());
    EXPECT_TRUE(std::all_of(fitted.values.begin(), fitted.values.end(), [](float w) { return w == 0; }));
  }
}

// No window that trains knows all of the look-back.
TEST_F(Ridge, TakesSeriesShorterThanTheLookBack) {
  ForecastConfig config = far_ahead();
  config.look_back = 120;
  const Fitted fitted = fit(make_series(3, 100), config);
  EXPECT_TRUE(std::all_of(fitted.values.begin(), fitted.values.end(), [](float w) { return std::isfinite(w); }));
  EXPECT_TRUE(std::any_of(fitted.values.begin(), fitted.values.end(), [](float w) { return w != 0; }));
}

// Few long series, far ahead, of which the held-out part shows that the network knows less: here one that has hardly
// been trained.
TEST(RidgeShare, TheHeldOutPartDecides) {
  const SeriesSet data = make_series(1, 6000, 0);
  ThreadPool pool(2);
  ForecastConfig config = quick();
  config.horizon = 48;
  config.epochs = config.batches_per_epoch = 1;
  const auto share = [&] { return ForecastModel::train(data, config, pool).config().ridge_share; };
  EXPECT_GT(share(), 0.5);
  config.blend = false;
  EXPECT_EQ(share(), 0);
  config.blend = true;
  config.head = "student_t";
  EXPECT_EQ(share(), 0);
  config.head = "";
  config.horizon = 36;  // not far
  EXPECT_EQ(share(), 0);
}

}  // namespace
}  // namespace elman
