// What a forecaster reads, and what it chooses from the data.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "data/expect_error.h"
#include "tasks/forecast_family.h"
#include "tasks/forecast_fixtures.h"
#include "tasks/windows.h"

namespace elman {
namespace {

TEST(Windows, SeeNothingAtOrAfterTheirOrigin) {
  for (const ForecastFamily& family : forecast_families()) {
    SCOPED_TRACE(family.name);
    SeriesSet data = make_series(1, 60);
    ForecastConfig config = quick();
    config.model = family.name;
    config = resolve(config, data);
    const Covariates none;
    const Windows windows(config, data.frequency, none);
    Tensor<float> before(windows.steps(), windows.features()), after(windows.steps(), windows.features());
    const WindowScale scale = windows.fill_input(data.series[0], 40, before, 1, 0);
    for (size_t t = 40; t < 60; ++t) data.series[0].values[t] = -1e9 * static_cast<double>(t);
    const WindowScale same = windows.fill_input(data.series[0], 40, after, 1, 0);
    EXPECT_EQ(scale.center, same.center);
    EXPECT_EQ(scale.scale, same.scale);
    EXPECT_TRUE(std::equal(before.data(), before.data() + before.size(), after.data()));
  }
}

TEST(Windows, MaskWhatIsMissing) {
  SeriesSet data = make_series(1, 30);
  data.series[0].values[25] = NAN;
  ForecastConfig config = quick();
  config.look_back = 24;
  config.segment = 12;
  config.season = 12;
  const Covariates none;
  const Windows windows(config, data.frequency, none);
  Tensor<float> x(windows.steps(), windows.features());
  windows.fill_input(data.series[0], 30, x, 1, 0);  // reads values 6..29
  const size_t values = windows.known_features(), mask = values + 12;
  EXPECT_EQ(x(1, values + 7), 0.0f);  // value 25
  EXPECT_EQ(x(1, mask + 7), 0.0f);
  EXPECT_EQ(x(1, mask + 8), 1.0f);
  windows.fill_input(data.series[0], 20, x, 1, 0);  // four steps before the start
  EXPECT_EQ(x(0, mask + 3), 0.0f);
  EXPECT_EQ(x(0, mask + 4), 1.0f);
}

// What a baseline makes of the look-back before the origin, or the level, or the mean of several.
TEST(Windows, CorrectWhatABaselineForecasts) {
  const SeriesSet data = make_series(1, 40);
  const Series& series = data.series[0];
  ForecastConfig config = quick();
  config.season = config.segment = 12;
  config.look_back = 24;
  config.horizon = 15;
  const Covariates none;
  const WindowScale scale{.center = -7, .scale = 2};
  const auto base = [&](std::vector<std::string> names) {
    config.bases = std::move(names);
    return Windows(config, data.frequency, none).base_of(series, 30, scale);
  };
  const std::vector<double> level(24, scale.center);
  EXPECT_EQ(base({"level"}), level);
  for (const Baseline* baseline : baselines()) {
    const std::string name(baseline->name);
    const std::vector<double> expected = baseline->forecast({&series.values[6], 24}, 12, 24);
    EXPECT_EQ(base({name}), expected) << name;
    const std::vector<double> mean = base({"level", name});
    for (size_t k = 0; k < mean.size(); ++k) EXPECT_DOUBLE_EQ(mean[k], (level[k] + expected[k]) / 2) << name;
  }
  expect_error(ErrorCode::kUsage, {"no base 'thea'; did you mean 'theta'?", "level, naive, seasonal_naive"},
               [] { find_base("thea"); });
}

TEST(ForecastConfig, ChoosesFromTheData) {
  const ForecastConfig config = resolve(quick(), make_series(3, 120));
  EXPECT_EQ(config.season, 12u);
  EXPECT_EQ(config.segment, 12u);
  EXPECT_EQ(config.look_back, 84u);
  EXPECT_FALSE(explain(config, make_series(3, 120)).empty());
}

TEST(ForecastConfig, WithoutASeasonTwoSegmentsMakeTheHorizon) {
  ForecastConfig config = quick();
  config.season = 1;
  config.horizon = 7;
  const ForecastConfig chosen = resolve(config, make_series(1, 120));
  EXPECT_EQ(std::pair(chosen.segment, chosen.look_back), std::pair(size_t{4}, size_t{24}));
  config.horizon = 1;
  EXPECT_EQ(resolve(config, make_series(1, 120)).segment, 1u);
}

TEST(ForecastConfig, AFewWindowsGetANarrowLayer) {
  const auto size = [](size_t series, size_t length) {
    ForecastConfig config = quick();
    config.hidden_size = 0;
    return resolve(config, make_series(series, length)).hidden_size;
  };
  EXPECT_EQ(size(1, 120), 16u);
  EXPECT_EQ(size(1, 500), 64u);
  EXPECT_EQ(size(5, 120), 64u);
}

// Of hours a week, or two where there is much to learn from or to forecast; of days sixteen weeks, in a panel of two
// years one; of months seven years, in a panel five; of weeks two years; of anything else seven seasons.
TEST(ForecastConfig, LooksBackByTheSeason) {
  const auto look_back = [](size_t season, size_t length, size_t series = 1, size_t horizon = 6) {
    ForecastConfig config = quick();
    config.season = season;
    config.horizon = horizon;
    return resolve(config, make_series(series, length)).look_back;
  };
  EXPECT_EQ(look_back(1, 1000), 24u);
  EXPECT_EQ(look_back(1, 1000, 1, 13), 28u);  // twice the horizon, in whole segments
  EXPECT_EQ(look_back(4, 1000), 20u);
  EXPECT_EQ(look_back(5, 1000), 35u);
  EXPECT_EQ(look_back(7, 1000), 112u);
  EXPECT_EQ(look_back(7, 2 * 53 * 7 + 5, 20), 112u);
  EXPECT_EQ(look_back(7, 2 * 53 * 7 + 6, 20), 371u);
  EXPECT_EQ(look_back(12, 1000), 84u);
  EXPECT_EQ(look_back(12, 200, 20), 60u);
  EXPECT_EQ(look_back(24, 2 * 365 * 24 - 1, 1, 48), 168u);
  EXPECT_EQ(look_back(24, 2 * 365 * 24), 336u);
  EXPECT_EQ(look_back(24, 1000, 1, 49), 336u);
  EXPECT_EQ(look_back(52, 1000), 104u);
  EXPECT_EQ(look_back(52, 100, 3), 91u);  // whole segments of a quarter, as many as there are
  EXPECT_EQ(look_back(52, 100), 104u);    // of one series nothing is held out, and all of it is read
}

// Of a series that goes on after training as much as is worth reading.
TEST(ForecastConfig, ThetaAloneReadsTenSeasons) {
  ForecastConfig config = quick();
  config.look_back = 0;
  config.season = config.horizon = 12;
  EXPECT_EQ(resolve(config, make_series(1, 40)).values_read(), 120u);
  EXPECT_EQ(resolve(config, make_series(30, 30)).values_read(), 120u);
  config.look_back = 24;  // asked for
  EXPECT_EQ(resolve(config, make_series(1, 40)).values_read(), 24u);
}

TEST(ForecastConfig, FewShortSeriesAreValidatedOftenAndLargeSetsAsASample) {
  ForecastConfig config;
  config.horizon = 6;
  const auto steps_and_windows = [&](size_t count, size_t length) {
    const ForecastConfig c = resolve(config, make_series(count, length));
    return std::pair{c.batches_per_epoch, c.batch_size};
  };
  EXPECT_EQ(steps_and_windows(1, 120), std::pair(size_t{25}, size_t{32}));
  EXPECT_EQ(steps_and_windows(1, 1600 + 18), std::pair(size_t{50}, size_t{32}));  // a pass over 1600 windows
  EXPECT_EQ(steps_and_windows(30, 120), std::pair(size_t{100}, size_t{128}));
  EXPECT_EQ(steps_and_windows(1, 6000), std::pair(size_t{100}, size_t{64}));
}

TEST(ForecastConfig, TriesBasesByTheData) {
  using Names = std::vector<std::string>;
  ForecastConfig config = quick();
  const auto tried = [&](size_t count, size_t length) { return resolve(config, make_series(count, length)); };
  EXPECT_EQ(tried(1, 120).bases, (Names{"level", "seasonal_naive", "shrunken_theta"}));
  EXPECT_TRUE(tried(1, 120).choose_base);
  EXPECT_TRUE(tried(1, 120).blend);
  EXPECT_EQ(tried(30, 120).bases, (Names{"level", "seasonal_naive", "shrunken_theta"}));
  config.season = 24;
  EXPECT_EQ(tried(30, 120).bases, (Names{"level", "seasonal_naive"}));
  EXPECT_FALSE(tried(30, 120).blend);
  config.season = 1;
  EXPECT_EQ(tried(1, 120).bases, (Names{"level", "shrunken_theta"}));
  EXPECT_EQ(tried(30, 120).bases, (Names{"drift", "shrunken_theta"}));
  config.season = 0;
  EXPECT_EQ(tried(1, 6000).bases, Names{"level"});
  EXPECT_FALSE(tried(1, 6000).choose_base);
  EXPECT_FALSE(tried(1, 6000).blend);
  config.bases = {"drift"};
  EXPECT_EQ(tried(1, 120).bases, Names{"drift"});
  EXPECT_FALSE(tried(1, 120).choose_base);
  EXPECT_FALSE(tried(1, 120).blend);
  config.bases = {};
  config.blend = false;
  EXPECT_FALSE(tried(1, 120).blend);
}

TEST(ForecastConfig, CountsCorrectTheLevel) {
  ForecastConfig config = quick();
  config.head = "negative_binomial";
  EXPECT_EQ(resolve(config, make_series(1, 120)).bases, std::vector<std::string>{"level"});
  config.bases = {"seasonal_naive"};
  expect_error(ErrorCode::kUsage, {"--base seasonal_naive", "--head negative_binomial", "--base level"},
               [&] { resolve(config, make_series(1, 120)); });
}

// Panels and long series are given a short training and a long one to choose from, unless they are told their epochs.
TEST(ForecastConfig, MuchDataTriesTwoLengthsOfTraining) {
  ForecastConfig config;
  config.horizon = 6;
  const auto lengths = [&](size_t count, size_t length) {
    const ForecastConfig c = resolve(config, make_series(count, length));
    return std::pair(c.short_epochs, c.epochs);
  };
  EXPECT_EQ(lengths(1, 6000), std::pair(size_t{10}, size_t{30}));
  EXPECT_EQ(lengths(30, 120), std::pair(size_t{8}, size_t{60}));
  EXPECT_EQ(lengths(1, 120), std::pair(size_t{0}, size_t{20}));
  config.epochs = 7;
  EXPECT_EQ(lengths(1, 6000), std::pair(size_t{0}, size_t{7}));
}

TEST(ForecastConfig, MoreNetworksForecastFewLongSeries) {
  ForecastConfig config;
  config.horizon = 6;
  const auto networks = [&](size_t count, size_t length) {
    return resolve(config, make_series(count, length)).ensemble;
  };
  EXPECT_EQ(networks(1, 6000), 8u);
  EXPECT_EQ(networks(1, 120), 3u);
  EXPECT_EQ(networks(30, 300), 3u);
  config.ensemble = 2;
  EXPECT_EQ(networks(1, 6000), 2u);
}

// A flag known ahead changes nothing.
TEST(ForecastConfig, LongSeriesLearnMoreOfAMeasureKnownAhead) {
  ForecastConfig config;
  config.horizon = 6;
  config.covariates.past = {"sensor"};
  config.covariates.future = {"known"};
  const auto chosen = [&](double known, size_t length = 6000) {
    SeriesSet data = make_series(1, length);
    data.covariate_columns = {"sensor", "known"};
    data.categories.resize(2);
    data.series[0].covariates.assign(2, std::vector<double>(length, 0.5));
    std::vector<double>& ahead = data.series[0].covariates[1];
    for (size_t t = 0; t < length; ++t) ahead[t] = t % 2 == 0 ? known : 0;
    const ForecastConfig c = resolve(config, data);
    return std::tuple(c.learning_rate, c.short_epochs, c.epochs, c.ensemble);
  };
  const auto told = std::tuple(2e-3, size_t{0}, size_t{60}, size_t{4});
  const auto untold = std::tuple(1e-3, size_t{10}, size_t{30}, size_t{8});
  EXPECT_EQ(chosen(21.5), told);
  EXPECT_EQ(chosen(1), untold);
  EXPECT_EQ(chosen(NAN), untold);
  EXPECT_EQ(chosen(21.5, 120), chosen(1, 120));
  config.model = "global";
  EXPECT_EQ(chosen(21.5), untold);
}

TEST(ForecastConfig, HoldsMoreOfFewShortSeriesOut) {
  ForecastConfig config = quick();
  EXPECT_EQ(resolve(config, make_series(1, 120)).validation_share, 0.2);
  EXPECT_EQ(resolve(config, make_series(30, 120)).validation_share, 0.1);
  EXPECT_EQ(resolve(config, make_series(1, 6000)).validation_share, 0.1);
  config.validation_share = 0.3;
  EXPECT_EQ(resolve(config, make_series(1, 120)).validation_share, 0.3);
  config.validation_share = 0.6;
  expect_error(ErrorCode::kUsage, {"--validation-share 0.6", "0.5 at most"},
               [&] { resolve(config, make_series(1, 120)); });
}

TEST(ForecastConfig, CalibratesWhereThereIsSomethingToCalibrateWith) {
  ForecastConfig config = quick();
  EXPECT_TRUE(resolve(config, make_series(1, 120)).conformal);
  EXPECT_TRUE(resolve(config, make_series(1, 25)).conformal);  // too short to hold anything out: by the bases' errors
  config.model = "recursive";                                  // which has none
  EXPECT_FALSE(resolve(config, make_series(1, 25)).conformal);
  EXPECT_TRUE(resolve(config, make_series(1, 120)).conformal);
  config = quick();
  config.quantiles = {0.5};
  EXPECT_FALSE(resolve(config, make_series(1, 120)).conformal);
  config = quick();
  config.conformal = false;
  EXPECT_FALSE(resolve(config, make_series(1, 120)).conformal);
  EXPECT_EQ(resolve(config, make_series(1, 25)).epochs, 0u);
  EXPECT_TRUE(resolve(config, make_series(1, 25)).conformal);  // without a network nothing else draws intervals
}

TEST(ForecastConfig, RefusesWhatCannotBe) {
  const SeriesSet data = make_series(1, 120);
  const auto code = [&](auto change) {
    ForecastConfig config = quick();
    change(config);
    try {
      resolve(config, data);
    } catch (const Error& e) {
      return e.code();
    }
    return ErrorCode{};
  };
  EXPECT_EQ(code([](auto& c) { c.horizon = 0; }), ErrorCode::kUsage);
  EXPECT_EQ(code([](auto& c) { c.horizon = 500; }), ErrorCode::kData);
  EXPECT_EQ(code([](auto& c) { c.quantiles = {0.1, 0.9}; }), ErrorCode::kUsage);
  EXPECT_EQ(code([](auto& c) { c.quantiles = {0.5, 0.1}; }), ErrorCode::kUsage);
  EXPECT_EQ(code([](auto& c) { c.quantiles = {0.5, 1.5}; }), ErrorCode::kUsage);
  EXPECT_EQ(code([](auto& c) { c.segment = 7, c.look_back = 20; }), ErrorCode::kUsage);
}

// Demand of every third step alone.
TEST(ForecastConfig, TakesSmallCountsWithManyZerosForCounts) {
  SeriesSet data = make_series(2, 90);
  const auto fill = [&](double demand, size_t every) {
    for (Series& s : data.series)
      for (size_t t = 0; t < s.values.size(); ++t)
        s.values[t] = t % every == 0 ? demand + static_cast<double>(t % 4) : 0;
  };
  fill(1, 3);
  for (const ForecastFamily& family : forecast_families()) {
    ForecastConfig config = quick();
    config.model = family.name;
    config = resolve(config, data);
    EXPECT_EQ(config.head, "negative_binomial");
    const std::vector<std::string> lines = explain(config, data);
    EXPECT_TRUE(std::any_of(lines.begin(), lines.end(), [](const std::string& line) {
      return line.ends_with("as the values are counts, many of them 0");
    }));
  }
  ForecastConfig asked = quick();
  asked.head = "quantile";
  EXPECT_EQ(resolve(asked, data).head, "quantile");
  asked = quick();
  asked.bases = {"seasonal_naive"};
  EXPECT_EQ(resolve(asked, data).head, "quantile");

  data.series[1].values[7] = NAN;
  EXPECT_EQ(resolve(quick(), data).head, "negative_binomial");
  data.series[1].values[7] = 0.5;
  EXPECT_EQ(resolve(quick(), data).head, "quantile");
  data.series[1].values[7] = 1e9;
  EXPECT_EQ(resolve(quick(), data).head, "quantile");
  data.series[1].values[7] = -1;
  EXPECT_EQ(resolve(quick(), data).head, "quantile");
  fill(1, 1);  // no zeros
  EXPECT_EQ(resolve(quick(), data).head, "quantile");
  fill(500, 3);  // large
  EXPECT_EQ(resolve(quick(), data).head, "quantile");
  for (Series& s : data.series) std::fill(s.values.begin(), s.values.end(), 0.0);
  EXPECT_EQ(resolve(quick(), data).head, "quantile");
}

}  // namespace
}  // namespace elman
