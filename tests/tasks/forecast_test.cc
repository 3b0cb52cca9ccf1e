#include "tasks/forecast.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <thread>

#include "model/model_file.h"
#include "tasks/backtest.h"
#include "tasks/forecast_decision.h"
#include "tasks/forecast_fixtures.h"
#include "tasks/forecast_problem.h"

namespace elman {
namespace {

TEST(Forecast, BeatsTheSeasonalNaiveOnTrendAndSeason) {
  ThreadPool pool(2);
  const SeriesSet data = make_series(4, 120);
  ForecastConfig config = quick();
  config.epochs = 10;
  const BacktestOptions options{.windows = 3};
  const ForecastModel model = ForecastModel::train(before_first_origin(data, config.horizon, options), config, pool);
  const BacktestReport report = backtest(model, data, options, pool);
  ASSERT_EQ(report.methods.front().name, "elman");
  ASSERT_EQ(report.methods[2].name, "seasonal_naive");
  EXPECT_LT(report.methods[0].metrics.mase, 0.5 * report.methods[2].metrics.mase);
  EXPECT_EQ(report.overlapping, 0u);
  EXPECT_EQ(report.windows, 12u);
  EXPECT_EQ(report.verdict.find("elman wins by"), 0u) << report.verdict;
  EXPECT_GT(report.methods[0].skill, 0.5);
}

TEST(Forecast, SaysWhenTheNaiveWins) {
  ThreadPool pool(1);
  SeriesSet data = make_series(1, 300);
  Random random(3, 0);
  double walk = 1000;
  for (double& v : data.series[0].values) v = walk += random.normal();
  ForecastConfig config = quick();
  config.epochs = 1;
  config.batches_per_epoch = 1;  // barely trained, and alone: any naive method must win
  config.blend = false;
  const BacktestOptions options{.windows = 40};
  const ForecastModel model = ForecastModel::train(before_first_origin(data, config.horizon, options), config, pool);
  const BacktestReport report = backtest(model, data, options, pool);
  EXPECT_EQ(report.verdict.find(report.best_naive + " wins by"), 0u) << report.verdict;
  EXPECT_LT(report.test.p_value, 0.05);
  EXPECT_GT(report.test.statistic, 0);
}

// Calibrated intervals hold those of the same network without calibration; the medians are the same.
TEST(Forecast, ConformalIntervalsAreWiderAndSaySo) {
  ThreadPool pool(1);
  SeriesSet data = make_series(2, 90);
  Random random(11, 0);
  for (Series& s : data.series)  // the held-out end is wilder than what is trained on
    for (size_t t = 81; t < 90; ++t) s.values[t] += random.uniform(-400, 400);
  std::string notes;
  TrainRun run;
  run.observer.on_note = [&](const std::string& text) { notes += text + "\n"; };
  ForecastConfig config = quick();
  const auto wide = ForecastModel::train(data, config, pool, run).forecast(nullptr, 0, {0.1, 0.5, 0.9}, pool);
  EXPECT_NE(notes.find("80 % interval: widened by"), std::string::npos) << notes;
  EXPECT_NE(notes.find("(conformal)"), std::string::npos) << notes;
  EXPECT_NE(notes.find("season 12 steps"), std::string::npos) << notes;
  config.conformal = false;
  notes.clear();
  const auto narrow = ForecastModel::train(data, config, pool, run).forecast(nullptr, 0, {0.1, 0.5, 0.9}, pool);
  EXPECT_EQ(notes.find("widened"), std::string::npos) << notes;
  EXPECT_NE(notes.find("not checked"), std::string::npos) << notes;
  for (size_t i = 0; i < wide.size(); ++i) {
    EXPECT_EQ(wide[i].y_hat, narrow[i].y_hat);
    for (size_t t = 0; t < wide[i].y_hat.size(); ++t) {
      EXPECT_LT(wide[i].quantiles[0][t], narrow[i].quantiles[0][t]);
      EXPECT_GT(wide[i].quantiles[2][t], narrow[i].quantiles[2][t]);
    }
  }
}

TEST(Forecast, SavedAndLoadedGivesTheSameNumbers) {
  ThreadPool pool(1);
  const SeriesSet data = make_series(2, 90);
  const ForecastModel model = ForecastModel::train(data, quick(), pool);
  const std::string path = testing::TempDir() + "forecast_test.safetensors";
  model.save(path);
  const ForecastModel loaded = ForecastModel::load(path);
  const auto a = model.forecast(&data, 0, {0.1, 0.5, 0.9}, pool),
             b = loaded.forecast(nullptr, 0, {0.1, 0.5, 0.9}, pool);
  ASSERT_EQ(a.size(), 2u);
  for (size_t i = 0; i < a.size(); ++i) {
    EXPECT_EQ(a[i].id, b[i].id);
    EXPECT_EQ(a[i].ds, b[i].ds);
    EXPECT_EQ(a[i].y_hat, b[i].y_hat);
    EXPECT_EQ(a[i].quantiles, b[i].quantiles);
  }
  EXPECT_EQ(a[0].ds.front(), "2007-07");
  EXPECT_EQ(a[0].ds.size(), 6u);
  std::remove(path.c_str());
}

TEST(Forecast, RefusesAFileThatIsNoForecaster) {
  ThreadPool pool(1);
  const ForecastModel model = ForecastModel::train(make_series(1, 90), quick(), pool);
  const std::string path = testing::TempDir() + "forecast_refused_test.safetensors";
  model.save(path);
  const ModelFile file = load_model(path);
  const auto refusal = [&](const std::string& task, const nlohmann::json& task_data) -> std::string {
    save_model(path, *file.network, task, task_data, file.record);
    try {
      ForecastModel::load(path);
    } catch (const Error& e) {
      EXPECT_EQ(e.code(), ErrorCode::kModel);
      return e.what();
    }
    return "accepted";
  };
  EXPECT_EQ(refusal("forecast", file.task_data), "accepted");
  EXPECT_NE(refusal("text", file.task_data).find("'text', expected 'forecast'"), std::string::npos);
  for (const char* key : {"config", "context", "non_negative", "calibration", "dependence"}) {
    nlohmann::json damaged = file.task_data;
    damaged.erase(key);
    EXPECT_NE(refusal("forecast", damaged).find(key), std::string::npos);
    damaged[key] = "text";
    EXPECT_NE(refusal("forecast", damaged).find("damaged"), std::string::npos) << key;
  }
  nlohmann::json other = file.task_data;
  other["config"]["horizon"] = 7;
  EXPECT_NE(refusal("forecast", other).find("does not fit"), std::string::npos);
  other = file.task_data;
  other["dependence"]["rho"] = 1.5;
  EXPECT_NE(refusal("forecast", other).find("rho is 1.5"), std::string::npos);
  other = file.task_data;
  other["config"]["head"] = "gaussian";
  EXPECT_NE(refusal("forecast", other).find("does not fit"), std::string::npos);
  other = file.task_data;
  other["config"]["season"] = 0;
  EXPECT_NE(refusal("forecast", other).find("must not be 0"), std::string::npos);
  std::remove(path.c_str());
}

TEST(Forecast, QuantilesNeverCrossAndAreInterpolated) {
  ThreadPool pool(1);
  const SeriesSet data = make_series(2, 90);
  const ForecastModel model = ForecastModel::train(data, quick(), pool);
  for (const Forecast& f : model.forecast(nullptr, 0, {0.1, 0.3, 0.5, 0.8, 0.9}, pool))
    for (size_t k = 1; k < f.quantiles.size(); ++k)
      for (size_t t = 0; t < f.y_hat.size(); ++t) EXPECT_LE(f.quantiles[k - 1][t], f.quantiles[k][t]);
  EXPECT_THROW(model.forecast(nullptr, 0, {0.01}, pool), Error);
}

TEST(Forecast, GoesBeyondTheTrainedHorizonByRolling) {
  ThreadPool pool(1);
  const ForecastModel model = ForecastModel::train(make_series(1, 90), quick(), pool);
  const auto shorter = model.forecast(nullptr, 4, {0.5}, pool), trained = model.forecast(nullptr, 6, {0.5}, pool),
             longer = model.forecast(nullptr, 15, {0.5}, pool);
  ASSERT_EQ(shorter[0].y_hat.size(), 4u);
  ASSERT_EQ(longer[0].y_hat.size(), 15u);
  EXPECT_TRUE(std::equal(trained[0].y_hat.begin(), trained[0].y_hat.end(), longer[0].y_hat.begin()));
  EXPECT_TRUE(std::equal(shorter[0].y_hat.begin(), shorter[0].y_hat.end(), trained[0].y_hat.begin()));
  EXPECT_EQ(longer[0].ds.back(), "2008-09");
}

// Short, constant, all-zero, gappy and unseen series: each gets finite numbers.
TEST(Forecast, EverySeriesGetsAForecast) {
  ThreadPool pool(1);
  SeriesSet data = make_series(2, 90);
  const ForecastModel model = ForecastModel::train(data, quick(), pool);
  SeriesSet odd = make_series(6, 40);
  odd.series[0].values.resize(1);
  std::fill(odd.series[1].values.begin(), odd.series[1].values.end(), 42.0);
  std::fill(odd.series[2].values.begin(), odd.series[2].values.end(), 0.0);
  for (size_t t = 5; t < 35; ++t) odd.series[3].values[t] = NAN;
  std::fill(odd.series[4].values.begin(), odd.series[4].values.end(), NAN);
  odd.series[5].id = "never seen";
  const auto forecasts = model.forecast(&odd, 0, {0.1, 0.5, 0.9}, pool);
  ASSERT_EQ(forecasts.size(), 6u);
  for (const Forecast& f : forecasts)
    for (const auto& level : f.quantiles)
      for (const double v : level) EXPECT_TRUE(std::isfinite(v)) << f.id;
  for (const double v : forecasts[1].y_hat) EXPECT_NEAR(v, 42.0, 1.0);
  for (const double v : forecasts[2].y_hat) EXPECT_NEAR(v, 0.0, 1e-3);
}

TEST(Forecast, TrainsThroughGapsAndOddSeries) {
  ThreadPool pool(1);
  SeriesSet data = make_series(3, 90);
  for (size_t t = 0; t < 90; t += 4) data.series[0].values[t] = NAN;
  std::fill(data.series[1].values.begin(), data.series[1].values.end(), 0.0);
  data.series[2].values.resize(3);
  const ForecastModel model = ForecastModel::train(data, quick(), pool);
  for (const float w : weights(model)) ASSERT_TRUE(std::isfinite(w));
  EXPECT_EQ(model.record().skipped_steps, 0u);
}

TEST(Forecast, SaysWhenNothingCanBeHeldOut) {
  ThreadPool pool(1);
  std::string notes;
  TrainRun run;
  run.observer.on_note = [&](const std::string& text) { notes += text + "\n"; };
  ForecastConfig config = quick();
  config.epochs = config.patience + 2;
  SeriesSet unobserved = make_series(1, 90);
  std::fill_n(unobserved.series[0].values.end() - 40, 40, NAN);
  for (const SeriesSet& data : {make_series(1, 25), unobserved}) {
    notes.clear();
    const ForecastModel model = ForecastModel::train(data, config, pool, run);
    EXPECT_NE(notes.find("no validation part is held out"), std::string::npos) << notes;
    EXPECT_NE(notes.find("no network, which alone reads covariates, is trained"), std::string::npos) << notes;
    EXPECT_EQ(model.record().steps, 0);
  }
  // Without a base that forecasts by itself there is nothing but the network.
  config.model = "recursive";
  notes.clear();
  const ForecastModel model = ForecastModel::train(make_series(1, 25), config, pool, run);
  EXPECT_NE(notes.find("training runs its full length"), std::string::npos) << notes;
  EXPECT_EQ(notes.find("training again"), std::string::npos) << notes;
  EXPECT_EQ(model.record().steps, 30 * static_cast<int64_t>(config.epochs));
}

// Three years with a trend and a season: too short to hold two horizons out. Of eight years later it knows all, too.
TEST(Forecast, ThetaForecastsAShortSeriesFromAllItsValues) {
  ThreadPool pool(1);
  const auto of_length = [](size_t length) {
    SeriesSet data = make_series(1, length);
    std::vector<double>& y = data.series[0].values;
    for (size_t t = 0; t < length; ++t) y[t] = 100 + static_cast<double>(t + t * t % 7 + t % 12 * 5 % 12);
    return data;
  };
  ForecastConfig config = quick();
  config.look_back = 0;
  config.horizon = config.season = 12;
  const ForecastModel model = ForecastModel::train(of_length(36), config, pool);
  EXPECT_EQ(model.config().correction, 0);
  for (const size_t length : {36, 96}) {
    const SeriesSet data = of_length(length);
    const std::vector<double> theta = find_base("shrunken_theta")->forecast(data.series[0].values, 12, 12);
    const std::vector<double> median = model.forecast(&data, 0, {0.5}, pool)[0].y_hat;
    for (size_t step = 0; step < 12; ++step) EXPECT_NEAR(median[step], theta[step], 1e-3) << length;
  }
}

// A past that was wild before two seasons were known says nothing of what is forecast from more.
TEST(Forecast, ErrorsFromAShortPastAreNotJudged) {
  ThreadPool pool(1);
  SeriesSet data = make_series(1, 40);
  std::vector<double>& y = data.series[0].values;
  for (size_t t = 0; t < y.size(); ++t)
    y[t] = t < 13 ? 1000 + 500 * static_cast<double>(t % 2) : static_cast<double>(t % 12);
  ForecastConfig config = quick();
  config.horizon = config.season = 12;
  config.bases = {"seasonal_naive"};
  const auto forecast = ForecastModel::train(data, config, pool).forecast(nullptr, 0, {0.1, 0.5, 0.9}, pool);
  for (size_t step = 0; step < 12; ++step) {
    EXPECT_NEAR(forecast[0].quantiles[0][step], y[28 + step], 1);
    EXPECT_NEAR(forecast[0].quantiles[2][step], y[28 + step], 1);
  }
}

// Of more validation windows than are looked at, those of the last series count like those of the first.
TEST(ForecastProblem, ValidatesOnWindowsFromAllSeries) {
  SeriesSet data = make_series(2400, 24);
  ForecastConfig config = quick();
  config.horizon = 2;
  config.season = 2;
  config = resolve(config, data);
  const Covariates none;
  const Windows windows(config, data.frequency, none);
  const size_t outputs = config.horizon * config.quantiles.size();
  Network<float> network(
      {windows.features(), {Recurrent{.hidden_size = 2}, LastStep{}, Linear{.output_size = outputs}}});
  network.initialize(1);
  network.pack(false);
  ThreadPool pool(1);
  const double loss = ForecastProblem(data, config, none, network, pool, Validation::kHeldOut).validate();
  for (size_t i = 2100; i < 2400; ++i) data.series[i].values.back() += 50;
  EXPECT_GT(ForecastProblem(data, config, none, network, pool, Validation::kHeldOut).validate(), 1.1 * loss);
  for (Series& s : data.series) std::fill_n(s.values.end() - 4, 4, NAN);
  EXPECT_TRUE(std::isnan(ForecastProblem(data, config, none, network, pool, Validation::kHeldOut).validate()));
}

// Each base has a network of its own; the forecast is the mean of what they would have said alone.
TEST(Forecast, SeveralBasesForecastTheirMean) {
  const SeriesSet data = make_series(2, 90);
  ThreadPool pool(1);
  const auto forecast = [&](std::vector<std::string> bases) {
    ForecastConfig config = quick();
    config.bases = std::move(bases);
    config.refit = false;
    config.look_back = 60;     // leaves windows enough…
    config.epochs = 12;        // …to be believed
    config.quantiles = {0.5};  // of several the middle one is taken, whichever that is
    const ForecastModel model = ForecastModel::train(data, config, pool);
    EXPECT_EQ(model.config().bases, config.bases);
    EXPECT_EQ(model.config().correction, 1);
    return model.forecast(nullptr, 0, {0.5}, pool);
  };
  const auto mean = forecast({"level", "theta"}), level = forecast({"level"}), theta = forecast({"theta"});
  for (size_t i = 0; i < 2; ++i)
    for (size_t k = 0; k < 6; ++k) EXPECT_NEAR(mean[i].y_hat[k], (level[i].y_hat[k] + theta[i].y_hat[k]) / 2, 1e-4);
}

// Without a training on all data the trials that were chosen forecast, and no other.
TEST(Forecast, WithoutRefitForecastsByWhatWasChosen) {
  const SeriesSet data = make_series(2, 90);
  ThreadPool pool(1);
  ForecastConfig config = quick();
  config.bases = {"level", "seasonal_naive", "theta"};
  config.choose_base = true;
  config.refit = false;
  config.ensemble = 1;  // too few for the mean of all
  const ForecastModel model = ForecastModel::train(data, config, pool);
  ASSERT_EQ(model.config().bases.size(), 1u);
  config.bases = model.config().bases;
  config.choose_base = false;
  EXPECT_EQ(weights(model), weights(ForecastModel::train(data, config, pool)));
}

// …and is trained again on all data as often as the others.
TEST(Forecast, EveryBaseIsTrainedAgain) {
  const SeriesSet data = make_series(1, 90);
  ThreadPool pool(1);
  ForecastConfig config = quick();
  config.bases = {"level", "theta"};
  for (const auto& [ensemble, members] : {std::pair(1, 2u), std::pair(3, 2u), std::pair(5, 4u)}) {
    config.ensemble = static_cast<size_t>(ensemble);
    const ForecastModel model = ForecastModel::train(data, config, pool);
    EXPECT_EQ(std::get<Sum>(model.network().config().layers.at(0)).branches.size(), members);
  }
}

// Which number of steps was best is mostly chance: the networks of one base train for different numbers of steps, the
// first ones of several bases for the best.
TEST(Forecast, NetworksOfABaseTrainForDifferentLengths) {
  const SeriesSet data = make_series(1, 90);
  ThreadPool pool(1);
  ForecastConfig config = quick();
  config.ensemble = 4;
  const auto lengths = [&](std::vector<std::string> bases) {
    config.bases = std::move(bases);
    std::vector<double> steps;
    TrainRun run;
    run.observer.on_note = [&](const std::string& text) {
      const std::string_view start = "training again on all data for ";
      if (text.starts_with(start)) steps.push_back(std::stod(text.substr(start.size())));
    };
    ForecastModel::train(data, config, pool, run);
    return steps;
  };
  const std::vector<double> one = lengths({"level"});
  ASSERT_EQ(one.size(), 4u);
  EXPECT_NEAR(one[1], 0.6 * one[0], 0.5);
  EXPECT_NEAR(one[2], 1.6 * one[0], 0.5);
  EXPECT_NEAR(one[3], 0.8 * one[0], 0.5);
  const std::vector<double> two = lengths({"level", "theta"});
  ASSERT_EQ(two.size(), 4u);
  EXPECT_EQ(two[0], one[0]);
  EXPECT_NEAR(two[2], 0.6 * two[0], 0.5);
  EXPECT_NEAR(two[3], 0.6 * two[1], 0.5);
}

TEST(Forecast, ALongWaitIsAnnouncedWithAShorterOne) {
  EXPECT_EQ(explain_wait(8, 1, 100), "8 networks follow, about 100 s of training; --ensemble 2 would take 25");
  EXPECT_EQ(explain_wait(3, 1, 30), "3 networks follow, about 30 s of training; --ensemble 1 would take 10");
  EXPECT_EQ(explain_wait(4, 2, 30), "4 networks follow, about 30 s of training; --ensemble 2 would take 15");
  EXPECT_EQ(explain_wait(3, 3, 100), "");
  EXPECT_EQ(explain_wait(1, 1, 100), "");
  EXPECT_EQ(explain_wait(8, 1, 10), "");
}

TEST(Forecast, WhatIsPreferredIsKeptUntilALossIsClearlyLess) {
  const auto choice = [](std::vector<double> losses) { return first_unbeaten(losses); };
  EXPECT_EQ(choice({1, 0.99, 0.985}), 0u);
  EXPECT_EQ(choice({1, 0.97, 0.96}), 1u);
  EXPECT_EQ(choice({1, 0.97, 0.9}), 2u);
  EXPECT_EQ(choice({-1, -0.9, -1.1}), 2u);  // of a likelihood
  EXPECT_EQ(choice({-1, -1.01}), 0u);
  EXPECT_EQ(choice({0, 0}), 0u);
  EXPECT_EQ(choice({NAN}), 0u);
  const double close[] = {1, 0.99, 0.985};
  EXPECT_EQ(first_unbeaten(close, 0), 2u);
}

// Noise teaches nothing about the level: what a network has learned by heart is not believed, or only in part.
TEST(Forecast, BelievesOfTheCorrectionsWhatTheHeldOutPartShows) {
  SeriesSet data = make_series(1, 150, 0);
  Random random(5, 0);
  for (double& v : data.series[0].values) v = 100 + random.uniform(-1, 1);
  ThreadPool pool(1);
  ForecastConfig config = quick();
  config.bases = {"seasonal_mean"};
  config.epochs = 20;
  config.patience = 0;
  const ForecastModel noise = ForecastModel::train(data, config, pool);
  EXPECT_LT(noise.config().correction, 1);
  config.epochs = 3;
  EXPECT_EQ(ForecastModel::train(make_series(1, 150), config, pool).config().correction, 1);
}

TEST(Forecast, SameWeightsOnAnyNumberOfThreads) {
  const SeriesSet data = make_series(2, 90);
  ThreadPool one(1), two(2), three(3);
  const std::vector<float> expected = weights(ForecastModel::train(data, quick(), one));
  EXPECT_EQ(weights(ForecastModel::train(data, quick(), two)), expected);
  EXPECT_EQ(weights(ForecastModel::train(data, quick(), three)), expected);
}

// Interrupted anywhere, in the first training or in one of those on all data, a resumed run ends in the same weights.
TEST(Forecast, ResumedEndsAsIfNeverStopped) {
  const SeriesSet data = make_series(2, 90);
  ThreadPool pool(1);
  const ForecastModel whole = ForecastModel::train(data, quick(), pool);
  const auto quantiles = whole.forecast(nullptr, 0, {0.1, 0.9}, pool)[1].quantiles;
  const std::string checkpoint = testing::TempDir() + "forecast_test.checkpoint";
  for (const int stop_at : {1, 37, 95, 120, 185}) {
    int polls = 0;
    TrainRun run;
    run.checkpoint = checkpoint;
    run.observer.interrupted = [&] { return ++polls == stop_at; };
    try {
      ForecastModel::train(data, quick(), pool, run);
      FAIL() << "was not interrupted at " << stop_at;
    } catch (const Error& e) {
      EXPECT_EQ(e.code(), ErrorCode::kInterrupted);
    }
    run.resume = true;
    const ForecastModel resumed = ForecastModel::train(data, quick(), pool, run);
    EXPECT_EQ(weights(resumed), weights(whole)) << "stopped at " << stop_at;
    EXPECT_EQ(resumed.forecast(nullptr, 0, {0.1, 0.9}, pool)[1].quantiles, quantiles) << "stopped at " << stop_at;
    EXPECT_FALSE(std::filesystem::exists(checkpoint));
  }
}

TEST(Forecast, ResumedInItsSecondTrainingCountsTheSecondsOfBoth) {
  constexpr double kFirst = 0.3;
  const SeriesSet data = make_series(2, 90);
  ThreadPool pool(1);
  bool again = false;
  TrainRun run;
  run.checkpoint = testing::TempDir() + "forecast_seconds_test.checkpoint";
  run.observer.on_validation = [&](const TrainPoint& point, bool) {
    if (point.epoch == 1) std::this_thread::sleep_for(std::chrono::duration<double>(kFirst));
  };
  run.observer.on_note = [&](const std::string& text) { again = again || text.find("training again") == 0; };
  run.observer.interrupted = [&] { return again; };
  const auto seconds = [start = std::chrono::steady_clock::now()] {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  };
  EXPECT_THROW(ForecastModel::train(data, quick(), pool, run), Error);
  ASSERT_TRUE(again);
  run.resume = true;
  run.observer.interrupted = nullptr;
  const ForecastModel model = ForecastModel::train(data, quick(), pool, run);
  EXPECT_GE(model.record().seconds, kFirst);
  EXPECT_LE(model.record().seconds, seconds());  // and none is counted twice
}

}  // namespace
}  // namespace elman
