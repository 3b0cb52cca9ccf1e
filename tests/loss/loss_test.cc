#include "loss/loss.h"

#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <limits>
#include <nlohmann/json.hpp>
#include <set>

#include "base/random.h"
#include "tensor/tensor.h"

namespace elman {
namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr size_t kClasses = 5;

template <class T>
Tensor<T> matrix(size_t rows, size_t cols, const std::vector<double>& values) {
  Tensor<T> result(rows, cols);
  for (size_t i = 0; i < values.size(); ++i) result.data()[i] = static_cast<T>(values[i]);
  return result;
}

LossConfig config_of(std::string_view name) {
  LossConfig config;
  config.name = name;
  config.classes = kClasses;
  return config;
}

// The error a call fails with; a call that does not fail is reported.
template <class Call>
Error error_of(Call call) {
  try {
    call();
  } catch (const Error& error) {
    return error;
  }
  ADD_FAILURE() << "nothing was thrown";
  return Error(ErrorCode::kUsage, "");
}

// A loss with random predictions and targets of its kind.
template <class T>
struct Problem {
  static constexpr size_t kRows = 7, kTargets = 2;

  explicit Problem(std::string_view name, size_t rows = kRows) : loss(make_loss<T>(config_of(name))) {
    Random random(3, 0);
    prediction = Tensor<T>(rows, kTargets * loss->outputs());
    target = Tensor<T>(rows, kTargets);
    gradient = Tensor<T>(rows, kTargets * loss->outputs());
    for (size_t i = 0; i < prediction.size(); ++i) prediction.data()[i] = static_cast<T>(random.uniform(-3, 3));
    for (size_t i = 0; i < target.size(); ++i) target.data()[i] = static_cast<T>(draw_target(random));
  }

  double draw_target(Random& random) const {
    switch (loss->target_kind()) {
      case TargetKind::kReal: return random.uniform(-3, 3);
      case TargetKind::kUnit: return random.uniform();
      case TargetKind::kCount: return static_cast<double>(random.below(10));
      case TargetKind::kClass: return static_cast<double>(random.below(kClasses));
    }
    return kNan;
  }

  LossValue evaluate(const T* weights = nullptr, ThreadPool& pool = no_threads()) {
    return loss->evaluate(prediction, target, weights, gradient.view(), pool);
  }

