// Intervals by the newest errors.
#include <gtest/gtest.h>

#include <cmath>

#include "tasks/forecast.h"
#include "tasks/forecast_fixtures.h"

namespace elman {
namespace {

constexpr size_t kTrained = 120, kHorizon = 6;

// The series goes on for as long again, its noise `noise` times as large; trained on the first half.
SeriesSet changed_series(double noise) {
  SeriesSet data = make_series(1, 2 * kTrained);
  Random random(3, 0);
  for (size_t t = kTrained; t < 2 * kTrained; ++t) data.series[0].values[t] += noise * random.uniform(-1, 1);
  return data;
}

ForecastModel trained_on_first_half(const SeriesSet& data, ThreadPool& pool) {
  SeriesSet half = data;
  half.series[0].values.resize(kTrained);
  return ForecastModel::train(half, quick(), pool);
}

struct Held {
  double share = 0, width = 0;
};

// Over the windows of the second half from `first` on.
Held held(const ForecastModel& model, const SeriesSet& data, size_t first, ForecastModel::Intervals intervals,
          ThreadPool& pool) {
  std::vector<ForecastModel::Request> requests;
  for (size_t origin = first; origin + kHorizon <= 2 * kTrained; origin += kHorizon)
    requests.push_back({&data.series[0], origin});
  const std::vector<Quantiles> forecasts = model.predict(data, requests, pool, intervals);
  Held held;
  for (size_t r = 0; r < requests.size(); ++r)
    for (size_t k = 0; k < kHorizon; ++k) {
      const double y = data.series[0].values[requests[r].origin + k];
      held.share += forecasts[r][0][k] <= y && y <= forecasts[r][2][k];
      held.width += forecasts[r][2][k] - forecasts[r][0][k];
    }
  held.share /= static_cast<double>(requests.size() * kHorizon);
  return held;
}

// As trained, and by the newest errors, six windows after the change.
std::pair<Held, Held> before_and_after(double noise) {
  ThreadPool pool(1);
  const SeriesSet data = changed_series(noise);
  const ForecastModel model = trained_on_first_half(data, pool);
  return {held(model, data, kTrained + 36, ForecastModel::Intervals::kAsTrained, pool),
          held(model, data, kTrained + 36, ForecastModel::Intervals::kByRecentErrors, pool)};
}

TEST(RecentErrors, WidenIntervalsThatHeldTooLittle) {
  const auto [before, after] = before_and_after(20);
  EXPECT_LT(before.share, 0.6);
  EXPECT_GT(after.share, before.share + 0.1);
  EXPECT_GT(after.width, before.width);
}

TEST(RecentErrors, LeaveIntervalsWhereNothingChanged) {
  const auto [before, after] = before_and_after(0);
  EXPECT_LT(std::abs(after.share - 0.8), std::abs(before.share - 0.8) + 0.05);
}

// Right after training nothing has come true that training had not seen.
TEST(RecentErrors, AreNoneAtTheEndOfTraining) {
  ThreadPool pool(1);
  const SeriesSet data = changed_series(20);
  const ForecastModel model = trained_on_first_half(data, pool);
  const std::vector<ForecastModel::Request> requests{{&data.series[0], kTrained}};
  EXPECT_EQ(model.predict(data, requests, pool),
            model.predict(data, requests, pool, ForecastModel::Intervals::kAsTrained));
}

TEST(RecentErrors, KnowNothingOfTheFuture) {
  ThreadPool pool(1);
  const SeriesSet data = changed_series(20);
  const ForecastModel model = trained_on_first_half(data, pool);
  // No whole number of horizons after the training, so that of some forecasts a part has come true.
  const size_t origin = kTrained + 45;
  SeriesSet other = data, cut = data;
  for (size_t t = origin; t < 2 * kTrained; ++t) other.series[0].values[t] = 1e4;
  cut.series[0].values.resize(origin);
  const auto quantiles = [&](const SeriesSet& set) { return model.predict(set, {{&set.series[0], origin}}, pool); };
  EXPECT_EQ(quantiles(other), quantiles(data));
  EXPECT_EQ(quantiles(cut), quantiles(data));
  EXPECT_NE(quantiles(data),
            model.predict(data, {{&data.series[0], origin}}, pool, ForecastModel::Intervals::kAsTrained));
}

}  // namespace
}  // namespace elman
