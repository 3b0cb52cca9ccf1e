// What is known beside a series: read, scaled, and never from after its time.
#include "tasks/covariates.h"

#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "data/expect_error.h"
#include "io/scratch.h"
#include "tasks/forecast_family.h"
#include "tasks/forecast_fixtures.h"

namespace elman {
namespace {

const CovariateColumns kColumns{.past = {"sensor"}, .future = {"promotion"}, .fixed = {"region"}};

// Values that a promotion lifts by 30 at random months, which nothing but the column tells; the future's promotions are
// known for `ahead` months. The sensor shows next month's noise, the region whether the trend rises.
SeriesSet promoted(size_t count, size_t length, size_t ahead) {
  SeriesSet set = make_series(count, length);
  set.covariate_columns = {"sensor", "promotion", "region"};
  set.categories = {{}, {}, {"north", "south"}};
  Random random(3, 0);
  for (size_t i = 0; i < count; ++i) {
    Series& s = set.series[i];
    s.covariates.assign(3, {});
    for (size_t t = 0; t < length + ahead; ++t) {
      const double promotion = random.below(4) == 0;
      if (t < length) s.values[t] += 30 * promotion;
      s.covariates[0].push_back(random.uniform(-1, 1));
      s.covariates[1].push_back(promotion);
      s.covariates[2].push_back(static_cast<double>(i % 2));
    }
  }
  return set;
}

ForecastConfig with_covariates() {
  ForecastConfig config = quick();
  config.covariates = kColumns;
  config.epochs = 8;
  return config;
}

std::vector<double> medians(const ForecastModel& model, const SeriesSet& data, size_t origin) {
  ThreadPool pool(1);
  std::vector<double> all;
  for (const Series& s : data.series) {
    const std::vector<Quantiles> forecasts = model.predict(data, {{&s, origin}}, pool);
    all.insert(all.end(), forecasts[0][1].begin(), forecasts[0][1].end());
  }
  return all;
}

class CovariateFiles : public ScratchTest {};

TEST(Covariates, AreScaledByTheTrainingData) {
  SeriesSet data;
  data.covariate_columns = {"a", "b"};
  data.categories = {{}, {"x", "y", "z"}};
  data.series.push_back({.id = "s", .start = 0, .values = {1, 2, 3}, .covariates = {{4, NAN, 8}, {2, 0, NAN}}});
  const Covariates covariates({.past = {}, .future = {"a", "b"}, .fixed = {}}, data);
  EXPECT_EQ(covariates.future_width(), 4u);
  const auto encoded = [&](int64_t step, int64_t end) {
    std::vector<float> features(4, 9.0f);
    covariates.encode_future(data.series[0], step, end, features.data());
    return features;
  };
  EXPECT_EQ(encoded(0, 3), (std::vector<float>{-1, 0, 0, 1}));
  EXPECT_EQ(encoded(1, 3), (std::vector<float>{0, 1, 0, 0}));
  EXPECT_EQ(encoded(2, 3), (std::vector<float>{1, 0, 0, 0}));
  for (const auto& [step, end] : {std::pair{-1, 3}, std::pair{3, 9}, std::pair{2, 2}})
    EXPECT_EQ(encoded(step, end), (std::vector<float>{0, 0, 0, 0})) << step;
  const Covariates read = covariates_from_json(nlohmann::json::parse(to_json(covariates).dump()));
  EXPECT_EQ(to_json(read), to_json(covariates));
}

// Half the noise of the series is the promotions, which only their column tells.
TEST(Covariates, KnownAheadTellTheFuture) {
  const SeriesSet all = promoted(4, 126, 0);
  SeriesSet data = all;
  for (Series& s : data.series) s.values.resize(120);
  ThreadPool pool(2);
  const auto error = [&](const ForecastConfig& config, SeriesSet known) {
    if (config.covariates.empty()) {
      known.covariate_columns.clear();
      for (Series& s : known.series) s.covariates.clear();
    }
    double sum = 0;
    const std::vector<Forecast> forecasts = ForecastModel::train(known, config, pool).forecast(nullptr, 6, {0.5}, pool);
    for (size_t i = 0; i < forecasts.size(); ++i)
      for (size_t k = 0; k < 6; ++k) sum += std::abs(forecasts[i].y_hat[k] - all.series[i].values[120 + k]) / 24;
    return sum;
  };
  ForecastConfig blind = with_covariates();
  blind.covariates = {};
  const double seeing = error(with_covariates(), data);
  EXPECT_LT(seeing, 0.6 * error(blind, data));
  EXPECT_LT(seeing, 8);
}

// What was not given in the past is counted, of each column what it goes by.
TEST(Covariates, TrainingSaysHowManyAreMissing) {
  SeriesSet data = promoted(3, 60, 6);
  data.covariate_columns.push_back("kind");
  data.categories.push_back({"a", "b"});
  for (Series& s : data.series) s.covariates.insert(s.covariates.begin() + 2, s.covariates[2]);
  std::swap(data.covariate_columns[2], data.covariate_columns[3]);
  std::swap(data.categories[2], data.categories[3]);
  data.series[0].covariates[1][4] = data.series[2].covariates[1][59] = NAN;
  data.series[0].covariates[1][62] = NAN;  // lies ahead, where it is asked for when it is needed
  data.series[1].covariates[2][7] = NAN;
  data.series[1].covariates[3].assign(66, NAN);
  data.series[0].covariates[3][0] = NAN;  // the next row tells it
  ForecastConfig config = with_covariates();
  config.covariates.future.push_back("kind");
  config.epochs = 1;
  std::string notes;
  TrainRun run;
  run.observer.on_note = [&](const std::string& line) { notes += line + "\n"; };
  ThreadPool pool(1);
  ForecastModel::train(data, config, pool, run);
  EXPECT_NE(notes.find("'promotion' is missing in 2 of 180 steps, read as its mean\n"), std::string::npos) << notes;
  EXPECT_NE(notes.find("'kind' is missing in 1 of 180 steps, read as none of its categories\n"), std::string::npos);
  EXPECT_NE(notes.find("'region' is missing in 1 of 3 series, read as none of its categories\n"), std::string::npos);
  EXPECT_EQ(notes.find("'sensor' is missing"), std::string::npos);
}

class CovariatesOfEveryFamily : public testing::TestWithParam<ForecastFamily> {};

INSTANTIATE_TEST_SUITE_P(Families, CovariatesOfEveryFamily, testing::ValuesIn(forecast_families()),
                         [](const auto& family) { return std::string(family.param.name); });

// Whatever comes after the origin, but for what is known ahead within the horizon, changes no forecast.
TEST_P(CovariatesOfEveryFamily, NothingLeaksFromTheFuture) {
  const size_t origin = 100;
  ForecastConfig config = with_covariates();
  config.model = GetParam().name;
  SeriesSet data = promoted(2, 120, 0);
  ThreadPool pool(1);
  SeriesSet known = data;
  for (Series& s : known.series) {
    s.values.resize(origin);
    for (auto& covariate : s.covariates) covariate.resize(origin);
  }
  const ForecastModel model = ForecastModel::train(known, config, pool);
  const std::vector<double> expected = medians(model, data, origin);
  SeriesSet shuffled = data;
  Random random(11, 0);
  for (Series& s : shuffled.series) {
    for (size_t t = origin; t < 120; ++t) {
      std::swap(s.values[t], s.values[t + random.below(120 - t)]);
      s.values[t] *= 3;
      s.covariates[0][t] = 1e6;
      if (t >= origin + model.config().horizon) s.covariates[1][t] = 1 - s.covariates[1][t];
    }
  }
  EXPECT_EQ(medians(model, shuffled, origin), expected);
  for (Series& s : shuffled.series) s.covariates[1][origin] = 1 - s.covariates[1][origin];
  EXPECT_NE(medians(model, shuffled, origin), expected);  // what is known ahead does count
}

// Also where only its first row tells: neither the file, which keeps the end alone, nor sample paths forget.
TEST_F(CovariateFiles, WhatIsTheSameAtEveryStepMayStandInTheFirstRowAlone) {
  SeriesSet told = promoted(4, 90, 6), data = told;
  for (Series& s : data.series) std::fill(s.covariates[2].begin() + 1, s.covariates[2].end(), NAN);
  ThreadPool pool(1);
  const ForecastModel model = ForecastModel::train(data, with_covariates(), pool);
  ASSERT_LT(model.config().look_back, 90u);
  model.save(path("m.safetensors"));
  const ForecastModel read = ForecastModel::load(path("m.safetensors"));
  SeriesSet untold = data;
  for (Series& s : untold.series) s.covariates[2][0] = NAN;
  for (size_t i = 0; i < 4; ++i) {
    const std::vector<double> expected = model.forecast(&told, 0, {0.5}, pool)[i].y_hat;
    EXPECT_EQ(read.forecast(nullptr, 0, {0.5}, pool)[i].y_hat, expected);
    EXPECT_NE(model.forecast(&untold, 0, {0.5}, pool)[i].y_hat, expected);
  }
  const auto paths = [&](const SeriesSet* set) {
    std::vector<std::vector<double>> all;
    read.sample(set, 0, 3, 1, pool,
                [&](const SamplePaths& s) { all.insert(all.end(), s.paths.begin(), s.paths.end()); });
    return all;
  };
  EXPECT_EQ(paths(&data), paths(&told));
  EXPECT_EQ(paths(nullptr), paths(&told));
}

TEST_F(CovariateFiles, TheModelRemembersThem) {
  const SeriesSet data = promoted(2, 90, 6);
  ThreadPool pool(1);
  const ForecastModel model = ForecastModel::train(data, with_covariates(), pool);
  model.save(path("m.safetensors"));
  const ForecastModel read = ForecastModel::load(path("m.safetensors"));
  EXPECT_EQ(read.forecast(nullptr, 0, {0.1, 0.5}, pool)[1].quantiles,
            model.forecast(nullptr, 0, {0.1, 0.5}, pool)[1].quantiles);
  EXPECT_EQ(read.forecast(nullptr, 0, {0.5}, pool)[0].y_hat, model.forecast(&data, 0, {0.5}, pool)[0].y_hat);
  EXPECT_EQ(read.series_options().covariates, (std::vector<std::string>{"sensor", "promotion", "region"}));
  const SeriesSet without = make_series(2, 90);
  elman::expect_error(ErrorCode::kUsage, {"0 covariates were read", "wants 3"},
                      [&] { read.forecast(&without, 0, {0.5}, pool); });
}

TEST(Covariates, WhatIsKnownAheadMustBeThere) {
  const SeriesSet data = promoted(2, 90, 5);  // one step short
  ThreadPool pool(1);
  const ForecastModel model = ForecastModel::train(data, with_covariates(), pool);
  expect_error(ErrorCode::kData, {"no 'promotion' of series 's0' at 2007-12", "6 steps", "--future-file"},
               [&] { model.forecast(nullptr, 0, {0.5}, pool); });
  EXPECT_NO_THROW(model.forecast(nullptr, 5, {0.5}, pool));
}

// It says so, and not that the step was missing; in the past it counts as missing.
TEST_F(CovariateFiles, ACategoryKnownAheadButNotFromTrainingIsNamed) {
  const CovariateColumns columns{.past = {}, .future = {"kind"}, .fixed = {}};
  const auto table = [&](const char* name, const char* third, const char* last) {
    std::string text = "ds,y,kind\n";
    for (int t = 0; t < 60; ++t) text += fmt::format("{},{},{}\n", t, t % 7, t == 57 ? third : t % 7 ? "work" : "free");
    put(path(name), text + fmt::format("60,,free\n61,,{}\n", last));
    return path(name);
  };
  ForecastConfig config = quick();
  config.horizon = 2;
  config.covariates = columns;
  SeriesOptions options;
  columns.ask_for(options);
  ThreadPool pool(1);
  const ForecastModel model = ForecastModel::train(load_series(table("t.csv", "work", "work"), options), config, pool);

  const SeriesSet strange = load_series(table("s.csv", "work", "strike"), model.series_options());
  elman::expect_error(ErrorCode::kData,
                      {path("s.csv") + ":63:5: found \"strike\" in column 'kind' of series 'y' at 61", "2 categories",
                       "(free, work)", "train again"},
                      [&] { model.forecast(&strange, 0, {0.5}, pool); });
  EXPECT_NO_THROW(model.forecast(&strange, 1, {0.5}, pool));

  SeriesSet context = model.context();
  put(path("f.csv"), "ds,kind\n60,work\n61,strike\n");
  add_future_file(path("f.csv"), columns, context);
  elman::expect_error(ErrorCode::kData, {path("f.csv") + ":3:4: found \"strike\" in column 'kind'"},
                      [&] { model.forecast(&context, 0, {0.5}, pool); });

  const SeriesSet past = load_series(table("p.csv", "strike", "work"), model.series_options()),
                  missing = load_series(table("m.csv", "", "work"), model.series_options());
  EXPECT_EQ(model.forecast(&past, 0, {0.5}, pool)[0].y_hat, model.forecast(&missing, 0, {0.5}, pool)[0].y_hat);
}

std::vector<SamplePaths> sample(const ForecastModel& model, const SeriesSet* data, size_t horizon, size_t count) {
  ThreadPool pool(2);
  std::vector<SamplePaths> all;
  model.sample(data, horizon, count, 3, pool, [&](const SamplePaths& paths) { all.push_back(paths); });
  return all;
}

// Of 1000 paths the share below a quantile has a standard error of at most 0.016, four of which are allowed: of the
// forecast, and at the first step beyond its horizon of what is forecast after each path's own values.
TEST(Covariates, SamplePathsReadThemAtTheirSteps) {
  constexpr size_t kLength = 90, kAhead = 9, kPaths = 1000;
  const std::vector<double> levels{0.1, 0.5, 0.9};
  const SeriesSet data = promoted(2, kLength, kAhead);
  ThreadPool pool(2);
  const ForecastModel model = ForecastModel::train(data, with_covariates(), pool);
  const auto forecasts = model.forecast(&data, 0, levels, pool);
  const auto drawn = sample(model, &data, 7, kPaths);
  const auto share_below = [&](size_t i, size_t step, auto&& quantile) {
    double below = 0;
    for (size_t n = 0; n < kPaths; ++n) below += drawn[i].paths[n][step] < quantile(n);
    return below / kPaths;
  };
  for (size_t i = 0; i < 2; ++i) {
    SeriesSet extended = data;
    extended.series.assign(kPaths, data.series[i]);
    for (size_t n = 0; n < kPaths; ++n)
      extended.series[n].values.insert(extended.series[n].values.end(), drawn[i].paths[n].begin(),
                                       drawn[i].paths[n].begin() + 6);
    const auto next = model.forecast(&extended, 1, levels, pool);
    for (size_t k = 0; k < levels.size(); ++k) {
      for (size_t t = 0; t < 6; ++t)
        EXPECT_NEAR(share_below(i, t, [&](size_t) { return forecasts[i].quantiles[k][t]; }), levels[k], 0.064) << t;
      EXPECT_NEAR(share_below(i, 6, [&](size_t n) { return next[n].quantiles[k][0]; }), levels[k], 0.064);
    }
  }
}

// The same draws with and without a promotion, which lifts by 30; the file keeps what is known ahead.
TEST_F(CovariateFiles, SamplePathsFollowWhatIsKnownAhead) {
  SeriesSet data = promoted(4, 120, 9);
  for (Series& s : data.series) s.covariates[1][121] = s.covariates[1][127] = 0;
  ThreadPool pool(1);
  ForecastModel::train(data, with_covariates(), pool).save(path("m.safetensors"));
  const ForecastModel model = ForecastModel::load(path("m.safetensors"));
  const auto without = sample(model, nullptr, 9, 200);
  for (const size_t step : {1, 7}) {  // within the trained horizon and beyond
    SeriesSet promoted = model.context();
    for (Series& s : promoted.series) s.covariates[1][s.values.size() + step] = 1;
    const auto with = sample(model, &promoted, 9, 200);
    for (size_t i = 0; i < 4; ++i) {
      double lift = 0;
      for (size_t n = 0; n < 200; ++n) lift += (with[i].paths[n][step] - without[i].paths[n][step]) / 200;
      EXPECT_NEAR(lift, 30, 15) << step;
    }
  }
  elman::expect_error(ErrorCode::kData, {"no 'promotion' of series 's0'", "all 10 steps"},
                      [&] { sample(model, nullptr, 10, 1); });
}

TEST_F(CovariateFiles, AFutureFileGoesOnWhereTheSeriesEnd) {
  const std::string table = path("t.csv"), future = path("f.csv");
  put(table, "unique_id,ds,y,price,kind\na,1,5,1,x\na,2,6,2,y\nb,1,5,3,x\nb,2,6,4,x\n");
  put(future, "unique_id,ds,price,kind\na,2,9,x\na,3,7,y\na,4,8,x\nb,3,5,new\n");
  const CovariateColumns columns{.past = {}, .future = {"price", "kind"}, .fixed = {}};
  SeriesOptions options;
  columns.ask_for(options);
  SeriesSet data = load_series(table, options);
  add_future_file(future, columns, data);
  EXPECT_EQ(data.series[0].values.size(), 2u);
  EXPECT_EQ(data.series[0].covariates[0], (std::vector<double>{1, 2, 7, 8}));  // the past stays what it was
  EXPECT_EQ(data.series[0].covariates[1], (std::vector<double>{0, 1, 1, 0}));
  EXPECT_EQ(data.series[1].covariates[0], (std::vector<double>{3, 4, 5}));
  EXPECT_EQ(data.series[1].covariates[1], (std::vector<double>{0, 0, 2}));  // a category that was never seen
  ASSERT_EQ(data.unseen[1].size(), 1u);
  EXPECT_EQ(data.unseen[1][0].text, "new");
  EXPECT_EQ(data.unseen[1][0].place, future + ":5:7");
  put(future, "unique_id,ds,price,kind\na,0,9,x\na,1,9,x\n");
  elman::expect_error(ErrorCode::kData, {"f.csv", "the time \"0\" of series 'a'", "its 2 values"},
                      [&] { add_future_file(future, columns, data); });
  elman::expect_error(ErrorCode::kUsage, {"--future-file", "--future COLUMN"},
                      [&] { add_future_file(future, CovariateColumns{}, data); });
}

}  // namespace
}  // namespace elman
