#include "tasks/blend.h"

#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>

#include "tasks/forecast.h"
#include "tasks/forecast_fixtures.h"
#include "tasks/split.h"

namespace elman {
namespace {

class BlendTest : public testing::TestWithParam<const char*> {};

INSTANTIATE_TEST_SUITE_P(Heads, BlendTest, testing::Values("quantile", "student_t", "gaussian"));

// From what is believed of base + correction a share of the way to Theta, whatever the head.
TEST_P(BlendTest, GoesAShareOfTheWayToTheta) {
  const SeriesSet data = make_series(1, 60);
  const Series& series = data.series[0];
  constexpr size_t kOrigin = 50;
  ForecastConfig config = quick();
  config.head = GetParam();
  config.season = config.segment = config.horizon = 12;
  config.look_back = 36;
  config.bases = {"seasonal_naive"};
  const Covariates none;
  const Windows windows(config, data.frequency, none);
  const auto head = find_head(config.head).make({0.1, 0.5, 0.9});
  const WindowScale scale = windows.measure(series, kOrigin);
  const std::vector<double> base = windows.base_of(series, kOrigin, scale);
  config.theta_look_back = 48;
  const std::vector<double> theta = find_base("shrunken_theta")->forecast({&series.values[kOrigin - 48], 48}, 12, 12);
  std::vector<float> raw(12 * head->outputs());
  for (size_t k = 0; k < raw.size(); ++k) raw[k] = 0.1f * static_cast<float>(k);
  for (const double correction : {1.0, 0.5, 0.0}) {
    for (const double share : {0.0, 0.25, 1.0}) {
      config.correction = correction;
      config.theta_share = share;
      std::vector<float> moved = raw;
      blend(config, *head, windows, series, kOrigin, scale, base, moved.data());
      for (size_t step = 0; step < 12; ++step) {
        const float *before = &raw[step * head->outputs()], *after = &moved[step * head->outputs()];
        const double network = base[step] + scale.scale * correction * head->location(before);
        EXPECT_NEAR(base[step] + scale.scale * head->location(after), (1 - share) * network + share * theta[step],
                    1e-5 * std::abs(theta[step]));
        float quantiles[2][3];
        head->quantiles(before, scale.scale, quantiles[0]);
        head->quantiles(after, scale.scale, quantiles[1]);
        EXPECT_NEAR(quantiles[1][2] - quantiles[1][0], quantiles[0][2] - quantiles[0][0], 1e-4);
      }
    }
  }
}

// Quantiles keep their median and width, and come to lie as evenly around the median as is believed; levels without a
// mirror image stay, as does what a distribution implies.
TEST(Blend, BelievesAShareOfTheSkewness) {
  const auto kept = [](const char* name, const std::vector<double>& levels, std::vector<float> raw, float share) {
    find_head(name).make(levels)->keep_skewness(raw.data(), share);
    return raw;
  };
  const std::vector<double> five = {0.1, 0.25, 0.5, 0.75, 0.9};
  const std::vector<float> skewed = {-2, -1, 0, 3, 6};
  EXPECT_EQ(kept("quantile", five, skewed, 1), skewed);
  EXPECT_EQ(kept("quantile", five, skewed, 0.5), (std::vector<float>{-3, -1.5, 0, 2.5, 5}));
  EXPECT_EQ(kept("quantile", five, skewed, 0), (std::vector<float>{-4, -2, 0, 2, 4}));
  EXPECT_EQ(kept("quantile", {0.1, 0.5, 0.95}, {-1, 0, 3}, 0), (std::vector<float>{-1, 0, 3}));
  EXPECT_EQ(kept("quantile", {0.5}, {7}, 0), (std::vector<float>{7}));
  EXPECT_EQ(kept("negative_binomial", five, {1, 2}, 0), (std::vector<float>{1, 2}));
}

// As much of it as horizons were held out, unless intervals are to stay as the network draws them.
TEST(Blend, FewHorizonsShowLittleSkewness) {
  ThreadPool pool(2);
  ForecastConfig config = quick();
  const auto believed = [&](size_t series) {
    const ForecastModel model = ForecastModel::train(make_series(series, 120), config, pool);
    const double horizons = held_horizons(make_series(series, 120), resolve(config, make_series(series, 120)));
    EXPECT_DOUBLE_EQ(model.config().skewness, config.conformal ? horizons / (horizons + 5) : 1);
    return model.config().skewness;
  };
  const double few = believed(1);
  EXPECT_GT(few, 0);
  EXPECT_LT(few, believed(25));
  config.conformal = false;
  believed(1);
}

// Theta may read more than the network, and the model keeps as much.
TEST(Blend, ThetaReadsOnOfFewSeries) {
  const SeriesSet data = make_series(1, 200);
  ThreadPool pool(1);
  ForecastConfig config = quick();
  config.look_back = 0;
  const ForecastModel model = ForecastModel::train(data, config, pool);
  const ForecastConfig& chosen = model.config();
  EXPECT_EQ(chosen.theta_look_back, 10 * chosen.season);
  EXPECT_GT(chosen.theta_look_back, chosen.look_back);
  config.season = 7;
  EXPECT_EQ(resolve(config, data).theta_look_back, 104u * 7);
  EXPECT_EQ(resolve(config, make_series(30, 200)).theta_look_back, 104u * 7);
  config.season = 0;
  EXPECT_EQ(model.forecast(nullptr, 0, {0.5}, pool)[0].y_hat, model.forecast(&data, 0, {0.5}, pool)[0].y_hat);
  config.look_back = 2 * chosen.season;  // asked for, of both
  EXPECT_EQ(resolve(config, data).theta_look_back, 0u);
  config.look_back = 0;
  EXPECT_EQ(resolve(config, make_series(30, 200)).theta_look_back, 0u);
}

// What was held out judged Theta by full look-backs, and from less it may not know the season.
TEST(Blend, LeavesAShortPastToTheNetwork) {
  const SeriesSet data = make_series(1, 60);
  ForecastConfig config = quick();
  config.season = config.segment = config.horizon = 12;
  config.look_back = 36;
  config.bases = {"level"};
  config.theta_share = 1;
  const Covariates none;
  const Windows windows(config, data.frequency, none);
  const auto head = find_head("quantile").make({0.5});
  const auto blended = [&](size_t origin) {
    const WindowScale scale = windows.measure(data.series[0], origin);
    std::vector<float> raw(12, 0.5f);
    blend(config, *head, windows, data.series[0], origin, scale, windows.base_of(data.series[0], origin, scale),
          raw.data());
    return raw;
  };
  EXPECT_EQ(blended(35), std::vector<float>(12, 0.5f));
  EXPECT_NE(blended(36), std::vector<float>(12, 0.5f));
}

// Where one is left to choose what is corrected, Theta, which a line and a season are made for, has a share of what a
// barely trained network says, and the model file keeps it.
TEST(Blend, TheHeldOutPartDecides) {
  const SeriesSet data = make_series(1, 120, 0);
  ThreadPool pool(1);
  ForecastConfig config = quick();
  config.epochs = config.batches_per_epoch = 1;
  const auto train = [&] { return ForecastModel::train(data, config, pool); };
  const ForecastModel model = train();
  EXPECT_GT(model.config().theta_share, 0);
  const std::string path = testing::TempDir() + "blend_test.safetensors";
  model.save(path);
  EXPECT_EQ(ForecastModel::load(path).forecast(nullptr, 0, {0.5}, pool)[0].y_hat,
            model.forecast(nullptr, 0, {0.5}, pool)[0].y_hat);
  std::filesystem::remove(path);
  config.blend = false;
  EXPECT_EQ(train().config().theta_share, 0);
  config.blend = true;
  config.bases = {"level"};
  EXPECT_EQ(train().config().theta_share, 0);
}

// Of many series a fifth of the forecast is Theta's unless another share is clearly better; here nothing can be known.
// Of few, or where more is known of the future, what proves best decides, as above.
TEST(Blend, OfManySeriesALittleIsPreferred) {
  SeriesSet data = make_series(25, 60);
  Random random(11, 0);
  for (Series& s : data.series)
    for (double& v : s.values) v = 100 + random.uniform(-1, 1);
  ThreadPool pool(2);
  ForecastConfig config = quick();
  config.ensemble = 1;
  const ForecastModel model = ForecastModel::train(data, config, pool);
  EXPECT_EQ(model.config().theta_share, 0.2);
}

}  // namespace
}  // namespace elman
