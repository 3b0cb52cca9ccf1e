// Every kind of forecaster does what forecasters do.
#include "tasks/forecast_family.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdio>

#include "data/expect_error.h"
#include "tasks/backtest.h"
#include "tasks/forecast_fixtures.h"
#include "tasks/forecast_head.h"
#include "tasks/forecast_network.h"
#include "tasks/windows.h"

namespace elman {
namespace {

class EveryFamilyTest : public testing::TestWithParam<ForecastFamily> {
 protected:
  ForecastConfig config() const {
    ForecastConfig config = quick();
    config.model = GetParam().name;
    return config;
  }
  ThreadPool pool_{1};
};

INSTANTIATE_TEST_SUITE_P(Families, EveryFamilyTest, testing::ValuesIn(forecast_families()),
                         [](const auto& family) { return std::string(family.param.name); });

TEST_P(EveryFamilyTest, BeatsNaiveAndSeasonalNaiveOnTrendAndSeason) {
  const SeriesSet data = make_series(4, 120);
  ForecastConfig config = this->config();
  config.epochs = 8;
  config.look_back = 36;
  const BacktestOptions options{.windows = 3};
  const ForecastModel model = ForecastModel::train(before_first_origin(data, config.horizon, options), config, pool_);
  const BacktestReport report = backtest(model, data, options, pool_);
  for (const char* baseline : {"naive", "seasonal_naive"}) {
    const auto found = std::find_if(report.methods.begin(), report.methods.end(),
                                    [&](const auto& method) { return method.name == baseline; });
    ASSERT_NE(found, report.methods.end());
    EXPECT_LT(report.methods[0].metrics.mase, 0.7 * found->metrics.mase) << baseline;
  }
}

TEST_P(EveryFamilyTest, SavedAndLoadedGoesBeyondTheHorizonWithTheSameNumbers) {
  const ForecastModel model = ForecastModel::train(make_series(2, 90), config(), pool_);
  const std::string path = testing::TempDir() + "family_test_" + model.config().model + ".safetensors";
  model.save(path);
  const ForecastModel loaded = ForecastModel::load(path);
  std::remove(path.c_str());
  EXPECT_EQ(loaded.config().model, GetParam().name);
  EXPECT_EQ(loaded.config().head, GetParam().head);
  const auto trained = model.forecast(nullptr, 6, {0.1, 0.5, 0.9}, pool_),
             longer = model.forecast(nullptr, 15, {0.1, 0.5, 0.9}, pool_),
             read = loaded.forecast(nullptr, 15, {0.1, 0.5, 0.9}, pool_);
  for (size_t i = 0; i < 2; ++i) {
    EXPECT_EQ(read[i].quantiles, longer[i].quantiles);
    ASSERT_EQ(longer[i].y_hat.size(), 15u);
    EXPECT_TRUE(std::equal(trained[i].y_hat.begin(), trained[i].y_hat.end(), longer[i].y_hat.begin()));
    for (const auto& level : longer[i].quantiles)
      for (const double v : level) EXPECT_TRUE(std::isfinite(v));
  }
}

TEST_P(EveryFamilyTest, ResumedEndsAsIfNeverStopped) {
  const SeriesSet data = make_series(2, 90);
  const std::vector<float> whole = weights(ForecastModel::train(data, config(), pool_));
  const std::string checkpoint = testing::TempDir() + "family_test_" + std::string(GetParam().name) + ".checkpoint";
  for (const int stop_at : {37, 110}) {  // in the first training; in one of those on all data
    int polls = 0;
    TrainRun run;
    run.checkpoint = checkpoint;
    run.observer.interrupted = [&] { return ++polls == stop_at; };
    EXPECT_THROW(ForecastModel::train(data, config(), pool_, run), Error) << "was not interrupted at " << stop_at;
    run.resume = true;
    EXPECT_EQ(weights(ForecastModel::train(data, config(), pool_, run)), whole) << "stopped at " << stop_at;
  }
  ThreadPool three(3);
  EXPECT_EQ(weights(ForecastModel::train(data, config(), three)), whole);
}

// Joined, two members of random weights write the mean of what each writes alone: those that read their own forecasts
// go on from their own.
TEST_P(EveryFamilyTest, AnEnsembleWritesTheMeanOfItsMembers) {
  const SeriesSet data = make_series(1, 90);
  const ForecastConfig config = resolve(this->config(), data);
  const Covariates none;
  const Windows windows(config, data.frequency, none);
  const Steps steps(windows.steps(), 3);
  Tensor<float> x(steps.rows(), windows.features());
  Random random(1, 1);
  for (size_t i = 0; i < x.size(); ++i) x.data()[i] = static_cast<float>(random.uniform(-1, 1));
  Scratch<float> scratch(pool_);
  std::vector<Buffer<float>> members;
  std::vector<std::vector<float>> outputs;
  for (size_t k = 0; k < 2; ++k) {
    Network<float> member(forecast_network(config, windows));
    for (float& value : member.parameters().values()) value = static_cast<float>(random.uniform(-0.4, 0.4));
    member.pack(false);
    const View<float> y = member.forward(scratch, steps, x);
    outputs.emplace_back(y.data, y.data + y.rows * y.cols);
    members.push_back(member.parameters().values().copy());
  }
  const auto joined = join_networks(config, windows, members, {});
  const View<float> mean = joined->forward(scratch, steps, x);
  double apart = 0;
  for (size_t i = 0; i < outputs[0].size(); ++i) {
    EXPECT_NEAR(mean.data[i], (outputs[0][i] + outputs[1][i]) / 2, 1e-5);
    apart = std::max<double>(apart, std::abs(outputs[0][i] - outputs[1][i]));
  }
  EXPECT_GT(apart, 1e-2);
}

// With every head, gaps in the data, and without recurrence.
TEST_P(EveryFamilyTest, TrainsWithEveryHead) {
  SeriesSet data = make_series(2, 90);
  for (Series& s : data.series)
    for (double& v : s.values) v = std::round(v);
  for (size_t t = 0; t < 90; t += 7) data.series[0].values[t] = NAN;
  for (const HeadEntry& head : forecast_heads())
    for (const size_t layers : {0, 1}) {
      ForecastConfig config = this->config();
      config.head = head.name;
      config.num_layers = layers;
      config.epochs = config.ensemble = 1;
      const ForecastModel model = ForecastModel::train(data, config, pool_);
      EXPECT_EQ(model.record().skipped_steps, 0u) << head.name;
      for (const Forecast& f : model.forecast(nullptr, 0, {0.1, 0.5, 0.9}, pool_))
        for (const double v : f.y_hat) EXPECT_NEAR(v, 150, 150) << head.name << ", " << layers << " layers";
    }
}

TEST_P(EveryFamilyTest, SaysWhatItDoes) {
  const SeriesSet data = make_series(1, 120);
  const std::string text = fmt::format("{}", fmt::join(explain(resolve(config(), data), data), "\n"));
  EXPECT_NE(text.find(fmt::format("model {}: {}", GetParam().name, GetParam().meaning)), std::string::npos) << text;
  EXPECT_EQ(text.find("each read by the next") != std::string::npos, GetParam().closed_loop) << text;
  EXPECT_EQ(text.find("side by side") == std::string::npos, GetParam().closed_loop) << text;
}

// What is fed back is in the units of what is read: of the level alone, a step at a time.
TEST_P(EveryFamilyTest, ALoopCorrectsTheLevelOfSingleSteps) {
  const SeriesSet data = make_series(1, 120);
  const ForecastConfig chosen = resolve(config(), data);
  EXPECT_EQ(chosen.bases.size() == 1, GetParam().closed_loop);
  EXPECT_EQ(chosen.segment == 1, GetParam().closed_loop);
  if (!GetParam().closed_loop) return;
  ForecastConfig bad = config();
  bad.bases = {"theta"};
  expect_error(ErrorCode::kUsage, {"--base theta", "--model " + bad.model, "--base level"},
               [&] { resolve(bad, data); });
  bad = config();
  bad.segment = 12;
  expect_error(ErrorCode::kUsage, {"--segment 12", "--model " + bad.model}, [&] { resolve(bad, data); });

  const Covariates none;
  const Windows windows(chosen, data.frequency, none);
  Tensor<float> x(windows.steps(), windows.features());
  std::vector<float> target(chosen.horizon);
  const WindowScale scale = windows.fill_input(data.series[0], 80, x, 1, 0);
  windows.fill_target(data.series[0], 80, scale, target.data());
  const WindowScale next = windows.fill_input(data.series[0], 81, x, 1, 0);
  const double read = next.center + next.scale * x(chosen.look_back - 1, windows.value_column());
  EXPECT_NEAR(scale.center + scale.scale * target[0], read, 1e-4);
  for (size_t step = 0; step < windows.steps(); ++step) EXPECT_EQ(x(step, windows.features() - 1), 1.0f) << step;
}

TEST(ForecastFamily, LagsLieInTheLookBack) {
  const auto lags = [](const char* model, size_t season, size_t look_back) {
    ForecastConfig config;
    config.model = model;
    config.season = season;
    config.look_back = look_back;
    return find_family(model).lags(config);
  };
  using Lags = std::vector<size_t>;
  EXPECT_EQ(lags("recursive", 12, 36), Lags{1});
  EXPECT_EQ(lags("global", 12, 36), (Lags{1, 2, 3, 11, 12, 13, 24}));
  EXPECT_EQ(lags("global", 12, 30), (Lags{1, 2, 3, 11, 12, 13}));
  EXPECT_EQ(lags("global", 1, 12), (Lags{1, 2, 3}));
  EXPECT_EQ(lags("global", 4, 12), (Lags{1, 2, 3, 4, 5, 8}));
  EXPECT_EQ(lags("global", 24, 336), (Lags{1, 2, 3, 23, 24, 25, 48, 168}));
  EXPECT_EQ(lags("global", 12, 1), Lags{1});
  for (const ForecastFamily& family : forecast_families())
    for (const size_t season : {1, 4, 7, 12, 24, 52, 1440})
      for (const size_t length : {8, 30, 2000}) {
        ForecastConfig config = quick();
        config.model = family.name;
        config.season = season;
        config = resolve(config, make_series(1, length));
        if (!family.lags) continue;
        EXPECT_LE(family.lags(config).back(), config.look_back) << family.name << " " << season;
      }
}

TEST(ForecastFamily, UnknownOnesAreNamed) {
  expect_error(ErrorCode::kUsage, {"no model 'globl'", "did you mean 'global'?", "segment, global, recursive"},
               [] { find_family("globl"); });
}

}  // namespace
}  // namespace elman
