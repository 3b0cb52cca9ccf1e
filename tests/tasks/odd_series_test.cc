// Series that leave little to learn from: every kind of forecaster, with every head, answers in finite numbers or says
// why it cannot.
#include <gtest/gtest.h>

#include <cmath>
#include <functional>

#include "tasks/backtest.h"
#include "tasks/forecast_family.h"
#include "tasks/forecast_fixtures.h"
#include "tasks/forecast_head.h"

namespace elman {
namespace {

constexpr size_t kHorizon = 4;

std::vector<double> counted_up(size_t length) {
  std::vector<double> values(length);
  for (size_t t = 0; t < length; ++t) values[t] = static_cast<double>(3 + t % 5);
  return values;
}

struct OddSeries {
  const char* name;
  std::vector<double> values;
};

std::vector<OddSeries> odd_series() {
  std::vector<double> ends_missing = counted_up(40), mostly_missing(40, NAN);
  std::fill(ends_missing.end() - 2 * kHorizon, ends_missing.end(), NAN);
  mostly_missing[20] = 3;
  return {{"no value", {}},
          {"1 value", counted_up(1)},
          {"2 values", counted_up(2)},
          {"3 values", counted_up(3)},
          {"as long as the horizon", counted_up(kHorizon)},
          {"1 longer than the horizon", counted_up(kHorizon + 1)},
          {"2 longer than the horizon", counted_up(kHorizon + 2)},
          {"2 horizons", counted_up(2 * kHorizon)},
          {"3 horizons", counted_up(3 * kHorizon)},
          {"constant", std::vector<double>(40, 7.0)},
          {"a large constant", std::vector<double>(40, 4e6)},
          {"zeros", std::vector<double>(40, 0.0)},
          {"missing at its end", ends_missing},
          {"missing but for one", mostly_missing},
          {"missing", std::vector<double>(40, NAN)}};
}

// Those of a set with usual ones beside it.
SeriesSet among_others(const SeriesSet& odd) {
  SeriesSet set = odd;
  for (size_t i = 0; i < 2; ++i) {
    set.series.insert(set.series.begin(), odd.series[0]);
    set.series[0].id = fmt::format("usual {}", i);
    set.series[0].values = counted_up(48);
  }
  return set;
}

class OddSeriesTest : public testing::TestWithParam<std::tuple<ForecastFamily, HeadEntry>> {
 protected:
  static ForecastConfig config() {
    ForecastConfig config = quick();
    config.model = std::get<0>(GetParam()).name;
    config.head = std::get<1>(GetParam()).name;
    config.horizon = kHorizon;
    config.hidden_size = 4;
    config.epochs = config.ensemble = 1;
    config.batches_per_epoch = 3;
    config.batch_size = 4;
    return config;
  }

  static SeriesSet set_of(const OddSeries& odd) {
    SeriesSet set = make_series(1, 1);
    set.series[0].id = odd.name;
    set.series[0].values = odd.values;
    return set;
  }

  // Whether it could be done; if not, the message names the data.
  static bool done(const std::function<void()>& task) {
    try {
      task();
      return true;
    } catch (const Error& e) {
      EXPECT_EQ(e.code(), ErrorCode::kData) << e.what();
      EXPECT_EQ(std::string(e.what()).find("made.csv: "), 0u) << e.what();
      return false;
    }
  }

  // Forecasts, sample paths and, where there is room for a window, a backtest.
  void use(const ForecastModel& model, const SeriesSet& data) {
    for (const Forecast& f : model.forecast(&data, kHorizon + 2, {0.1, 0.5, 0.9}, pool_)) {
      expect_finite(f.y_hat, f.id);
      expect_finite(f.mean, f.id);
      for (const auto& level : f.quantiles) expect_finite(level, f.id);
    }
    model.sample(&data, kHorizon + 2, 3, 1, pool_, [&](const SamplePaths& drawn) {
      for (const auto& path : drawn.paths) expect_finite(path, drawn.id);
    });
    done([&] {
      const BacktestReport report = backtest(model, data, {.windows = 1}, pool_, [&](const BacktestedSeries& series) {
        for (const auto& level : series.forecasts[0]) expect_finite(level, series.series.id);
      });
      for (const MethodResult& method : report.methods)
        EXPECT_TRUE(method.metrics.points == 0 || std::isfinite(method.metrics.judged())) << method.name;
      EXPECT_FALSE(report.verdict.empty());
    });
  }

  static void expect_finite(const std::vector<double>& values, const std::string& series) {
    for (const double v : values) EXPECT_TRUE(std::isfinite(v)) << series << ": " << v;
  }

  ThreadPool pool_{1};
};

INSTANTIATE_TEST_SUITE_P(Forecasters, OddSeriesTest,
                         testing::Combine(testing::ValuesIn(forecast_families()), testing::ValuesIn(forecast_heads())),
                         [](const auto& each) {
                           return fmt::format("{}_{}", std::get<0>(each.param).name, std::get<1>(each.param).name);
                         });

TEST_P(OddSeriesTest, AloneIsForecastOrRefused) {
  size_t trained = 0;
  for (const OddSeries& odd : odd_series()) {
    SCOPED_TRACE(odd.name);
    const SeriesSet data = set_of(odd);
    trained += done([&] { use(ForecastModel::train(data, config(), pool_), data); });
  }
  EXPECT_EQ(trained, 9u);  // those of 40 steps, and of the short those that leave a third to see
}

TEST_P(OddSeriesTest, AmongOthersIsForecast) {
  for (const OddSeries& odd : odd_series()) {
    SCOPED_TRACE(odd.name);
    const SeriesSet data = among_others(set_of(odd));
    EXPECT_TRUE(done([&] { use(ForecastModel::train(data, config(), pool_), data); }));
  }
}

TEST_P(OddSeriesTest, SeenForTheFirstTimeIsForecast) {
  SeriesSet usual = among_others(set_of(odd_series()[0]));
  usual.series.pop_back();
  const ForecastModel model = ForecastModel::train(usual, config(), pool_);
  for (const OddSeries& odd : odd_series()) {
    SCOPED_TRACE(odd.name);
    EXPECT_TRUE(done([&] { use(model, set_of(odd)); }));
    EXPECT_TRUE(done([&] { use(model, among_others(set_of(odd))); }));
  }
}

}  // namespace
}  // namespace elman