  std::unique_ptr<Loss<T>> loss;
  Tensor<T> prediction, target, gradient;
};

class EveryLossTest : public testing::TestWithParam<const LossEntry*> {
 protected:
  std::string_view name() const { return GetParam()->name; }
};

INSTANTIATE_TEST_SUITE_P(Losses, EveryLossTest, testing::ValuesIn(losses().begin(), losses().end()),
                         [](const auto& entry) { return std::string(entry.param->name); });

TEST_P(EveryLossTest, GradientEqualsCentralDifferences) {
  Problem<double> problem(name());
  const double weights[] = {1.0, 0.5, 2.0, 0.0, 1.0, 0.25, 3.0};
  problem.target(1, 0) = kNan;
  problem.evaluate(weights);
  constexpr double kStep = 1e-5;
  for (size_t i = 0; i < problem.prediction.size(); ++i) {
    double& p = problem.prediction.data()[i];
    const double before = p;
    const auto mean_at = [&](double value) {
      p = value;
      return problem.loss->evaluate(problem.prediction, problem.target, weights, {}).mean();
    };
    const double slope = (mean_at(before + kStep) - mean_at(before - kStep)) / (2.0 * kStep);
    p = before;
    EXPECT_NEAR(problem.gradient.data()[i], slope, 1e-8 + 1e-7 * std::fabs(slope)) << "prediction " << i;
  }
}

TEST_P(EveryLossTest, MissingTargetsCountNothing) {
  Problem<double> problem(name());
  const double outside = problem.evaluate().sum;
  const Tensor<double> whole = matrix<double>(1, 1, {problem.target(2, 1)});
  Tensor<double> part(1, problem.loss->outputs());
  for (size_t k = 0; k < part.cols(); ++k) part(0, k) = problem.prediction(2, part.cols() + k);
  const double inside = problem.loss->evaluate(part, whole, nullptr, {}).sum;

  problem.target(2, 1) = kNan;
  const LossValue value = problem.evaluate();
  EXPECT_EQ(value.count, Problem<double>::kRows * Problem<double>::kTargets - 1);
  EXPECT_NEAR(value.sum, outside - inside, 1e-12);
  for (size_t k = 0; k < part.cols(); ++k) EXPECT_EQ(problem.gradient(2, part.cols() + k), 0.0);
}

TEST_P(EveryLossTest, NothingPresentGivesZeroes) {
  Problem<float> problem(name());
  for (size_t i = 0; i < problem.target.size(); ++i) problem.target.data()[i] = static_cast<float>(kNan);
  for (size_t i = 0; i < problem.gradient.size(); ++i) problem.gradient.data()[i] = 9.0f;
  const LossValue value = problem.evaluate();
  EXPECT_EQ(value.count, 0.0);
  EXPECT_EQ(value.sum, 0.0);
  EXPECT_EQ(value.mean(), 0.0);
  for (size_t i = 0; i < problem.gradient.size(); ++i) EXPECT_EQ(problem.gradient.data()[i], 0.0f);
}

TEST_P(EveryLossTest, WeightsEqualRepeatedRows) {
  Problem<double> once(name());
  const double weights[] = {1.0, 2.0, 1.0, 0.0, 1.0, 1.0, 1.0};
  const LossValue weighted = once.evaluate(weights);

  Problem<double> repeated(name());  // row 3 becomes a second row 1
  for (size_t c = 0; c < repeated.prediction.cols(); ++c) repeated.prediction(3, c) = repeated.prediction(1, c);
  for (size_t c = 0; c < repeated.target.cols(); ++c) repeated.target(3, c) = repeated.target(1, c);
  const LossValue plain = repeated.evaluate();
  EXPECT_DOUBLE_EQ(weighted.count, plain.count);
  EXPECT_NEAR(weighted.sum, plain.sum, 1e-12);
  for (size_t c = 0; c < once.gradient.cols(); ++c) {
    EXPECT_NEAR(once.gradient(1, c), 2.0 * repeated.gradient(1, c), 1e-14);
    EXPECT_EQ(once.gradient(3, c), 0.0);
  }
}

TEST_P(EveryLossTest, RowsOfWeightZeroAreNotRead) {
  Problem<float> problem(name());
  const float weights[] = {1, 1, 0, 1, 1, 1, 1};
  const LossValue before = problem.evaluate(weights);
  for (size_t c = 0; c < problem.prediction.cols(); ++c) problem.prediction(2, c) = static_cast<float>(kNan);
  for (size_t c = 0; c < problem.target.cols(); ++c) problem.target(2, c) = -7.5f;
  const LossValue after = problem.evaluate(weights);
  EXPECT_EQ(before.sum, after.sum);
  EXPECT_EQ(before.count, after.count);
}

TEST_P(EveryLossTest, SameBitsOnAnyNumberOfThreads) {
  constexpr size_t kMany = 3001;  // worth several threads
  Problem<float> alone(name(), kMany);
  const LossValue value = alone.evaluate();
  for (const size_t threads : {2, 3}) {
    ThreadPool pool(threads);
    Problem<float> together(name(), kMany);
    EXPECT_EQ(together.evaluate(nullptr, pool).sum, value.sum) << threads << " threads";
    for (size_t i = 0; i < alone.gradient.size(); ++i)
      ASSERT_EQ(together.gradient.data()[i], alone.gradient.data()[i]) << threads << " threads, " << i;
  }
}

TEST_P(EveryLossTest, StridedViewsGiveTheSameBits) {
  Problem<float> problem(name());
  const LossValue value = problem.evaluate();
  const size_t rows = problem.prediction.rows(), cols = problem.prediction.cols();
  Tensor<float> wide(rows, cols + 3), d_wide(rows, cols + 5);
  for (size_t r = 0; r < rows; ++r)
    for (size_t c = 0; c < cols; ++c) wide(r, c + 1) = problem.prediction(r, c);
  const LossValue strided = problem.loss->evaluate(wide.view().slice_cols(1, cols), problem.target, nullptr,
                                                   d_wide.view().slice_cols(2, cols));
  EXPECT_EQ(strided.sum, value.sum);
  for (size_t r = 0; r < rows; ++r) {
    for (size_t c = 0; c < cols; ++c) EXPECT_EQ(d_wide(r, c + 2), problem.gradient(r, c));
    EXPECT_EQ(d_wide(r, 1), 0.0f);
    EXPECT_EQ(d_wide(r, cols + 2), 0.0f);
  }
}

TEST_P(EveryLossTest, ExtremePredictionsStayFinite) {
  Problem<float> problem(name());
  for (const float size : {1e2f, 1e4f}) {
    for (size_t i = 0; i < problem.prediction.size(); ++i) problem.prediction.data()[i] = i % 3 ? size : -size;
    EXPECT_TRUE(std::isfinite(problem.evaluate().sum)) << size;
    for (size_t i = 0; i < problem.gradient.size(); ++i) EXPECT_TRUE(std::isfinite(problem.gradient.data()[i])) << size;
  }
}

TEST_P(EveryLossTest, NanInAPredictionShows) {
  for (const size_t column : {0u, 1u}) {
    Problem<float> problem(name());
    if (column >= problem.loss->outputs()) continue;
    problem.prediction(4, column) = static_cast<float>(kNan);
    EXPECT_TRUE(std::isnan(problem.evaluate().sum));
    EXPECT_TRUE(std::isnan(problem.gradient(4, column)));
  }
}

TEST_P(EveryLossTest, WrongShapesAreRefused) {
  Problem<float> problem(name());
  const Tensor<float> wide(Problem<float>::kRows, problem.prediction.cols() + 1);
  const Tensor<float> tall(Problem<float>::kRows + 1, problem.prediction.cols());
  for (const Tensor<float>* wrong : {&wide, &tall})
    EXPECT_EQ(error_of([&] { problem.loss->evaluate(*wrong, problem.target, nullptr, {}); }).code(), ErrorCode::kUsage);
  Tensor<float> gradient(1, problem.prediction.cols());
  EXPECT_EQ(
      error_of([&] { problem.loss->evaluate(problem.prediction, problem.target, nullptr, gradient.view()); }).code(),
      ErrorCode::kUsage);
}

TEST_P(EveryLossTest, WrongTargetsAreRefusedWithTheirPlace) {
  Problem<float> problem(name());
  std::vector<double> wrong;
  switch (problem.loss->target_kind()) {
    case TargetKind::kReal: break;
    case TargetKind::kUnit: wrong = {-0.1, 1.1, 1e30}; break;
    case TargetKind::kCount: wrong = {-1.0, -1e-3}; break;
    case TargetKind::kClass: wrong = {-1.0, kClasses, 1.5, 1e30, std::numeric_limits<double>::infinity()}; break;
  }
  for (const double target : wrong) {
    problem.target(3, 1) = static_cast<float>(target);
    const Error error = error_of([&] { problem.evaluate(); });
    EXPECT_EQ(error.code(), ErrorCode::kData);
    EXPECT_NE(std::string(error.what()).find("row 3, column 1"), std::string::npos) << error.what();
  }
}

// {"loss", "settings", "rows", "targets", "prediction", "target", "weights", "mean", "gradient"} a case; null is NaN.
class GoldenTest : public testing::Test {
 protected:
  static std::vector<double> numbers(const nlohmann::json& list) {
    std::vector<double> values;
    for (const auto& value : list) values.push_back(value.is_null() ? kNan : value.get<double>());
    return values;
  }

