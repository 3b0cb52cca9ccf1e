#include "tasks/backtest.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "tasks/forecast_fixtures.h"

namespace elman {
namespace {

TEST(Backtest, ComputesTheFiguresOfTheLiterature) {
  ThreadPool pool(1);
  SeriesSet data = make_series(1, 60);
  std::vector<double>& y = data.series[0].values;
  for (size_t t = 0; t < y.size(); ++t) y[t] = static_cast<double>(t);  // the naive of the last 6 errs by 1..6
  ForecastConfig config = quick();
  const BacktestOptions options{.windows = 1};
  const ForecastModel model = ForecastModel::train(before_first_origin(data, 6, options), config, pool);
  const BacktestReport report = backtest(model, data, options, pool);
  const Metrics& naive = report.methods[1].metrics;
  EXPECT_DOUBLE_EQ(naive.mae, 3.5);
  EXPECT_DOUBLE_EQ(naive.mse, 91.0 / 6);
  EXPECT_DOUBLE_EQ(naive.rmse, std::sqrt(91.0 / 6));
  EXPECT_DOUBLE_EQ(naive.mase, 3.5 / 12);  // the in-sample seasonal difference is 12
  double smape = 0;
  for (int k = 1; k <= 6; ++k) smape += 200.0 * k / (53 + 53 + k) / 6;
  EXPECT_NEAR(naive.smape, smape, 1e-12);
  EXPECT_DOUBLE_EQ(report.methods[2].metrics.mae, 12.0);   // seasonal naive
  EXPECT_NEAR(report.methods[3].metrics.mae, 0.0, 1e-12);  // drift
}

// One pass over all origins has the bits of a pass for each.
TEST(Backtest, ForecastsAllOriginsAtOnce) {
  ThreadPool pool(2);
  const SeriesSet data = make_series(3, 90);
  const ForecastModel model = ForecastModel::train(data, quick(), pool);
  std::vector<ForecastModel::Request> requests;
  for (const Series& s : data.series)
    for (size_t origin = 20; origin < 84; ++origin) requests.push_back({&s, origin});
  const std::vector<Quantiles> together = model.predict(data, requests, pool);
  for (size_t r = 0; r < requests.size(); r += 17) EXPECT_EQ(model.predict(data, {requests[r]}, pool)[0], together[r]);
}

// The windows are two years, so that each month is forecast four times, by two series.
TEST(Backtest, JudgesIntervalsInEveryPlaceOfTheCalendar) {
  ThreadPool pool(1);
  const SeriesSet data = make_series(2, 90);
  const ForecastModel model = ForecastModel::train(data, quick(), pool);
  const BacktestReport report = backtest(model, data, {.windows = 4}, pool);
  ASSERT_EQ(report.by_calendar.size(), 1u);
  EXPECT_EQ(report.by_calendar[0].cycle, "month");
  ASSERT_EQ(report.by_calendar[0].places.size(), 12u);
  double mae = 0, inside = 0;
  for (const Metrics& m : report.by_calendar[0].places) {
    EXPECT_EQ(m.points, 4u);
    mae += m.mae / 12;
    inside += m.coverage.at(0.8) / 12;
  }
  EXPECT_NEAR(mae, report.methods[0].metrics.mae, 1e-9);
  EXPECT_NEAR(inside, report.methods[0].metrics.coverage.at(0.8), 1e-9);
}

TEST(Backtest, HandsOutEveryWindowOfASeriesAsTheModelForecastIt) {
  ThreadPool pool(1);
  const SeriesSet data = make_series(2, 90);
  const ForecastModel model = ForecastModel::train(data, quick(), pool);
  size_t count = 0;
  backtest(model, data, {.windows = 3, .stride = 4}, pool, [&](const BacktestedSeries& found) {
    const Series& series = data.series[count++];
    EXPECT_EQ(&found.series, &series);
    EXPECT_EQ(found.origins, (std::vector<size_t>{76, 80, 84}));
    ASSERT_EQ(found.forecasts.size(), 3u);
    for (size_t w = 0; w < 3; ++w)
      EXPECT_EQ(found.forecasts[w], model.predict(data, {{&series, found.origins[w]}}, pool)[0]);
  });
  EXPECT_EQ(count, 2u);
}

TEST(Backtest, TrainsAnewBeforeEveryWindowOnWhatWasKnown) {
  ThreadPool pool(1);
  const SeriesSet data = make_series(2, 90);
  const BacktestOptions options{.windows = 3, .stride = 4, .horizon = 6};
  std::vector<size_t> lengths;
  const TrainForWindow train = [&](const SeriesSet& known, size_t window) {
    EXPECT_EQ(window, lengths.size());
    lengths.push_back(known.series[1].values.size());
    return ForecastModel::train(known, quick(), pool);
  };
  const BacktestReport report = backtest(train, data, options, pool);
  EXPECT_EQ(lengths, (std::vector<size_t>{76, 80, 84}));
  EXPECT_EQ(report.windows, 6u);
  EXPECT_EQ(report.overlapping, 0u);

  // The windows are those of three backtests with one model each.
  double mae = 0, theta = 0;
  for (const size_t length : lengths) {
    SeriesSet known = data, until = data;
    for (Series& s : known.series) s.values.resize(length);
    for (Series& s : until.series) s.values.resize(length + 6);
    const ForecastModel model = ForecastModel::train(known, quick(), pool);
    const BacktestReport one = backtest(model, until, {.windows = 1}, pool);
    mae += one.methods.front().metrics.mae / 3;
    theta += one.methods.back().metrics.mae / 3;
  }
  EXPECT_NEAR(report.methods.front().metrics.mae, mae, 1e-12 * mae);
  EXPECT_NEAR(report.methods.back().metrics.mae, theta, 1e-12 * theta);
}

TEST(Backtest, RefusesMoreWindowsThanTheDataHoldsBeforeAnyTraining) {
  SeriesSet data = make_series(2, 100);
  const auto message = [&](const BacktestOptions& options) -> std::string {
    try {
      before_first_origin(data, 6, options);
    } catch (const Error& e) {
      EXPECT_EQ(e.code(), ErrorCode::kData);
      return e.what();
    }
    return "accepted";
  };
  EXPECT_EQ(message({.windows = 16}), "accepted");  // 2 steps, then 16 * 6, of 100
  for (const size_t windows : {size_t{17}, size_t{1000}, SIZE_MAX / 6 + 2, SIZE_MAX})
    for (const std::string text : {"made.csv", "100 steps", "--windows 16"})
      EXPECT_NE(message({.windows = windows}).find(text), std::string::npos) << message({.windows = windows});
  EXPECT_EQ(message({.windows = 93, .stride = 1}), "accepted");
  EXPECT_NE(message({.windows = 94, .stride = 1}).find("--windows 93"), std::string::npos);
  EXPECT_THROW(before_first_origin(data, 99, {.windows = 1}), Error);
  EXPECT_THROW(before_first_origin(data, 6, {.windows = 0}), Error);
  data = make_series(1, 5);
  EXPECT_NE(message({.windows = 1}).find("ask for a --horizon of at most 3"), std::string::npos);
  data = make_series(1, 2);
  EXPECT_NE(message({.windows = 1}).find("give more data"), std::string::npos) << message({.windows = 1});
}

}  // namespace
}  // namespace elman
