#include "tasks/anomalies.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "tasks/forecast_fixtures.h"

namespace elman {
namespace {

constexpr double kNoTrend = 0;

// Trained once for all tests, on series without faults.
const ForecastModel& model() {
  static const ForecastModel trained = [] {
    ThreadPool pool(1);
    ForecastConfig config;
    config.horizon = 6;
    config.quantiles = {0.005, 0.1, 0.5, 0.9, 0.995};
    config.hidden_size = 16;
    config.batches_per_epoch = 40;
    config.epochs = 10;
    return ForecastModel::train(make_series(4, 160, kNoTrend), config, pool);
  }();
  return trained;
}

AnomalyReport find(const SeriesSet& data, double level = 0, size_t threads = 1) {
  ThreadPool pool(threads);
  return find_anomalies(model(), data, level, pool);
}

TEST(Anomalies, ScoreTheDistanceInHalfWidths) {
  SeriesSet data = make_series(2, 120, kNoTrend);
  data.series[1].values[80] = 160;
  const AnomalyReport report = find(data);
  EXPECT_EQ(report.level, 0.99);
  EXPECT_EQ(report.rows, 2u * (120 - 13));  // a season and a row come first
  const auto fault = std::find_if(report.anomalies.begin(), report.anomalies.end(),
                                  [](const Anomaly& a) { return a.series == 1 && a.index == 80; });
  ASSERT_NE(fault, report.anomalies.end());
  EXPECT_EQ(fault->y, 160);
  EXPECT_LT(fault->low, fault->y_hat);
  EXPECT_LT(fault->y_hat, fault->high);
  EXPECT_DOUBLE_EQ(fault->score, (160 - fault->high) / ((fault->high - fault->low) / 2));
  for (const Anomaly& a : report.anomalies) EXPECT_GT(a.score, 0);
}

// What follows a fault is judged as if there had been what was expected, which is not quite what there would have been:
// a value that was just inside may now be just outside.
TEST(Anomalies, AFaultRaisesNoAlarmsAfterIt) {
  constexpr double kClear = 0.5;
  SeriesSet data = make_series(1, 120, kNoTrend);
  data.series[0].values[60] += 100;
  std::vector<size_t> clear;
  for (const Anomaly& a : find(data).anomalies)
    if (a.score > kClear) clear.push_back(a.index);
  EXPECT_EQ(clear, std::vector<size_t>{60});
}

TEST(Anomalies, SkipWhatIsMissing) {
  SeriesSet data = make_series(1, 120, kNoTrend);
  data.series[0].values[70] = NAN;
  data.series[0].values[110] = NAN;
  const AnomalyReport report = find(data);
  EXPECT_EQ(report.rows, 120u - 13 - 2);
  for (const Anomaly& a : report.anomalies) EXPECT_FALSE(std::isnan(a.score));
  EXPECT_EQ(find(make_series(1, 1, kNoTrend)).rows, 0u);
}

TEST(Anomalies, JudgeByTheLevelAskedFor) {
  SeriesSet data = make_series(1, 120, kNoTrend);
  EXPECT_GT(find(data, 0.5).anomalies.size(), find(data, 0.8).anomalies.size());
  EXPECT_GT(find(data, 0.8).anomalies.size(), find(data).anomalies.size());
  EXPECT_THROW(find(data, 0.995), Error);
  EXPECT_DOUBLE_EQ(widest_level({0.1, 0.5, 0.9}), 0.8);
  EXPECT_DOUBLE_EQ(widest_level({0.1, 0.5, 0.75}), 0.5);
  EXPECT_DOUBLE_EQ(widest_level({0.5}), 0);
}

TEST(Anomalies, DoNotDependOnThreadsOrTheSizeOfTheSet) {
  SeriesSet data = make_series(90, 120, kNoTrend);  // more rows than are forecast at once
  data.series[88].values[50] = 0;
  const AnomalyReport one = find(data), three = find(data, 0, 3);
  SeriesSet alone = data;
  alone.series = {data.series[88]};
  const std::vector<Anomaly> expected = find(alone).anomalies;
  std::vector<Anomaly> found;
  for (const Anomaly& a : one.anomalies)
    if (a.series == 88) found.push_back(a);
  ASSERT_EQ(found.size(), expected.size());
  for (size_t i = 0; i < found.size(); ++i) EXPECT_EQ(found[i].score, expected[i].score);
  ASSERT_EQ(three.anomalies.size(), one.anomalies.size());
  for (size_t i = 0; i < one.anomalies.size(); ++i) EXPECT_EQ(three.anomalies[i].score, one.anomalies[i].score);
}

}  // namespace
}  // namespace elman