  template <class T>
  static void check(const nlohmann::json& golden, double tolerance) {
    LossConfig config = config_of(golden["loss"].get<std::string>());
    const nlohmann::json& settings = golden["settings"];
    config.delta = settings.value("delta", config.delta);
    config.quantiles = settings.value("quantiles", config.quantiles);
    const auto loss = make_loss<T>(config);
    const size_t rows = golden["rows"], targets = golden["targets"], cols = targets * loss->outputs();
    const auto prediction = matrix<T>(rows, cols, numbers(golden["prediction"]));
    const auto target = matrix<T>(rows, targets, numbers(golden["target"]));
    const auto weights = matrix<T>(rows, 1, numbers(golden["weights"]));
    Tensor<T> gradient(rows, cols);
    const LossValue value =
        loss->evaluate(prediction, target, golden["weights"].is_null() ? nullptr : weights.data(), gradient.view());
    const double mean = golden["mean"];
    EXPECT_NEAR(value.mean(), mean, tolerance * std::max(1.0, std::fabs(mean))) << config.name;
    const std::vector<double> expected = numbers(golden["gradient"]);
    ASSERT_EQ(expected.size(), gradient.size());
    for (size_t i = 0; i < expected.size(); ++i)
      EXPECT_NEAR(gradient.data()[i], expected[i], tolerance * std::max(1.0, std::fabs(expected[i])))
          << config.name << " at " << i;
  }
};

TEST_F(GoldenTest, ValuesAndGradientsAreThoseOfPyTorch) {
  std::ifstream file(ELMAN_TEST_DATA "/golden/loss.json");
  std::set<std::string> checked;
  for (const nlohmann::json& golden : nlohmann::json::parse(file)) {
    check<double>(golden, 1e-13);
    check<float>(golden, 1e-6);
    checked.insert(golden["loss"].get<std::string>());
  }
  for (const LossEntry* entry : losses()) EXPECT_TRUE(checked.count(std::string(entry->name))) << entry->name;
}

TEST(LossTest, KnownValues) {
  const auto value = [](LossConfig config, const std::vector<double>& prediction, double target) {
    return make_loss<double>(config)
        ->evaluate(matrix<double>(1, prediction.size(), prediction), matrix<double>(1, 1, {target}), nullptr, {})
        .sum;
  };
  EXPECT_EQ(value({.name = "mse"}, {3.0}, 1.0), 4.0);
  EXPECT_EQ(value({.name = "mae"}, {3.0}, 1.0), 2.0);
  EXPECT_EQ(value({.name = "huber", .delta = 0.5}, {3.0}, 1.0), 0.5 * (2.0 - 0.25));
  EXPECT_EQ(value({.name = "huber", .delta = 2.5}, {3.0}, 1.0), 2.0);
  EXPECT_EQ(value({.name = "quantile", .quantiles = {0.5}}, {3.0}, 1.0), 1.0);
  EXPECT_DOUBLE_EQ(value({.name = "quantile", .quantiles = {0.1, 0.9}}, {3.0, 3.0}, 1.0), 0.5 * (0.9 + 0.1) * 2.0);
  EXPECT_DOUBLE_EQ(value({.name = "cross_entropy", .classes = 4}, {7.0, 7.0, 7.0, 7.0}, 2.0), std::log(4.0));
  EXPECT_DOUBLE_EQ(value({.name = "binary_cross_entropy"}, {0.0}, 1.0), std::log(2.0));
}

TEST(LossTest, AWideVocabularyGivesASoftmaxGradient) {
  constexpr size_t kWide = 1000;
  const auto loss = make_loss<float>({.name = "cross_entropy", .classes = kWide});
  Tensor<float> logits(1, kWide), gradient(1, kWide);
  for (size_t k = 0; k < kWide; ++k) logits(0, k) = 0.01f * static_cast<float>(k);
  loss->evaluate(logits, matrix<float>(1, 1, {999.0}), nullptr, gradient.view());
  double sum = 0.0, total = 0.0;
  for (size_t k = 0; k < kWide; ++k) sum += std::exp(logits(0, k));
  for (size_t k = 0; k < kWide; ++k) {
    EXPECT_NEAR(gradient(0, k), std::exp(logits(0, k)) / sum - (k == 999), 1e-7);
    total += gradient(0, k);
  }
  EXPECT_NEAR(total, 0.0, 1e-6);
}

TEST(LossTest, UnknownNamesAreAnsweredWithTheNearest) {
  const Error error = error_of([] { make_loss<float>({.name = "hubber"}); });
  EXPECT_EQ(error.code(), ErrorCode::kUsage);
  EXPECT_NE(std::string(error.what()).find("did you mean 'huber'"), std::string::npos) << error.what();
}

TEST(LossTest, BadSettingsAreRefused) {
  const LossConfig bad[] = {{.name = "quantile", .quantiles = {}},     {.name = "quantile", .quantiles = {0.5, 1.0}},
                            {.name = "quantile", .quantiles = {kNan}}, {.name = "huber", .delta = 0.0},
                            {.name = "huber", .delta = kNan},          {.name = "cross_entropy", .classes = 1}};
  for (const LossConfig& config : bad)
    EXPECT_EQ(error_of([&] { make_loss<float>(config); }).code(), ErrorCode::kUsage) << config.name;
}

}  // namespace
}  // namespace elman
