#include "tasks/forecast_head.h"

#include <gtest/gtest.h>

#include <cmath>

#include "loss/distributions.h"
#include "tasks/forecast_fixtures.h"

namespace elman {
namespace {

// Independent values of one of the families around a yearly season; the windows of a data set share it.
struct Family {
  const char* head;
  double (*noise)(double season, double level);  // the quantile of a value at this level
};

double normal_noise(double season, double level) { return 50 + 10 * season + 4 * normal_quantile(level); }
double heavy_noise(double season, double level) {
  return quantile(StudentTParameters{50 + 10 * season, 2.0, 3.0}, level);
}
double skewed_noise(double season, double level) { return 50 + 10 * season - 5 * std::log(1 - level); }
double demand(double season, double level) {
  return quantile(NegativeBinomialParameters{1.8 + 1.5 * season, 6.0}, level);
}

constexpr Family kFamilies[] = {
    {"quantile", skewed_noise}, {"student_t", heavy_noise}, {"gaussian", normal_noise}, {"negative_binomial", demand}};

SeriesSet drawn(const Family& family, uint64_t seed, size_t count = 30, size_t length = 240) {
  SeriesSet set = make_series(count, length);
  for (size_t i = 0; i < count; ++i) {
    Random random(seed, i);
    for (size_t t = 0; t < length; ++t) {
      const double season = std::sin(2 * M_PI * static_cast<double>(t) / 12.0);
      set.series[i].values[t] = family.noise(season, (static_cast<double>(random.next()) + 0.5) * 0x1p-32);
    }
  }
  return set;
}

ForecastConfig config_for(const Family& family) {
  ForecastConfig config = quick();
  config.head = family.head;
  config.quantiles = {0.05, 0.25, 0.5, 0.75, 0.95};
  config.epochs = 12;
  config.batch_size = 64;
  return config;
}

class EveryHeadTest : public testing::TestWithParam<Family> {};

INSTANTIATE_TEST_SUITE_P(Heads, EveryHeadTest, testing::ValuesIn(kFamilies),
                         [](const auto& family) { return std::string(family.param.head); });

// The location moves, and the quantiles by as much; counts stay.
TEST_P(EveryHeadTest, MovesTheLocation) {
  const auto head = find_head(GetParam().head).make({0.1, 0.5, 0.9});
  const bool counts = find_head(GetParam().head).counts;
  std::vector<float> raw(head->outputs());
  for (size_t k = 0; k < raw.size(); ++k) raw[k] = 2.0f + 0.5f * static_cast<float>(k);
  float before[3], after[3];
  head->quantiles(raw.data(), 1.0, before);
  const float location = raw[head->feedback().output];
  EXPECT_EQ(head->location(raw.data()), location);
  head->move(raw.data(), 0.75f);
  head->quantiles(raw.data(), 1.0, after);
  for (size_t k = 0; k < 3; ++k) EXPECT_NEAR(after[k], before[k] + (counts ? 0 : 0.75f), 1e-5) << k;
  EXPECT_EQ(head->location(raw.data()), counts ? location : location + 0.75f);
}

// Trained on data of its family, without calibration, and asked about fresh data: of 30 * 15 * 6 = 2700 values the
// share below a quantile is its level, with a standard error of 0.01 and what 400 steps of training leave. A count may
// equal its quantile: the shares below it, and not above it, embrace the level.
TEST_P(EveryHeadTest, RecoversTheQuantilesOfItsFamily) {
  ThreadPool pool(2);
  ForecastConfig config = config_for(GetParam());
  config.conformal = false;
  const ForecastModel model = ForecastModel::train(drawn(GetParam(), 1), config, pool);
  const SeriesSet fresh = drawn(GetParam(), 2);
  std::vector<ForecastModel::Request> requests;
  for (const Series& s : fresh.series)
    for (size_t origin = 144; origin < 234; origin += 6) requests.push_back({&s, origin});
  const std::vector<Quantiles> forecasts = model.predict(fresh, requests, pool);
  constexpr double kTolerance = 0.03;
  for (size_t k = 0; k < config.quantiles.size(); ++k) {
    double below = 0, above = 0, points = 0;
    for (size_t r = 0; r < requests.size(); ++r)
      for (size_t t = 0; t < config.horizon; ++t, ++points) {
        const double y = requests[r].series->values[requests[r].origin + t], q = forecasts[r][k][t];
        below += y < q;
        above += y > q;
      }
    EXPECT_LE(below / points, config.quantiles[k] + kTolerance) << config.quantiles[k];
    EXPECT_LE(above / points, 1 - config.quantiles[k] + kTolerance) << config.quantiles[k];
  }
}

TEST_P(EveryHeadTest, SavedAndLoadedGivesTheSameNumbers) {
  ThreadPool pool(1);
  ForecastConfig config = config_for(GetParam());
  config.epochs = 1;
  const ForecastModel model = ForecastModel::train(drawn(GetParam(), 1, 4, 96), config, pool);
  const std::string path = testing::TempDir() + "head_test_" + GetParam().head + ".safetensors";
  model.save(path);
  const ForecastModel loaded = ForecastModel::load(path);
  EXPECT_EQ(loaded.config().head, GetParam().head);
  EXPECT_EQ(loaded.dependence().rho, model.dependence().rho);
  const auto a = model.forecast(nullptr, 9, {0.3, 0.5}, pool), b = loaded.forecast(nullptr, 9, {0.3, 0.5}, pool);
  for (size_t i = 0; i < a.size(); ++i) {
    EXPECT_EQ(a[i].y_hat, b[i].y_hat);
    EXPECT_EQ(a[i].quantiles, b[i].quantiles);
    EXPECT_EQ(a[i].quantiles[1], a[i].y_hat);
  }
  std::remove(path.c_str());
}

// Calibrated or not, quantiles at levels between and beyond the trained ones keep their order; a distribution has all.
TEST_P(EveryHeadTest, QuantilesAtAnyLevelAscend) {
  ThreadPool pool(1);
  SeriesSet data = drawn(GetParam(), 1, 4, 96);
  for (Series& s : data.series)  // the held-out end is wilder: the calibration has something to do
    for (size_t t = 87; t < 96; ++t) s.values[t] = std::floor(3 * s.values[t]);
  ForecastConfig config = config_for(GetParam());
  config.epochs = 2;
  const ForecastModel model = ForecastModel::train(data, config, pool);
  std::vector<double> levels{0.05, 0.1, 0.25, 0.4, 0.5, 0.7, 0.75, 0.9, 0.95};
  if (model.head().knows_all_levels()) {
    levels.insert(levels.begin(), {1e-4, 0.01});
    levels.insert(levels.end(), {0.99, 0.9999});
  } else {
    EXPECT_THROW(model.forecast(nullptr, 0, {0.01}, pool), Error);
  }
  EXPECT_EQ(model.head().knows_all_levels(), GetParam().head != std::string("quantile"));
  double widest = 0;
  for (const Forecast& f : model.forecast(nullptr, 0, levels, pool))
    for (size_t t = 0; t < f.y_hat.size(); ++t) {
      for (size_t k = 1; k < levels.size(); ++k) EXPECT_LE(f.quantiles[k - 1][t], f.quantiles[k][t]) << levels[k];
      widest = std::max(widest, f.quantiles.back()[t] - f.quantiles.front()[t]);
    }
  EXPECT_GT(widest, 0);
}

// Of the raw outputs; rank and quantile are each other's inverse, in units of the window's scale.
TEST_P(EveryHeadTest, RankInvertsTheQuantile) {
  const auto head = find_head(GetParam().head).make({0.1, 0.5, 0.9});
  const std::vector<float> raw{0.5f, 0.9f, 1.5f};
  const bool counts = find_head(GetParam().head).counts;
  for (const double level : {0.02, 0.2, 0.5, 0.77, 0.98}) {
    const double q = head->quantile(raw.data(), 4.0, level);
    if (!counts) {
      EXPECT_NEAR(head->rank(raw.data(), 4.0, q), level, 1e-9);
    } else {  // half of the count's own probability on either side
      EXPECT_LT(head->rank(raw.data(), 4.0, q - 0.25), level);
      EXPECT_GT(head->rank(raw.data(), 4.0, q + 0.25), level);
    }
  }
  float at_levels[3];
  head->quantiles(raw.data(), 4.0, at_levels);
  for (size_t k = 0; k < 3; ++k) {
    const double q = head->quantile(raw.data(), 4.0, head->levels()[k]);
    EXPECT_NEAR(at_levels[k], q, 1e-6 * std::abs(q));
  }
}

TEST(ForecastHead, IsFoundByItsName) {
  EXPECT_EQ(forecast_heads().size(), std::size(kFamilies));  // every head is tested above
  for (const Family& family : kFamilies) EXPECT_EQ(find_head(family.head).name, family.head);
  try {
    find_head("student");
    FAIL();
  } catch (const Error& e) {
    EXPECT_EQ(e.code(), ErrorCode::kUsage);
    EXPECT_NE(std::string(e.what()).find("'student_t'"), std::string::npos) << e.what();
  }
}

// Intermittent demand: whole numbers at every level, trained, calibrated or asked for, and beyond the trained horizon.
TEST(ForecastHead, CountsStayWholeAndNotNegative) {
  ThreadPool pool(1);
  const SeriesSet data = drawn(kFamilies[3], 5, 6, 96);
  ForecastConfig config = config_for(kFamilies[3]);
  config.epochs = 2;
  const ForecastModel model = ForecastModel::train(data, config, pool);
  size_t zeros = 0;
  for (const Forecast& f : model.forecast(nullptr, 10, {0.001, 0.1, 0.33, 0.5, 0.8, 0.999}, pool))
    for (const auto& level : f.quantiles)
      for (const double v : level) {
        EXPECT_EQ(v, std::floor(v));
        EXPECT_GE(v, 0.0);
        EXPECT_FALSE(std::signbit(v));
        zeros += v == 0;
      }
  EXPECT_GT(zeros, 0u);
}

TEST(ForecastHead, RefusesWhatIsNoCount) {
  ThreadPool pool(1);
  for (const double bad : {2.5, -1.0, 1e9}) {
    SeriesSet data = drawn(kFamilies[3], 5, 3, 96);
    data.series[1].values[40] = bad;
    try {
      ForecastModel::train(data, config_for(kFamilies[3]), pool);
      FAIL();
    } catch (const Error& e) {
      EXPECT_EQ(e.code(), ErrorCode::kData);
      EXPECT_NE(std::string(e.what()).find(fmt::format("series 's1' holds {}", bad)), std::string::npos) << e.what();
    }
  }
}

}  // namespace
}  // namespace elman
