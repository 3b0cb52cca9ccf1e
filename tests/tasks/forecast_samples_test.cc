// Sample paths of forecasters.
#include <gtest/gtest.h>

#include <cmath>

#include "tasks/forecast_fixtures.h"

namespace elman {
namespace {

constexpr size_t kPaths = 4000;

// Steps that add up: whatever has gone wrong at one step still is at the next.
SeriesSet walks(size_t count, size_t length) {
  SeriesSet set = make_series(count, length);
  for (size_t i = 0; i < count; ++i) {
    Random random(13, i);
    double walk = 500;
    for (double& v : set.series[i].values) v = walk += random.normal();
  }
  return set;
}

SeriesSet noise(size_t count, size_t length, bool counts) {
  SeriesSet set = make_series(count, length);
  Random random(17, 0);
  for (Series& s : set.series)
    for (double& v : s.values) v = counts ? std::floor(4 * random.uniform() * random.uniform()) : random.normal();
  return set;
}

ForecastModel trained(const SeriesSet& data, const char* head, ThreadPool& pool) {
  ForecastConfig config = quick();
  config.head = head;
  return ForecastModel::train(data, config, pool);
}

std::vector<SamplePaths> sample(const ForecastModel& model, size_t horizon, size_t count, uint64_t seed,
                                ThreadPool& pool) {
  std::vector<SamplePaths> all;
  model.sample(nullptr, horizon, count, seed, pool, [&](const SamplePaths& drawn) { all.push_back(drawn); });
  return all;
}

struct Moments {
  double sum = 0, square = 0;
  size_t n = 0;
  void add(double v) {
    sum += v;
    square += v * v;
    ++n;
  }
  double variance() const {
    const double mean = sum / static_cast<double>(n);
    return square / static_cast<double>(n) - mean * mean;
  }
};

// The variance of the paths' sums over that of as many independent steps.
double growth_of_sums(const SamplePaths& drawn) {
  Moments sums;
  std::vector<Moments> steps(drawn.ds.size());
  for (const auto& path : drawn.paths) {
    double sum = 0;
    for (size_t t = 0; t < path.size(); ++t) {
      steps[t].add(path[t]);
      sum += path[t];
    }
    sums.add(sum);
  }
  double independent = 0;
  for (const Moments& step : steps) independent += step.variance();
  return sums.variance() / independent;
}

class SamplesTest : public testing::TestWithParam<const char*> {};

INSTANTIATE_TEST_SUITE_P(Heads, SamplesTest, testing::Values("quantile", "student_t", "gaussian", "negative_binomial"),
                         [](const auto& head) { return std::string(head.param); });

// Of 4000 paths a share's standard error is at most 0.008; four of them are allowed. A count may equal its quantile.
TEST_P(SamplesTest, HaveTheQuantilesOfTheForecast) {
  ThreadPool pool(2);
  const bool counts = GetParam() == std::string("negative_binomial");
  const ForecastModel model = trained(noise(2, 96, counts), GetParam(), pool);
  const std::vector<double> levels{0.1, 0.3, 0.5, 0.9};
  const auto forecasts = model.forecast(nullptr, 0, levels, pool);
  const auto drawn = sample(model, 0, kPaths, 1, pool);
  ASSERT_EQ(drawn.size(), 2u);
  for (size_t i = 0; i < drawn.size(); ++i) {
    EXPECT_EQ(drawn[i].id, forecasts[i].id);
    EXPECT_EQ(drawn[i].ds, forecasts[i].ds);
    ASSERT_EQ(drawn[i].paths.size(), kPaths);
    for (size_t t = 0; t < drawn[i].ds.size(); ++t)
      for (size_t k = 0; k < levels.size(); ++k) {
        const double q = forecasts[i].quantiles[k][t];
        double below = 0, above = 0;
        for (const auto& path : drawn[i].paths) {
          below += path[t] < q;
          above += path[t] > q;
          ASSERT_TRUE(!counts || (path[t] == std::floor(path[t]) && path[t] >= 0)) << path[t];
        }
        EXPECT_LE(below / kPaths, levels[k] + 0.032) << t;
        EXPECT_LE(above / kPaths, 1 - levels[k] + 0.032) << t;
      }
  }
}

TEST(Samples, HangTogetherAsTheHeldOutValuesDid) {
  ThreadPool pool(2);
  const ForecastModel walking = trained(walks(6, 150), "gaussian", pool);
  EXPECT_GT(walking.dependence().rho, 0.5);
  for (const SamplePaths& drawn : sample(walking, 0, kPaths, 1, pool)) EXPECT_GT(growth_of_sums(drawn), 2.0);

  const ForecastModel noisy = trained(noise(6, 150, false), "gaussian", pool);
  EXPECT_LT(std::abs(noisy.dependence().rho), 0.25);
  for (const SamplePaths& drawn : sample(noisy, 0, kPaths, 1, pool)) EXPECT_LT(growth_of_sums(drawn), 1.7);
}

// Each path goes on from its own values: a walk's spread grows on beyond the trained horizon.
TEST(Samples, GoBeyondTheTrainedHorizonEachByItself) {
  ThreadPool pool(2);
  const ForecastModel model = trained(walks(6, 150), "gaussian", pool);
  const auto trained_horizon = sample(model, 6, 500, 1, pool), longer = sample(model, 15, 500, 1, pool);
  for (size_t i = 0; i < longer.size(); ++i) {
    ASSERT_EQ(longer[i].ds.size(), 15u);
    EXPECT_EQ(longer[i].ds[5], trained_horizon[i].ds[5]);
    Moments at_trained, at_end;
    for (size_t n = 0; n < 500; ++n) {
      for (size_t t = 0; t < 6; ++t) EXPECT_EQ(longer[i].paths[n][t], trained_horizon[i].paths[n][t]);
      at_trained.add(longer[i].paths[n][5]);
      at_end.add(longer[i].paths[n][14]);
    }
    EXPECT_GT(at_end.variance(), 1.3 * at_trained.variance());
  }
}

// The first step beyond is drawn from what is forecast after the path's own values: of 1000 paths the share below that
// forecast's quantile is its level, with a standard error of at most 0.016, four of which are allowed.
TEST(Samples, GoOnFromTheirOwnValues) {
  ThreadPool pool(2);
  const SeriesSet data = walks(2, 150);
  const ForecastModel model = trained(data, "gaussian", pool);
  std::vector<SamplePaths> drawn;
  model.sample(&data, 7, 1000, 3, pool, [&](const SamplePaths& paths) { drawn.push_back(paths); });
  for (size_t i = 0; i < 2; ++i) {
    SeriesSet extended = data;
    extended.series.assign(1000, data.series[i]);
    for (size_t n = 0; n < 1000; ++n) {
      std::vector<double>& values = extended.series[n].values;
      values.insert(values.end(), drawn[i].paths[n].begin(), drawn[i].paths[n].begin() + 6);
    }
    const std::vector<double> levels{0.1, 0.5, 0.9};
    const auto next = model.forecast(&extended, 1, levels, pool);
    for (size_t k = 0; k < levels.size(); ++k) {
      size_t below = 0;
      for (size_t n = 0; n < 1000; ++n) below += drawn[i].paths[n][6] < next[n].quantiles[k][0];
      EXPECT_NEAR(static_cast<double>(below) / 1000, levels[k], 0.064);
    }
  }
}

TEST(Samples, DependOnTheSeedAlone) {
  ThreadPool one(1), three(3);
  const ForecastModel model = trained(noise(3, 96, false), "student_t", one);
  const auto expected = sample(model, 8, 300, 7, one), again = sample(model, 8, 300, 7, three),
             other = sample(model, 8, 300, 8, one), fewer = sample(model, 8, 10, 7, one);
  for (size_t i = 0; i < expected.size(); ++i) {
    EXPECT_EQ(again[i].paths, expected[i].paths);
    EXPECT_NE(other[i].paths, expected[i].paths);
    EXPECT_TRUE(std::equal(fewer[i].paths.begin(), fewer[i].paths.end(), expected[i].paths.begin()));
  }
  EXPECT_NE(expected[0].paths[0], expected[0].paths[1]);
}

// Where nothing is held out, and nothing else can judge, nothing is known of the dependence.
TEST(Samples, AreIndependentWhereNothingJudges) {
  ThreadPool pool(1);
  ForecastConfig config = quick();
  config.model = "recursive";
  const ForecastModel model = ForecastModel::train(make_series(1, 25), config, pool);
  EXPECT_EQ(model.dependence().pairs, 0u);
  EXPECT_EQ(model.dependence().rho, 0.0);
  EXPECT_NEAR(growth_of_sums(sample(model, 0, kPaths, 1, pool)[0]), 1.0, 0.15);
}

}  // namespace
}  // namespace elman
